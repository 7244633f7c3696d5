"""
A clinic of whole days: who comes, and on which day each is seen.

Referrals come on a day; at its end the day's times are given out by an order. Whoever
came that day has by then waited half a day on average, so an order sees the days
between plus a half; what is counted is whole days, as a due date is a day.

All orders serve the same world: who comes when, and who will miss which time, is drawn
once. So a difference between two orders is theirs, and not chance.
"""

from __future__ import annotations

import math
from bisect import bisect
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from heapq import heappop, heappush
from itertools import accumulate
from random import Random

from appointments.priority import target_wait
from appointments.simulation.orders import Order, Waiting

WEEK = 7
WORKDAYS = 5
HALF_A_DAY = 0.5  # mean wait of who came today, when the day's times are given
MOST_DAYS = 730
LEAST_LOAD, MOST_LOAD = 0.1, 3.0
MOST_MISSED = 0.9  # of times, for otherwise the queue may never drain


class BadRates(ValueError):
    """Rates with which no clinic can be simulated; the text says why."""


@dataclass(frozen=True)
class Category:
    """One triage category: its target in days, and its share of those who come."""

    name: str
    target_days: float
    share: float  # 0 to 1; those of all categories add up to 1
    need_score: int = 0  # 0 to 100; shortens the target

    @property
    def target(self) -> float:
        """The target in days after need."""
        return target_wait(target_days=self.target_days, need_score=self.need_score)


@dataclass(frozen=True)
class Rates:
    """What kind of clinic: who comes, how long visits take, and what goes wrong."""

    categories: tuple[Category, ...] = (
        Category("urgent", 3, 0.1),
        Category("soon", 14, 0.3),
        Category("routine", 42, 0.6),
    )
    minutes: tuple[int, ...] = (1200, 1200, 1200, 1200, 1200, 0, 0)  # Monday first
    lengths: tuple[tuple[int, float], ...] = ((60, 1.0),)  # minutes, share of visits
    weekend: float = 0.2  # arrivals on a weekend day, as a share of a weekday's
    no_shows: float = 0.0  # share of times lost: the patient keeps the place
    cancellations: float = 0.0  # share of times given to the next in line

    def __post_init__(self) -> None:
        """Refuse rates that make no sense, in words."""
        self._check_categories()
        if len(self.minutes) != WEEK or min(self.minutes) < 0 or not any(self.minutes):
            raise BadRates("minutes must be 7 numbers, Monday first, not all zero")
        shares = [share for _minutes, share in self.lengths]
        if not _add_up(shares) or min(minutes for minutes, _ in self.lengths) < 1:
            raise BadRates("lengths need minutes of 1 or more, and shares adding to 1")
        if max(minutes for minutes, _share in self.lengths) > max(self.minutes):
            raise BadRates("a visit is longer than any day")
        if not 0 <= self.weekend <= 10:
            raise BadRates("weekend must be 0 to 10 times a weekday")
        if min(self.no_shows, self.cancellations) < 0:
            raise BadRates("shares of no-shows and cancellations cannot be negative")
        if self.no_shows + self.cancellations > MOST_MISSED:
            raise BadRates(f"no-shows and cancellations may be {MOST_MISSED} together")

    def _check_categories(self) -> None:
        names = [one.name for one in self.categories]
        if len(set(names)) != len(names):
            raise BadRates("two categories have the same name")
        if not _add_up([one.share for one in self.categories]):
            raise BadRates("the shares of the categories must add up to 1")
        for one in self.categories:
            try:
                target_wait(target_days=one.target_days, need_score=one.need_score)
            except (TypeError, ValueError) as fault:
                raise BadRates(f"{one.name}: {fault}") from None

    @property
    def alike(self) -> bool:
        """Whether all visits are as long as each other, and every time is kept."""
        return len(self.lengths) == 1 and not (self.no_shows or self.cancellations)

    def a_weekday(self, load: float) -> float:
        """
        Return how many come on a weekday, on average, at this load.

        :param load: minutes asked for a week, as a multiple of the week's capacity.
        """
        minutes = sum(minutes * share for minutes, share in self.lengths)
        used = minutes / (1 - self.cancellations - self.no_shows)
        used *= 1 - self.cancellations  # a canceled time is not lost
        weights = WORKDAYS + (WEEK - WORKDAYS) * self.weekend
        return load * sum(self.minutes) / used / weights


def _add_up(shares: Sequence[float]) -> bool:
    """Say whether shares are shares of one whole."""
    return bool(shares) and min(shares) >= 0 and math.isclose(sum(shares), 1)


Fate = tuple[bool, ...]  # of each time that comes to nothing: whether it was canceled


@dataclass(frozen=True)
class Row:
    """Those of one category with one length of visit."""

    category: int
    target: float
    minutes: int


@dataclass(frozen=True)
class World:
    """Who comes: by day, the row and the fate of each."""

    rates: Rates
    rows: tuple[Row, ...]
    came: tuple[tuple[tuple[int, Fate], ...], ...]


@dataclass
class Served:
    """What an order made of a world: how many of a row and a day were seen when."""

    world: World
    seen: Counter[tuple[int, int, int]] = field(default_factory=Counter)  # row, came at


def draw(rates: Rates, *, load: float, days: int, seed: int) -> World:
    """
    Draw who comes on each of `days`, from Monday on. The same seed, the same world.

    :param load: demand as a multiple of capacity, 0.1 to 3.
    :param days: 1 to 730.
    :raises BadRates: if one is out of range.
    """
    if not LEAST_LOAD <= load <= MOST_LOAD:
        raise BadRates(f"load must be {LEAST_LOAD} to {MOST_LOAD:g}: {load}")
    if not 1 <= days <= MOST_DAYS:
        raise BadRates(f"days must be 1 to {MOST_DAYS}: {days}")
    chance = Random(seed)  # noqa: S311 - a simulation: chance must repeat
    rows = tuple(
        Row(number, category.target, minutes)
        for number, category in enumerate(rates.categories)
        for minutes, _share in rates.lengths
    )
    shares = (one.share * part for one in rates.categories for _, part in rates.lengths)
    mix = list(accumulate(shares))
    weekday = rates.a_weekday(load)
    came = []
    for day in range(days):
        mean = weekday if day % WEEK < WORKDAYS else weekday * rates.weekend
        came.append(
            tuple(
                (min(bisect(mix, chance.random()), len(rows) - 1), _fate(chance, rates))
                for _one in range(_poisson(chance, mean))
            )
        )
    return World(rates, rows, tuple(came))


def _poisson(chance: Random, mean: float) -> int:
    """
    Draw how many come: as many as arrive, one by one, within `mean` of time.

    Only `random()` is asked: Python promises that its numbers stay the same.
    """
    count, clock = -1, 0.0
    while clock < mean:
        count += 1
        clock -= math.log(1 - chance.random())
    return max(count, 0)


def _fate(chance: Random, rates: Rates) -> Fate:
    """Draw which times of a patient come to nothing before one is kept."""
    missed = rates.no_shows + rates.cancellations
    fate: list[bool] = []
    while missed and (drawn := chance.random()) < missed:
        fate.append(drawn < rates.cancellations)
    return tuple(fate)


def serve(world: World, order: Order) -> Served:
    """
    Give out each day's time by `order`, until everybody has been seen.

    A canceled time goes to the next in line, one not come to is lost; both patients
    keep their clock, and stand in line again from the next day on.
    """
    served = Served(world)
    lines: list[list[tuple[int, int, Fate]]] = [[] for _row in world.rows]
    left = sum(map(len, world.came))
    serial = day = 0
    while left:
        for row, fate in world.came[day] if day < len(world.came) else ():
            serial += 1
            heappush(lines[row], (day, serial, fate))
        room = world.rates.minutes[day % WEEK]
        back = _give_out(served, lines, order, day=day, room=room)
        for row, again in back:
            heappush(lines[row], again)
        day += 1
        left = sum(map(len, lines)) + sum(map(len, world.came[day:]))
    return served


def _give_out(
    served: Served,
    lines: list[list[tuple[int, int, Fate]]],
    order: Order,
    *,
    day: int,
    room: int,
) -> list[tuple[int, tuple[int, int, Fate]]]:
    """Give out one day's minutes, and return who must stand in line again."""
    rows, back = served.world.rows, []
    now = day + HALF_A_DAY
    heads = {
        row: Waiting(row, now - line[0][0], rows[row].target)
        for row, line in enumerate(lines)
        if line
    }
    while fitting := [one for row, one in heads.items() if rows[row].minutes <= room]:
        row = order(fitting).row
        came, serial, fate = heappop(lines[row])
        if not fate:
            served.seen[row, came, day] += 1
        else:
            back.append((row, (came, serial, fate[1:])))
        if not (fate and fate[0]):
            room -= rows[row].minutes
        if lines[row]:
            heads[row] = Waiting(row, now - lines[row][0][0], rows[row].target)
        else:
            del heads[row]
    return back
