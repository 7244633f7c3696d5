"""What would change a rank. Pure: no database, no clock, no settings."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from appointments.priority import day_adds, target_wait

NEED_STEP = 10  # points: what a scheduler can tell apart
MOST_NEED = 100
FAR = 60  # days; beyond that too much else will happen


class Stand(NamedTuple):
    """One place in the line, as it is ranked. Days are days of 24 hours."""

    pk: int
    received_at: datetime
    need_score: int
    waited_days: float
    category_days: int | None
    overruled_days: float | None
    target_days: float | None  # the one that counts; None: none has begun
    day_adds: float | None
    category: int | None = None


# By category: from how many days ahead which target, before need, is in force.
Coming = Mapping[int, Sequence[tuple[float, int]]]


@dataclass(frozen=True)
class Change:
    """What would move somebody up. None: nothing that can be told."""

    need_score: int | None = None  # the least of NEED_STEP that would
    places: int = 0  # how many it would move them up
    at_least: bool = False  # the line begins before what was looked at
    days: int | None = None  # until they pass the one before them, if nothing else does


def passes_in(
    one: Stand, before: Stand, *, coming: Coming, now: datetime, exponent: float
) -> int | None:
    """
    Return in how many whole days `one` adds more harm than `before`; None if never.

    It is told only where both clocks run and no person set a target, for else it would
    not stay true. The logarithm of (w + 1) ** p - w ** p is concave in w for p >= 1, so
    the lead of the one who has waited less, and has the shorter target, only grows: it
    is passed once, and halving finds the day. Where a target of theirs is to change,
    that does not hold: then each day is looked at.

    :param before: the next above `one` in the line.
    :param coming: the targets that are not yet in force.
    :param exponent: p, the clinic's policy; 1 or more.
    """
    if not one.target_days or not before.target_days:
        return None
    for each in (one, before):
        if each.received_at > now or each.overruled_days is not None:
            return None

    def passed(days: int) -> bool:
        mine = _adds_in(one, days, coming, exponent)
        return mine > _adds_in(before, days, coming, exponent)

    if coming.get(one.category or 0) or coming.get(before.category or 0):
        return next((days for days in range(1, FAR + 1) if passed(days)), None)
    if one.target_days >= before.target_days or not passed(FAR):
        return None
    low, high = 0, FAR  # not passed on day `low`, passed on day `high`
    while high - low > 1:
        middle = (low + high) // 2
        if passed(middle):
            high = middle
        else:
            low = middle
    return high


def _adds_in(one: Stand, days: int, coming: Coming, exponent: float) -> float:
    """Return the harm that the day after `days` more will add."""
    target = one.target_days or 1
    for begins, category_days in coming.get(one.category or 0, ()):
        if begins <= days:  # they come in order: the last that has begun counts
            target = target_wait(target_days=category_days, need_score=one.need_score)
    return day_adds(
        waited_days=one.waited_days + days, target_days=target, exponent=exponent
    )


def need_that_lifts(
    place: int, line: Sequence[Stand], *, first: int, exponent: float
) -> Change:
    """
    Return the least need score that would move the one at `place` up, and how far.

    :param place: the index of the one asked about in `line`.
    :param line: a stretch of the line, in order.
    :param first: the rank of the first of `line`; above 1 others stand before it.
    :param exponent: p, the clinic's policy; 1 or more.
    """
    one = line[place]
    if place == 0 or one.category_days is None or one.overruled_days is not None:
        return Change()
    above = [-(each.day_adds or 0.0) for each in line[:place]]  # rising
    for need in range(one.need_score // NEED_STEP * NEED_STEP, MOST_NEED, NEED_STEP):
        score = need + NEED_STEP
        target = target_wait(target_days=one.category_days, need_score=score)
        adds = day_adds(
            waited_days=one.waited_days, target_days=target, exponent=exponent
        )
        new = bisect_left(above, -adds)
        while new < place and above[new] == -adds and _first(line[new], one):
            new += 1
        if new < place:
            return Change(score, place - new, at_least=new == 0 and first > 1)
    return Change()


def _first(other: Stand, one: Stand) -> bool:
    """Say whether `other` stands before `one` where both add the same."""
    return (other.received_at, other.pk) < (one.received_at, one.pk)


def change(
    place: int,
    line: Sequence[Stand],
    *,
    first: int,
    coming: Coming,
    now: datetime,
    exponent: float,
) -> Change:
    """Return what would move the one at `place` of `line` up; as `need_that_lifts`."""
    found = need_that_lifts(place, line, first=first, exponent=exponent)
    if place == 0:
        return found
    days = passes_in(
        line[place], line[place - 1], coming=coming, now=now, exponent=exponent
    )
    return Change(found.need_score, found.places, found.at_least, days)
