"""Openings: all free time of 50 therapists over 60 days."""

from __future__ import annotations

from datetime import timedelta

from appointments.models import Policy, Supply
from appointments.openings import Opening
from tests.benchmarks.figures import Figure, count_queries, milliseconds, rows_of
from tests.benchmarks.filling import DAYS, Clinic

HOURS = """
SELECT therapist_id, weekday, starts, ends, valid_from, valid_until
  FROM appointments_workinghours
 WHERE valid_from <= %(last)s AND (valid_until IS NULL OR valid_until >= %(first)s)
"""
TIME_OFF = """
SELECT therapist_id, starts_at, ends_at FROM appointments_timeoff
 WHERE starts_at < %(last)s AND ends_at > %(first)s
"""
TAKEN = """
SELECT therapist_id, room_id, starts_at, blocked_until FROM appointments_appointment
 WHERE starts_at >= %(first)s AND starts_at < %(last)s
   AND status IN ('proposed', 'pending', 'booked', 'arrived', 'checked-in', 'fulfilled')
"""


def supply(of: Clinic) -> Supply:
    """Return the clinic's free time, not read yet."""
    last = of.today + timedelta(days=DAYS)
    policy = Policy.objects.in_force(of.now)
    return Supply(now=of.now, policy=policy, first=of.today, last=last)


def openings(of: Clinic) -> list[Opening]:
    """Return every opening over the 60 days."""
    return supply(of).openings(None)


def measure(of: Clinic) -> Figure:
    """Return the openings beside the bare SQL that reads what they follow from."""
    found = openings(of)
    if not found or len({one.therapist for one in found}) != len(of.therapists):
        raise RuntimeError("some therapist has no opening: nothing is measured")
    period = {"first": of.today, "last": of.today + timedelta(days=DAYS + 1)}

    def bare() -> None:
        for sql in (HOURS, TIME_OFF, TAKEN):
            rows_of(sql, period)

    took, floor = milliseconds(lambda: openings(of), bare)
    return Figure(
        f"openings, {DAYS} days, {len(of.therapists)} therapists: {len(found):,}",
        took,
        "bare SQL: hours, time off, visits",
        floor,
        queries=count_queries(lambda: openings(of)),
    )
