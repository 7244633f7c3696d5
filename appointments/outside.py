"""
Which visits lie outside of the working time. Pure: no database, no clock, no settings.

A visit that was booked may be left outside when hours change. Nothing keeps note of it:
it is seen from the hours themselves, wherever the visit is shown.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from enum import Enum
from zoneinfo import ZoneInfo

from django.utils.translation import gettext_lazy as _

from appointments.openings import Span, Taken, free_spans, on_the_clock


class Outside(Enum):
    """Why a visit cannot be as it is booked."""

    CLOSED = "closed"
    OFF = "off"
    HOURS = "hours"
    NO_MASSAGE = "no-massage"
    CERTIFICATE = "certificate"
    ROOM = "room"


WORDS = {
    Outside.CLOSED: _("The place is closed then."),
    Outside.OFF: _("The therapist is off then."),
    Outside.HOURS: _("Outside of the therapist's hours."),
    Outside.NO_MASSAGE: _("The therapist or the place gives no massage any more."),
    Outside.CERTIFICATE: _("The therapist's certificate has ended by then."),
    Outside.ROOM: _("The room is not in use, or not fit for it."),
}

# What nobody on the spot can help: the visit cannot take place then and there.
IMPOSSIBLE = (Outside.CLOSED, Outside.OFF, Outside.NO_MASSAGE, Outside.CERTIFICATE)

# What is in the way of a time itself, whoever would be offered it.
NOT_TO_OFFER = (Outside.CLOSED, Outside.OFF, Outside.HOURS, Outside.NO_MASSAGE)


@dataclass(frozen=True)
class Stretch:
    """Work from one time to another of the local day."""

    starts: time
    ends: time


@dataclass(frozen=True)
class Pattern:
    """A weekly stretch of work, valid on both ends' days; 0 is Monday."""

    weekday: int
    stretch: Stretch
    valid_from: date
    valid_until: date | None = None

    def is_on(self, day: date) -> bool:
        """Say whether it is worked on `day`."""
        until = self.valid_until or day
        return day.weekday() == self.weekday and self.valid_from <= day <= until


@dataclass(frozen=True)
class Roster:
    """What one therapist works, and what keeps them from it; local days."""

    zone: ZoneInfo
    weekly: Sequence[Pattern] = ()
    extra: Mapping[date, Sequence[Stretch]] = field(default_factory=dict)
    closed: Set[date] = frozenset()
    off: Taken = field(default_factory=Taken)
    certified: Mapping[int, date | None] = field(default_factory=dict)
    gives_massage: bool = True  # the therapist does, and the place

    def stretches(self, day: date) -> Iterator[Stretch]:
        """Yield what is worked on `day`, if the place is open; no time off counts."""
        yield from (one.stretch for one in self.weekly if one.is_on(day))
        yield from self.extra.get(day, ())

    def work(self, day: date) -> Taken:
        """Return the real time worked on `day` and the days beside it."""
        days = (day + timedelta(days=shift) for shift in (-1, 0, 1))
        return Taken(span for one in days for span in self._on(one))

    def minutes(self, day: date) -> float:
        """Return how long is worked on `day`, less the time off."""
        work = Taken(self._on(day)).spans
        free = (rest for one in work for rest in free_spans(one, self.off))
        return sum((one.end - one.start) / timedelta(minutes=1) for one in free)

    def _on(self, day: date) -> Iterator[Span]:
        return self.hours(day) if day not in self.closed else iter(())

    def hours(self, day: date) -> Iterator[Span]:
        """Yield the real time of each stretch of `day`, whether the place is closed."""
        for stretch in self.stretches(day):
            start = on_the_clock(day, stretch.starts, self.zone, fold=0)
            end = on_the_clock(day, stretch.ends, self.zone, fold=1)
            if start < end:
                yield Span(start, end)


def outside(
    starts_at: datetime, ends_at: datetime, *, technique: int | None, roster: Roster
) -> Outside | None:
    """
    Return what is in the way of a visit from `starts_at` to `ends_at`; None if nothing.

    The turnover after a visit may run past the hours, so it is not asked about.

    :param technique: which one was booked; None lets the therapist decide.
    """
    visit = Span(starts_at, ends_at)
    day = starts_at.astimezone(roster.zone).date()
    if not roster.gives_massage:
        return Outside.NO_MASSAGE
    if day in roster.closed:
        return Outside.CLOSED
    if next(roster.off.touching(visit), None) is not None:
        return Outside.OFF
    if not any(
        work.start <= visit.start and visit.end <= work.end
        for work in roster.work(day).touching(visit)
    ):
        return Outside.HOURS
    if technique is not None and not _certified(technique, day, roster):
        return Outside.CERTIFICATE
    return None


def _certified(technique: int, day: date, roster: Roster) -> bool:
    if technique not in roster.certified:
        return False
    until = roster.certified[technique]
    return until is None or day <= until
