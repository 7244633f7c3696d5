"""
What nobody can beat: the best that could be done had the future been known.

Each time of a visit is a part of its own: those that will be missed take time like
the one that is kept, a day or more apart, and those that will be canceled take none.
Visits may be cut into minutes. Where all visits are alike and every time is kept, no
plan gains by that, and the optimum is exact; otherwise it is a bound: nobody does
better, and perhaps nobody that well.

scipy is imported here and nowhere else in the simulation.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from heapq import heappop, heappush
from math import floor
from typing import NamedTuple

import numpy as np
from scipy.optimize import linprog
from scipy.sparse import csc_array

from appointments.simulation.model import WEEK, Rates, World

NEAR = 3  # days on which a part is done, before and after what the greedy fill chose
EXACT = 1e-7  # how far below zero a reduced cost may come from rounding


class Part(NamedTuple):
    """One time of a visit that takes minutes. Equal ones are counted together."""

    ready: int  # the first day it can be on
    lag: int  # days at least from it to the time that is kept
    came: int
    target: float
    whole: int  # minutes of all times of the visit

    @property
    def due(self) -> float:
        """The last day it can be on for the visit to be in time."""
        return self.came + self.target - self.lag

    def harm(self, day: int, exponent: float) -> float:
        """Return the least harm of the visit if it is on this day, for each minute."""
        waited = day + self.lag - self.came
        return float((waited / self.target) ** exponent) / self.whole


Parts = Mapping[Part, int]  # with their minutes


def parts_of(world: World) -> Parts:
    """Return every time that takes minutes, of all who come."""
    found: Counter[Part] = Counter()
    for came, people in enumerate(world.came):
        for number, fate in people:
            row = world.rows[number]
            whole = row.minutes * (fate.count(False) + 1)
            for turn, canceled in enumerate([*fate, False]):
                if not canceled:
                    lag = len(fate) - turn
                    part = Part(came + turn, lag, came, row.target, whole)
                    found[part] += row.minutes
    return found


def room_of(rates: Rates) -> list[int]:
    """Return the minutes of each weekday that visits, one after another, can fill."""
    filled = [True, *[False] * max(rates.minutes)]
    for minute in range(1, len(filled)):
        filled[minute] = any(
            length <= minute and filled[minute - length] for length, _ in rates.lengths
        )
    return [
        max(full for full in range(minutes + 1) if filled[full])
        for minutes in rates.minutes
    ]


def most_in_time(world: World) -> int:
    """
    Return how many can at most be seen within their target.

    Minutes that can be had together are independent sets of a matroid, so what counts
    most comes first: a minute of a short visit is a larger share of one. What adding
    the longer ones gains is the difference of two fills.

    Source: Glover 1967, "Maximum matching in a convex bipartite graph", Naval Research
    Logistics Quarterly 14(3):313-316.
    """
    parts, room = parts_of(world), room_of(world.rates)
    seen, before = 0.0, 0
    for whole in sorted({one.whole for one in parts}):
        minutes = _in_time((it for it in parts.items() if it[0].whole <= whole), room)
        seen += (minutes - before) / whole
        before = minutes
    return floor(seen + EXACT)


def _in_time(parts: Iterable[tuple[Part, int]], room: list[int]) -> int:
    """Return the minutes that fit before what they are due, earliest due first."""
    coming = sorted(parts, reverse=True)  # whose day is next stands last
    due: list[tuple[float, int]] = []
    day = done = 0
    while due or coming:
        while coming and coming[-1][0].ready <= day:
            part, minutes = coming.pop()
            heappush(due, (part.due, minutes))
        left = room[day % WEEK]
        while due and (left or due[0][0] < day):
            last, minutes = heappop(due)
            taken = min(minutes, left) if last >= day else 0
            left, done = left - taken, done + taken
            if last >= day and minutes > taken:
                heappush(due, (last, minutes - taken))
        day += 1
    return done


def least_harm(world: World, *, exponent: float) -> float:
    """
    Return the least total harm with which everybody can be seen.

    Harm only grows, so no day's time is left free while there is something to do: how
    full each day is, is the same in every good plan. What is left is a flow from parts
    to days: a linear program, whose corners are whole numbers. It begins with the days
    near those of a greedy fill, adds each pair whose reduced cost is below zero, and
    ends when there is none: so it is the optimum over all pairs.

    :param exponent: p, the clinic's policy; 1 or more.
    """
    sizes = parts_of(world)
    if not sizes:
        return 0.0
    parts = sorted(sizes)
    done = _filled(parts, sizes, room_of(world.rates), exponent=exponent)
    days = np.array(sorted({day for _number, day in done}))
    place = {day: number for number, day in enumerate(days.tolist())}
    room = np.zeros(len(days), dtype=int)
    near = np.zeros((len(parts), len(days)), dtype=bool)
    for (number, day), minutes in done.items():
        room[place[day]] += minutes
        near[number, max(0, place[day] - NEAR) : place[day] + NEAR + 1] = True
    ready, lag, came, target, whole = (
        np.array(column)[:, None] for column in zip(*parts, strict=True)
    )
    waits = np.maximum(days[None, :] + lag - came, 0)
    amounts = np.concatenate([[sizes[one] for one in parts], room])
    harms = (waits / target) ** exponent / whole
    exact = EXACT * np.maximum(1 / whole, harms)
    return _least_flow(
        harms, near, possible=days[None, :] >= ready, amounts=amounts, exact=exact
    )


def _filled(
    parts: list[Part], sizes: Parts, room: list[int], *, exponent: float
) -> dict[tuple[int, int], int]:
    """Return minutes by part and day: what a day more would harm most comes first."""
    left = {number: sizes[part] for number, part in enumerate(parts)}
    waiting: set[int] = set()
    done: dict[tuple[int, int], int] = {}
    new = day = 0
    while left:
        while new < len(parts) and parts[new].ready <= day:
            waiting.add(new)
            new += 1
        free = room[day % WEEK]
        for number in sorted(
            waiting,
            key=lambda one: (
                parts[one].harm(day, exponent) - parts[one].harm(day + 1, exponent)
            ),
        ):
            taken = min(free, left[number])
            if not taken:
                break
            done[number, day] = taken
            free -= taken
            left[number] -= taken
            if not left[number]:
                del left[number]
                waiting.discard(number)
        day += 1
    return done


def _least_flow(
    harms: np.ndarray,
    near: np.ndarray,
    *,
    possible: np.ndarray,
    amounts: np.ndarray,
    exact: np.ndarray,
) -> float:
    """Return the least cost of the flow, beginning with the pairs in `near`."""
    many, _days = harms.shape
    near = near & possible
    while True:
        which, when = np.nonzero(near)
        ends = np.stack([which, many + when], axis=1).ravel()
        starts = np.arange(0, len(ends) + 1, 2)
        pairs = csc_array(
            (np.ones(len(ends)), ends, starts), shape=(len(amounts), len(which))
        )
        found = linprog(harms[near], A_eq=pairs, b_eq=amounts, method="highs-ds")
        if not found.success:
            raise RuntimeError(f"the optimum was not found: {found.message}")
        price = found.eqlin.marginals
        reduced = harms - price[:many, None] - price[None, many:]
        better = possible & ~near & (reduced < -exact)
        if not better.any():
            return float(harms[near] @ np.rint(found.x))
        near |= better
