"""
Does all time that therapists work add up: free, held, booked and blocked?

What is free is asked of the very read from which openings follow. All else is read from
the rows anew, in another way: hours and extra hours, time off and closures, offers and
visits. So time that this read forgets is counted twice, and what it takes for filled
though no row says why is missing.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

from appointments.codes import HOLDING_TIME, Status
from appointments.models import Policy, Supply, Therapist
from appointments.models.outside import rosters
from appointments.openings import Diary, Span, Taken, free_spans, worked
from appointments.outside import Roster
from massage_portal.invariants import Found, ask

MINUTE = timedelta(minutes=1)
CLOSE = 0.01  # of a minute
LONGEST = timedelta(days=3)  # a visit that began before has ended by now
VISITS = """
    SELECT therapist_id, status, starts_at, blocked_until
      FROM appointments_appointment
     WHERE status = ANY(%s) AND blocked_until > %s
       AND NOT (status = 'proposed' AND held_until <= %s)
"""


@dataclass(frozen=True)
class _Visits:
    """What the rows say of one therapist: times on offer, and times agreed."""

    held: list[Span] = field(default_factory=list)
    booked: list[Span] = field(default_factory=list)


def time_adds_up(now: datetime) -> Found:
    """Of each therapist's day: free + held + booked + blocked = all time worked."""
    supply = Supply.ahead(now=now, policy=Policy.objects.in_force(now))
    diaries = {diary.therapist: diary for diary in supply.diaries}
    giving = Therapist.objects.filter(active=True, location__gives_massage=True)
    keys = {*giving.values_list("pk", flat=True), *diaries}
    known = rosters(keys, first=supply.first, last=supply.last)
    visits = _visits(now)
    faults, days = [], 0
    for key in sorted(keys):
        for day in _days(supply.first, supply.last):
            total = Taken(known[key].hours(day))
            days += bool(total.spans)
            free = _free(diaries.get(key), day)
            sums = (free, *_filled(total, day, known[key], visits[key]))
            if wrong := _wrong(sums, _minutes(total.spans)):
                faults.append(f"therapist {key} on {day}: {wrong}")
    return Found(days, faults)


def _days(first: date, last: date) -> Iterator[date]:
    return (first + timedelta(days=n) for n in range((last - first).days + 1))


def _visits(now: datetime) -> defaultdict[int, _Visits]:
    found: defaultdict[int, _Visits] = defaultdict(_Visits)
    rows = ask(VISITS, HOLDING_TIME, now - LONGEST, now)
    for therapist, status, starts_at, blocked_until in rows:
        some = found[therapist]
        which = some.held if status == Status.PROPOSED else some.booked
        which.append(Span(starts_at, blocked_until))
    return found


def _free(diary: Diary | None, day: date) -> float:
    """Return the minutes in which the pages would find openings."""
    if diary is None:
        return 0
    work = worked(diary, day, day).spans
    return _minutes(rest for one in work for rest in free_spans(one, diary.busy))


def _filled(
    total: Taken, day: date, roster: Roster, visits: _Visits
) -> tuple[float, float, float]:
    """
    Return the minutes held, booked and blocked of the time worked, as the rows say.

    Blocked is what no visit takes of time off, or of a day on which the place is shut.
    """
    shut = total.spans if day in roster.closed else []
    taken = Taken([*visits.held, *visits.booked])
    off = Taken([*roster.off.spans, *shut])
    blocked = (rest for one in off.spans for rest in free_spans(one, taken))
    return (
        _within(total, visits.held),
        _within(total, visits.booked),
        _within(total, blocked),
    )


def _wrong(sums: tuple[float, float, float, float], total: float) -> str:
    """Say how the sum is not the time worked; "" if it is."""
    over = sum(sums) - total
    if abs(over) <= CLOSE:
        return ""
    free, held, booked, blocked = (round(one) for one in sums)
    why = "are counted twice" if over > 0 else "are filled by nothing that is written"
    return (
        f"{free} free + {held} held + {booked} booked + {blocked} blocked minutes "
        f"are not {total:.0f} worked: {abs(over):.0f} {why}"
    )


def _within(worked: Taken, spans: Iterable[Span]) -> float:
    """Return how many minutes of the spans lie in the time worked."""
    return sum(
        (min(work.end, span.end) - max(work.start, span.start)) / MINUTE
        for span in spans
        for work in worked.touching(span)
    )


def _minutes(spans: Iterable[Span]) -> float:
    return sum(span.length / MINUTE for span in spans)
