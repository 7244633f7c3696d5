"""What a plan comes to, in words for a terminal."""

from __future__ import annotations

import math
import resource
from collections.abc import Sequence
from pathlib import Path

from appointments.planning.plan import Planned

STATUS = Path("/proc/self/status")


def peak_megabytes() -> float:
    """
    Return the most memory that this process has held, in MB; Linux counts KiB.

    What `getrusage` tells may be that of the process which started this one.
    """
    try:
        said = STATUS.read_text()
    except OSError:
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1_000_000
    most = next(line for line in said.splitlines() if line.startswith("VmHWM:"))
    return int(most.split()[1]) * 1024 / 1_000_000


def total_harm(planned: Sequence[Planned]) -> float:
    """Return the sum of all harm; an entry that is charged none adds nothing."""
    return math.fsum(one.harm or 0.0 for one in planned)


def report(planned: Sequence[Planned], *, seconds: float, megabytes: float) -> str:
    """
    Return the lines that a plan ends with.

    Within target are the entries that have an opening before their target ends; the
    share is of all entries.

    :param seconds: that the plan took.
    :param megabytes: of memory, at the most.
    """
    count = len(planned)
    placed = sum(one.opening is not None for one in planned)
    in_time = sum(one.in_time for one in planned)
    share = f"{in_time / count:.1%}" if count else "no entries"
    return (
        f"entries with an opening: {placed:,} of {count:,}\n"
        f"total harm: {total_harm(planned):.6f}\n"
        f"within target: {share} ({in_time:,} of {count:,})\n"
        f"seconds: {seconds:.1f}\n"
        f"peak memory: {megabytes:,.0f} MB\n"
    )
