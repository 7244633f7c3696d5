"""
The assignment of least total cost where most can have most. Pure: numbers only.

Of a thousand who wait nearly everybody can come at nearly any time: a table of all with
all is small then, and its best assignment is found much sooner than by `assign`.

Source: Crouse 2016, "On implementing 2D rectangular assignment algorithms", IEEE
Transactions on Aerospace and Electronic Systems 52(4):1679-1696, as scipy has it.
"""

from __future__ import annotations

import numpy as np
from scipy.optimize import linear_sum_assignment

from appointments.planning import assign as sparse
from appointments.planning.feasible import Pairs
from appointments.planning.prices import NONE, Floats, Integers

MOST_CELLS = 8_000_000  # of the table: 64 MB


def assign(pairs: Pairs, costs: Floats, charges: Floats, *, openings: int) -> Integers:
    """Return what `assign.assign` returns, by a table where one is small enough."""
    entries = len(charges)
    if entries * openings > MOST_CELLS:
        return sparse.assign(pairs, costs, charges, openings=openings)
    gain = charges[pairs.entry] - costs
    table = np.zeros((entries, openings))
    table[pairs.entry, pairs.opening] = np.maximum(gain, 0.0)
    rows, columns = linear_sum_assignment(table, maximize=True)
    helps = table[rows, columns] > 0  # whom it does not help is as well off without
    has = np.full(entries, NONE, np.int64)
    has[rows[helps]] = columns[helps]
    return has
