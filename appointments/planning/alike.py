"""
The assignment of most gain where many times are alike. Pure: numbers only.

Fifty therapists who begin at nine are, to most patients, one time that fifty can have.
So times are counted by class, and there are few: a path from one who comes to a class
that has room is short. Prices of the classes keep all as well off as they can be, and
what they say of the optimum is exact. Where hardly any times are alike, scipy takes a
table of all with all.

Source: the shortest augmenting paths of Tomizawa 1971, "On some techniques useful for
solution of transportation network problems", Networks 1:173-194; and Crouse 2016, "On
implementing 2D rectangular assignment algorithms", IEEE Transactions on Aerospace and
Electronic Systems 52(4):1679-1696, as scipy has it.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from scipy.optimize import linear_sum_assignment

from appointments.planning.prices import NONE, Floats, Integers

MOST_CLASSES = 600  # with more, paths are long
EVERY = 500  # people between two steps that are told


def assign(
    gains: Floats, room: Integers, *, step: Callable[[], object] | None = None
) -> Integers:
    """
    Return the class of each, or NONE, so that the sum of all gains is the most.

    :param gains: a row for each, a column for each class; zero or less is of no use.
    :param room: how many each class can take.
    :param step: told from time to time that the work goes on.
    """
    many = gains.shape[1] > MOST_CLASSES
    has = _table(gains, room) if many else _Classes(gains, room).filled(step)
    helped = gains[np.arange(len(gains)), has] > 0 if gains.size else has >= 0
    return np.where((has != NONE) & helped, has, NONE)


def _table(gains: Floats, room: Integers) -> Integers:
    """Return the assignment by a table with a column for each time."""
    number = np.repeat(np.arange(len(room)), np.minimum(room, len(gains)))
    table = np.maximum(gains[:, number], 0.0)
    rows, columns = linear_sum_assignment(table, maximize=True)
    has = np.full(len(gains), NONE, np.int64)
    has[rows] = number[columns]
    return has


class _Classes:
    """Who is in which class, and what it would cost that one of it leaves for another.

    The last class is to have nothing: it gains nothing, and takes everybody.
    """

    def __init__(self, gains: Floats, room: Integers) -> None:
        people, classes = gains.shape
        self._gains = np.zeros((people, classes + 1))
        np.maximum(gains, 0.0, out=self._gains[:, :classes])
        self._left = np.append(np.asarray(room, np.int64), people)
        self._price = np.zeros(classes + 1)
        self._members: list[list[int]] = [[] for _ in range(classes + 1)]
        self._loss = np.full((classes + 1, classes + 1), np.inf)
        self._has = np.full(people, classes, np.int64)
        self._nothing = classes

    def filled(self, step: Callable[[], object] | None) -> Integers:
        """Let one after the other in, who has most to gain first."""
        order = np.argsort(-self._gains.max(axis=1, initial=0.0), kind="stable")
        for count, one in enumerate(order.tolist()):
            if step is not None and count % EVERY == 0:
                step()
            value = self._gains[one] - self._price
            best = int(value.argmax())
            if self._left[best]:
                self._left[best] -= 1
                self._let_in(one, best)
            else:
                self._let_in_by_path(one, value[best] - value)
        return np.where(self._has == self._nothing, NONE, self._has)

    def _let_in(self, one: int, where: int) -> None:
        self._has[one] = where
        if where != self._nothing:
            self._members[where].append(one)
            mine = self._gains[one]
            np.minimum(self._loss[where], mine[where] - mine, out=self._loss[where])

    def _let_in_by_path(self, one: int, cost: Floats) -> None:
        """Find the cheapest chain of moves to a class that has room, and move all."""
        waiting = cost.copy()
        before = np.full(len(cost), NONE)
        seen: list[int] = []
        while True:
            here = int(waiting.argmin())
            end = waiting[here]
            if self._left[here]:
                break
            waiting[here] = np.inf
            seen.append(here)
            over = self._loss[here] + self._price
            over += end - self._price[here]
            better = over < cost
            better[seen] = False
            cost[better] = waiting[better] = over[better]
            before[better] = here
        self._price[seen] += end - cost[seen]
        self._left[here] -= 1
        self._move(one, here, before)

    def _move(self, one: int, where: int, before: Integers) -> None:
        """Move the last of the chain first, and let the new one in at its beginning."""
        changed: list[int] = []
        while (origin := int(before[where])) != NONE:
            members = self._members[origin]
            loss = self._gains[members, origin] - self._gains[members, where]
            self._let_in(members.pop(int(loss.argmin())), where)
            changed.append(origin)
            where = origin
        self._let_in(one, where)
        for origin in changed:
            members = self._members[origin]
            stays = self._gains[members, origin][:, None] - self._gains[members]
            self._loss[origin] = stays.min(axis=0, initial=np.inf)
