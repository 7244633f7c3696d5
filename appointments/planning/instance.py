"""What a plan is made from. Pure: no database, no clock, no settings."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from appointments.openings import on_the_clock
from appointments.priority import target_wait

DAY_MINUTES = 24 * 60


@dataclass(frozen=True)
class Entry:
    """One visit that a patient waits for, and what would suit them; None is any."""

    key: str
    received_at: datetime  # aware: the clock's start
    category_days: float  # the target before need; more than zero
    need_score: int  # 0 to 100
    place: str | None = None
    technique: str | None = None
    earliest: date | None = None  # local days, both included
    latest: date | None = None
    weekdays: str | None = None  # of LETTERS
    from_minute: int | None = None  # of the local day; 0 to 1,440
    to_minute: int | None = None
    therapist: str | None = None

    @property
    def target_days(self) -> float:
        """The target in days after the need score has shortened it."""
        return target_wait(target_days=self.category_days, need_score=self.need_score)


@dataclass(frozen=True)
class Opening:
    """A time at which one therapist could see one patient."""

    key: str
    starts_at: datetime  # aware
    minutes: int  # of the visit; more than zero
    place: str
    therapist: str
    techniques: frozenset[str]
    zone: ZoneInfo

    @property
    def local_start(self) -> datetime:
        """The start as the clock on the wall shows it."""
        return self.starts_at.astimezone(self.zone)

    @property
    def local_end(self) -> datetime:
        """The end as the clock on the wall shows it, so many real minutes later."""
        ends_at = self.starts_at.astimezone(UTC) + timedelta(minutes=self.minutes)
        return ends_at.astimezone(self.zone)

    @property
    def day_ends_at(self) -> datetime:
        """When the local day on which it starts is over, 24:00 there, in UTC."""
        next_day = self.local_start.date() + timedelta(days=1)
        return on_the_clock(next_day, time(0), self.zone, fold=0)


def end_of_plan(openings: list[Opening]) -> datetime | None:
    """
    Return 24:00, in UTC, of the day of the opening that starts last; None without any.

    Of several that start last, each in a zone of its own, the latest 24:00 counts.
    """
    if not openings:
        return None
    last = max(opening.starts_at for opening in openings)
    return max(o.day_ends_at for o in openings if o.starts_at == last)
