"""Who can use which opening. Pure: no database, no clock, no settings."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from itertools import islice
from operator import attrgetter
from typing import NamedTuple

from appointments.openings import Opening, Span

LETTERS = "MTWRFSU"  # R is Thursday, U is Sunday
DAY = timedelta(days=1)


class Habits(NamedTuple):
    """When in a week, where and with whom a patient can come: what many have alike."""

    weekdays: str
    from_time: time
    to_time: time
    therapist: int | None
    location: int | None = None


@dataclass(frozen=True)
class Wish:
    """When, where and with whom one patient can come, and what covers the visit."""

    valid_from: date  # the referral's
    valid_until: date
    earliest: date | None = None
    latest: date | None = None
    weekdays: str = LETTERS
    from_time: time = time(0, 0)
    to_time: time = time(23, 59)
    therapist: int | None = None
    location: int | None = None
    notice: timedelta = timedelta(0)
    refused: frozenset[tuple[int, datetime]] = frozenset()  # therapist, start
    elsewhere: tuple[Span, ...] = ()  # the patient's other visits, with their turnover

    @property
    def habits(self) -> Habits:
        """The part that other patients may share."""
        times = (self.from_time, self.to_time)
        return Habits(self.weekdays, *times, self.therapist, self.location)

    @property
    def first_day(self) -> date:
        """The first local day on which the visit may be."""
        return max(self.valid_from, self.earliest or self.valid_from)

    @property
    def last_day(self) -> date:
        """The last local day on which the visit may be."""
        return min(self.valid_until, self.latest or self.valid_until)


def suits(habits: Habits, opening: Opening) -> bool:
    """Say whether the visit lies whole within these hours, on one of these weekdays."""
    start = opening.local_start
    end = opening.ends_at.astimezone(opening.zone)
    day = start.date()
    return (
        LETTERS[day.weekday()] in habits.weekdays
        and habits.from_time <= start.time()
        and end.date() == day
        and end.time() <= habits.to_time
        and habits.therapist in (None, opening.therapist)
        and habits.location in (None, opening.location)
    )


def fits(wish: Wish, opening: Opening, *, now: datetime) -> bool:
    """
    Say whether the patient can use the opening.

    The visit must lie whole within their hours on a weekday of theirs, on a day that
    the referral covers, with the notice they asked for, and must not be a time that
    they already turned down, or at which they are elsewhere.
    """
    return suits(wish.habits, opening) and _is_open(wish, opening, now=now)


def _is_open(wish: Wish, opening: Opening, *, now: datetime) -> bool:
    """Say whether a time that suits the patient's habits is also theirs to have."""
    return (
        wish.first_day <= opening.local_start.date() <= wish.last_day
        and opening.starts_at - now >= wish.notice
        and (opening.therapist, opening.starts_at) not in wish.refused
        and not any(
            visit.start < opening.blocked_until and opening.starts_at < visit.end
            for visit in wish.elsewhere
        )
    )


def usable(
    wish: Wish, suiting: Sequence[Opening], *, now: datetime, most: int
) -> list[Opening]:
    """
    Return the first `most` openings that the patient can use, soonest first.

    It looks only at the stretch of time in question, so thousands of patients who can
    use none of thousands of openings cost a short search each.

    :param suiting: openings that suit `wish.habits`, in order of time.
    """
    found: list[Opening] = []
    # A day more on both sides: the wish's days are local, wherever the place lies.
    midnight = datetime.combine(wish.first_day, time.min, tzinfo=UTC)
    begin = max(now + wish.notice, midnight - DAY)
    end = datetime.combine(wish.last_day, time.min, tzinfo=UTC) + 2 * DAY
    first = bisect_left(suiting, begin, key=attrgetter("starts_at"))
    for opening in islice(suiting, first, None):
        if len(found) == most or opening.starts_at >= end:
            break
        if _is_open(wish, opening, now=now):
            found.append(opening)
    return found
