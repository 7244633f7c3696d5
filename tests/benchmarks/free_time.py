"""Openings: all free time over 60 days, and what pages ask for."""

from __future__ import annotations

from datetime import timedelta
from statistics import median

from appointments.models import Appointment, Policy, Room, Supply, Therapist
from appointments.openings import Opening
from services.models import Location
from tests.benchmarks.figures import (
    BEST_OF_OTHERS,
    Figure,
    Limit,
    count_queries,
    milliseconds,
    rows_of,
)
from tests.benchmarks.filling import DAYS, ZONE, Clinic
from tests.benchmarks.served import rate, workers

SMALL = 5  # therapists, and rooms, of the smaller place
EACH = 80  # requests in one round
LIMIT = Limit(0.35, of_floor=True)

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


def measure_served(of: Clinic) -> list[Figure]:
    """Return what two web workers answer, beside a view that makes one query."""
    row = Appointment.objects.values_list("pk", flat=True).order_by("pk")[0]
    first = of.today + timedelta(days=(7 - of.today.weekday()) % 7)  # a Monday
    place = of.therapists[0].location_id
    some = Location.objects.create(
        kind="location",
        slug="bench-small",
        name="Benchville West",
        city="Benchville",
        state="Minnesota",
        time_zone=ZONE.key,
        gives_massage=True,
    )
    asked = {
        "openings, one therapist, one day": f"therapist={of.therapists[0].pk}&days=1",
        f"openings, a place of {SMALL}, 7 days": f"location={some.pk}&days=7",
    }
    therapists = Therapist.objects.filter(pk__in=[t.pk for t in of.therapists[:SMALL]])
    # The last, which are taken least: in the first nothing would be free.
    rooms = Room.objects.filter(pk__in=[r.pk for r in of.rooms[-SMALL:]])
    therapists.update(location=some)
    rooms.update(location=some)
    asked[f"openings, a place of {len(of.therapists) - SMALL}, 7 days"] = (
        f"location={place}&days=7"
    )
    figures = []
    try:
        with workers() as port:
            for what, query in asked.items():
                figures += _beside(port, what, f"/free?{query}&first={first}", row)
    finally:
        therapists.update(location=place)
        rooms.update(location=place)
        some.delete()
    return figures


def _beside(port: int, what: str, address: str, row: int) -> list[Figure]:
    """Ask for both in turns, from 1 and from 8 clients."""
    floor = f"/row?pk={row}"
    figures = []
    rate(port, [address, floor] * 6, clients=2)  # both workers load what they load
    for clients in (1, 8):
        taken: dict[str, list[float]] = {address: [], floor: []}
        for _ in range(5):
            for path, rates in taken.items():
                found, codes = rate(port, [path] * EACH, clients=clients)
                if set(codes) != {200}:
                    raise RuntimeError(f"{path}: {codes}")
                rates.append(found)
        figures.append(
            Figure(
                f"{what}, {clients} client{'s' if clients > 1 else ''}",
                median(taken[address]),
                "a view with one query by key",
                median(taken[floor]),
                unit="/s",
                queries=1,
                limits=(LIMIT, BEST_OF_OTHERS["openings"])[: 1 + (clients > 1)],
            )
        )
    return figures
