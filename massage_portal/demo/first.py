"""How a patient of the demo clinic comes to a first visit, and how that goes."""

from __future__ import annotations

from appointments.codes import Missed, Status
from appointments.models import Appointment
from massage_portal.demo import line
from massage_portal.demo.arrival import Case, arrive
from massage_portal.demo.deeds import DAY, Script, ask, book, record, triage
from massage_portal.demo.stage import Clinic

WAITS = [  # in days until the visit, by category: most within the target
    (1, 1, 2, 1),
    (3, 7, 5, 10),
    (9, 13, 18, 23),
    (26, 34, 42, 55),
]
WHY_MISSED = [
    *(Missed.FORGOT, Missed.ILL, Missed.TRANSPORT, Missed.FORGOT, Missed.CARE),
    *(Missed.CLINIC, Missed.NOT_SAID),
]
LONG = 20  # days: a scheduler may judge anew meanwhile


def until_visit(
    clinic: Clinic,
    number: int,
    found: list[Appointment],
    *,
    sessions: int = 1,
    visit_ago: int | None = None,
) -> Script:
    """
    Play until a first visit is booked, and put it into `found`.

    :param visit_ago: how many days ago it is, at the latest; None: by the number.
    """
    category = (number + 2) % 4
    wait = WAITS[category][clinic.random.randrange(4)]
    visit_ago = visit_ago or 5 + number * 17 % (88 - wait)
    days_ago = visit_ago + wait
    yield clinic.at(days_ago, 9)
    referral = arrive(clinic, number, days_ago, Case(sessions=sessions))
    yield clinic.at(days_ago, 11)
    entry = ask(clinic, referral, days_ago, notice=4 if category == 0 else 24)
    yield clinic.at(days_ago, 13)
    entry = triage(clinic, entry, days_ago, category)
    if wait > LONG and number % 3:
        judged = days_ago - 2 - number % 12
        yield from line.overruled(clinic, entry, judged, up=number % 3 == 1)
    moment = clinic.at(min(visit_ago + 2 + number % 4, days_ago), 14)
    yield moment
    booked = book(clinic, entry, moment, first=clinic.today - visit_ago * DAY)
    booked = booked or entry.appointments.filter(status=Status.BOOKED).first()
    if booked is not None:  # perhaps of itself, of a time that somebody freed
        found.append(booked)


def play_visit(
    clinic: Clinic,
    number: int,
    outcome: Status,
    *,
    sessions: int = 1,
    visit_ago: int | None = None,
) -> Script:
    """Play until the first visit is over."""
    found: list[Appointment] = []
    yield from until_visit(
        clinic, number, found, sessions=sessions, visit_ago=visit_ago
    )
    for visit in found:
        yield visit.ends_at
        record(clinic, visit, outcome, because=WHY_MISSED[number % len(WHY_MISSED)])
