"""
The visits of a plan: made, booked, waited for, and still to come.

Pure: no database, no clock. The next visit's clock starts on its planned day, so many
days after the one before; nobody is seen before that day.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum
from typing import NamedTuple


class State(StrEnum):
    """Where one visit of a plan stands."""

    MADE = "made"
    MISSED = "missed"
    BOOKED = "booked"
    WAITING = "waiting"  # asked for: it has no time yet
    PLANNED = "planned"  # listed when the one before is over
    NOT_COVERED = "not-covered"  # the referral or the insurer does not reach so far


class Known(NamedTuple):
    """What became of a visit; of one that waits, `day` is its planned day if ahead."""

    state: State
    day: date | None


class Visit(NamedTuple):
    """One visit of a plan; `soonest`: it may well be later than `day`."""

    number: int
    state: State
    day: date | None
    soonest: bool = False


def course(
    known: Mapping[int, Known],
    *,
    sessions: int,
    covered: int,
    until: date,
    interval_days: int,
    today: date,
) -> list[Visit]:
    """
    Return each visit of the plan, by number from 1.

    :param known: the visits that were asked for, by number.
    :param sessions: visits ordered; 1 or more.
    :param covered: how many of them can be booked, as the insurer says.
    :param until: the last day that referral and insurer cover.
    :param interval_days: days from one visit to the next; 1 or more.
    """
    interval = timedelta(days=interval_days)
    visits: list[Visit] = []
    for number in range(1, sessions + 1):
        if number in known:
            state, day = known[number]
            visits.append(Visit(number, state, day, state == State.WAITING))
            continue
        day, soonest = _after(visits[-1] if visits else None, interval, today)
        reached = number <= covered and (day is None or day <= until)
        state = State.PLANNED if reached else State.NOT_COVERED
        visits.append(Visit(number, state, day, soonest))
    return visits


def _after(
    before: Visit | None, interval: timedelta, today: date
) -> tuple[date | None, bool]:
    """Return the planned day after a visit, and whether it is only the soonest."""
    if before is not None and before.state == State.WAITING:
        return max(before.day or today, today) + interval, True
    if before is None or before.day is None:
        return None, False
    day = before.day + interval
    if day < today:
        return None, False  # nobody has listed it, so no day of it is known
    return day, before.soonest


def days_after(start: datetime, days: int) -> datetime:
    """
    Return, in UTC, the moment so many local days after `start`, by the same clock.

    :param start: by the clock of the place, whose day may have 23 or 25 hours.
    """
    return (start + timedelta(days=days)).astimezone(UTC)
