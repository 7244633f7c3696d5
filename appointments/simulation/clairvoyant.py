"""
What nobody can beat: the best that could be done had the future been known.

Exact where all visits are alike and every time is kept. Harm only grows, so no day's
time is left free while somebody waits; which days are used, and how full, is then the
same in every good plan, and what is left is who goes where: a flow between the days
people come and the days they are seen.

scipy is imported here and nowhere else in the simulation.
"""

from __future__ import annotations

from collections import Counter
from heapq import heappop, heappush

import numpy as np
from scipy.optimize import linprog
from scipy.sparse import csc_array

from appointments.simulation.model import WEEK, World, serve
from appointments.simulation.orders import least_harm as harm_order

NEAR = 3  # days on which somebody is seen, before and after what the order chose
EXACT = 1e-7  # how far below zero a reduced cost may come from rounding


class NotAlike(ValueError):
    """The visits of this world differ, so that its optimum is not known exactly."""


def _visits_of_a_day(world: World, day: int) -> int:
    """
    Return how many can be seen on `day`.

    :raises NotAlike: if visits differ in length, or some times are missed.
    """
    if not world.rates.alike:
        raise NotAlike("the optimum is exact only for visits that are all alike")
    return world.rates.minutes[day % WEEK] // world.rates.lengths[0][0]


def most_in_time(world: World) -> int:
    """
    Return how many can at most be seen within their target.

    Each day, those whose target ends first, and nobody whose target has passed.

    :raises NotAlike: as above.

    Source: Glover 1967, "Maximum matching in a convex bipartite graph", Naval Research
    Logistics Quarterly 14(3):313-316.
    """
    due: list[float] = []
    day = seen = 0
    while due or day < len(world.came):
        for row, _fate in world.came[day] if day < len(world.came) else ():
            heappush(due, day + world.rows[row].target)
        while due and due[0] < day:
            heappop(due)
        for _time in range(min(_visits_of_a_day(world, day), len(due))):
            heappop(due)
            seen += 1
        day += 1
    return seen


def least_harm(world: World, *, exponent: float) -> float:
    """
    Return the least total harm with which everybody can be seen.

    A linear program over those alike and the days; its corners are whole numbers, as of
    every flow. It begins with the days near those that the portal's order chose, adds
    each pair whose reduced cost is below zero, and ends when there is none: so it is
    the optimum over all pairs.

    :param exponent: p, the clinic's policy; 1 or more.
    :raises NotAlike: as above.
    """
    _visits_of_a_day(world, 0)
    seen = serve(world, harm_order(exponent)).seen
    if not seen:
        return 0.0
    size: Counter[tuple[int, int]] = Counter()
    room: Counter[int] = Counter()
    for (row, came, at), number in seen.items():
        size[row, came] += number
        room[at] += number
    days = np.array(sorted(room))
    alike = sorted(size)
    began = np.array([came for _row, came in alike])[:, None]
    target = np.array([world.rows[row].target for row, _came in alike])[:, None]
    waits = days[None, :] - began
    harms = (np.maximum(waits, 0) / target) ** exponent
    near = np.zeros(harms.shape, dtype=bool)
    place = {day: number for number, day in enumerate(days.tolist())}
    line = {one: number for number, one in enumerate(alike)}
    for row, since, at in seen:
        first = max(0, place[at] - NEAR)
        near[line[row, since], first : place[at] + NEAR + 1] = True
    amounts = [*(size[one] for one in alike), *(room[day] for day in days.tolist())]
    return _least_flow(harms, near, possible=waits >= 0, amounts=np.array(amounts))


def _least_flow(
    harms: np.ndarray, near: np.ndarray, *, possible: np.ndarray, amounts: np.ndarray
) -> float:
    """Return the least cost of the flow, beginning with the pairs in `near`."""
    people, _days = harms.shape
    near = near & possible
    while True:
        who, when = np.nonzero(near)
        ends = np.stack([who, people + when], axis=1).ravel()
        starts = np.arange(0, len(ends) + 1, 2)
        pairs = csc_array(
            (np.ones(len(ends)), ends, starts), shape=(len(amounts), len(who))
        )
        found = linprog(harms[near], A_eq=pairs, b_eq=amounts, method="highs-ds")
        if not found.success:
            raise RuntimeError(f"the optimum was not found: {found.message}")
        price = found.eqlin.marginals
        reduced = harms - price[:people, None] - price[None, people:]
        better = possible & ~near & (reduced < -EXACT * np.maximum(1, harms))
        if not better.any():
            return float(harms[near] @ np.rint(found.x))
        near |= better
