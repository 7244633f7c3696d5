"""
How fast the portal is, each figure beside its floor: `python -m tests.benchmarks`.

A floor is the least that the same machine, in the same run, needs for the same work:
the bare SQL that reads or writes the same rows.
"""
