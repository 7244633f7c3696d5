"""
The assignment of most gain where it matters only who is in it. Pure: numbers only.

If all were received on one day with one target, what is gained depends on the opening
alone; if all openings start at once, on the entry alone. Then the one with most gain is
taken in first, and the next if room can be made for it too by moving those before it,
who all stay in. For sets that can be matched this greed is exact.

Source: Edmonds 1971, "Matroids and the greedy algorithm", Mathematical Programming
1:127-136.
"""

from __future__ import annotations

import numpy as np

from appointments.planning.prices import NONE, Floats, Integers
from appointments.planning.progress import EVERY, Share

NEVER = np.iinfo(np.int64).max


def alone(one: Integers, gain: Floats, count: int) -> Floats | None:
    """Return the gain of each, if no pair of it gains another; None if one does."""
    least, most = np.full(count, np.inf), np.zeros(count)
    np.minimum.at(least, one, gain)
    np.maximum.at(most, one, gain)
    return most if (least >= most)[one].all() else None


def assign_by(
    one: Integers,
    other: Integers,
    gains: Floats,
    others: int,
    *,
    told: Share | None = None,
) -> Integers:
    """
    Return which of the others each has, or NONE, so that the sum of gains is the most.

    :param one: of each pair, any order.
    :param other: of each pair.
    :param gains: of each one, whichever it has; more than zero if it has pairs.
    :param others: how many there are.
    :param told: how much is done, from time to time.
    """
    order = np.argsort(one, kind="stable")
    begins = np.searchsorted(one[order], np.arange(len(gains) + 1))
    search = _Search(begins, other[order], others)
    for done, number in enumerate(np.argsort(-gains, kind="stable").tolist()):
        if told and done % EVERY == 0:
            told(done / len(gains))
        search.take_in(number)
    return search.has


class _Search:
    """Who has what so far, and where no room can be made any more."""

    def __init__(self, begins: Integers, near: Integers, others: int) -> None:
        self._begins, self._near = begins, near
        self.has = np.full(len(begins) - 1, NONE, np.int64)
        self._owner = np.full(others, NONE, np.int64)
        self._seen = np.full(others, NONE, np.int64)  # by whom last; or NEVER again
        self._from = np.full(others, NONE, np.int64)

    def take_in(self, one: int) -> None:
        """Give one of the others to this one, if those who have them can move."""
        reached = np.array([one])
        touched = []
        while reached.size:
            found, origin = self._next(reached, one)
            self._from[found] = origin
            free = found[self._owner[found] == NONE]
            if free.size:
                self._move(int(free[0]), one)
                return
            touched.append(found)
            reached = self._owner[found]
        for found in touched:  # whoever comes here finds no way out: nobody looks again
            self._seen[found] = NEVER

    def _next(self, reached: Integers, one: int) -> tuple[Integers, Integers]:
        """Return what is near these and not seen yet, each once, and near whom."""
        begins = self._begins[reached]
        sizes = self._begins[reached + 1] - begins
        shift = np.repeat(begins - np.cumsum(sizes) + sizes, sizes)
        near = self._near[shift + np.arange(sizes.sum())]
        new = (self._seen[near] != one) & (self._seen[near] != NEVER)
        near, origin = near[new], np.repeat(reached, sizes)[new]
        found, first = np.unique(near, return_index=True)
        self._seen[found] = one
        return found, origin[first]

    def _move(self, free: int, one: int) -> None:
        """Let each on the way have what it was reached by, the last what is free."""
        while True:
            taker = int(self._from[free])
            left = int(self.has[taker])
            self.has[taker], self._owner[free] = free, taker
            if taker == one:
                return
            free = left
