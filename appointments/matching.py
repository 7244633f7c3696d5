"""Who can use which opening. Pure: no database, no clock, no settings."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from appointments.openings import Opening, Span

LETTERS = "MTWRFSU"  # R is Thursday, U is Sunday


@dataclass(frozen=True)
class Wish:
    """When and with whom one waiting patient can come, and what covers the visit."""

    valid_from: date  # the referral's
    valid_until: date
    earliest: date | None = None
    latest: date | None = None
    weekdays: str = LETTERS
    from_time: time = time(0, 0)
    to_time: time = time(23, 59)
    therapist: int | None = None
    notice: timedelta = timedelta(0)
    refused: frozenset[tuple[int, datetime]] = frozenset()  # therapist, start
    elsewhere: tuple[Span, ...] = ()  # the patient's other visits, with their turnover


def fits(wish: Wish, opening: Opening, *, now: datetime) -> bool:
    """
    Say whether the patient can use the opening.

    The visit must lie whole within their hours on a weekday of theirs, on a day that
    the referral covers, with the notice they asked for, and must not be a time that
    they already turned down, or at which they are elsewhere.
    """
    start = opening.local_start
    end = opening.ends_at.astimezone(opening.zone)
    day = start.date()
    return (
        wish.valid_from <= day <= wish.valid_until
        and (wish.earliest is None or wish.earliest <= day)
        and (wish.latest is None or day <= wish.latest)
        and LETTERS[day.weekday()] in wish.weekdays
        and wish.from_time <= start.time()
        and end.date() == day
        and end.time() <= wish.to_time
        and (wish.therapist is None or wish.therapist == opening.therapist)
        and opening.starts_at - now >= wish.notice
        and (opening.therapist, opening.starts_at) not in wish.refused
        and not any(
            visit.start < opening.blocked_until and opening.starts_at < visit.end
            for visit in wish.elsewhere
        )
    )


def usable(
    wish: Wish, openings: Iterable[Opening], *, now: datetime, most: int
) -> list[Opening]:
    """Return the first `most` openings that the patient can use, soonest first."""
    found: list[Opening] = []
    for opening in openings:
        if fits(wish, opening, now=now):
            found.append(opening)
            if len(found) == most:
                break
    return found
