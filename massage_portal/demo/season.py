"""
What happens to each patient of the demo clinic in a season.

Each patient is a script, a generator that acts and yields the moment of its next act.
Those seen or booked come here, up to the first visit by first.py; who waits, in
line.py; those of today, in today.py.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

from appointments.codes import Missed, Status
from appointments.models import Appointment
from massage_portal.demo import line, today
from massage_portal.demo.arrival import Case, arrive
from massage_portal.demo.deeds import (
    DAY,
    HOUR,
    Script,
    book,
    cancel,
    record,
    see,
    take_freed,
    waiting_of,
)
from massage_portal.demo.first import play_visit, until_visit
from massage_portal.demo.stage import ZONE, Clinic


def script_of(clinic: Clinic, number: int) -> Script:
    """Return what happens to the `number`-th patient."""
    plays: list[tuple[int, Callable[[Clinic, int], Script]]] = [
        (1, _demo_patient),
        (2, _second_patient),
        (30, _visited),
        (38, _plan_of_two),
        (44, today.moving),
        (51, _missed),
        (52, _missed_twice),
        (60, _cancelled_once),
        (66, today.booked_soon),
        (68, line.withdrawn),
        (71, line.declined_twice),
        (73, line.by_telephone),
        (77, line.on_hold),
        (124, line.queued),
        (130, line.to_triage),
        (132, line.questioned),
        (137, line.offered),
    ]
    play = next(play for end, play in plays if number < end)
    return play(clinic, number)


def _visited(clinic: Clinic, number: int) -> Script:
    yield from play_visit(clinic, number, Status.FULFILLED)


def _missed(clinic: Clinic, number: int) -> Script:
    """Missed, for one reason or another; by our mistake, and then made."""
    yield from play_visit(clinic, number, Status.NOSHOW)
    entry = waiting_of(number)
    if entry is None:
        return
    last = entry.appointments.latest("starts_at")
    moment = last.ends_at + HOUR
    yield moment
    again = book(clinic, entry, moment, first=_day(last) + 2 * DAY)
    yield from see(clinic, [again] if again else [])


def _missed_twice(clinic: Clinic, number: int) -> Script:
    """Two visits of the plan missed: somebody calls before the third is offered."""
    yield from play_visit(clinic, number, Status.NOSHOW, sessions=4, visit_ago=30)
    entry = waiting_of(number)
    if entry is None:
        return
    moment = clinic.at(12, 10)
    yield moment
    again = book(clinic, entry, moment, first=clinic.today - 9 * DAY)
    if again is not None:
        yield again.ends_at
        record(clinic, again, Status.NOSHOW, because=Missed.TRANSPORT)


def _plan_of_two(clinic: Clinic, number: int) -> Script:
    """One visit made; the second one is booked for the coming days."""
    yield from play_visit(clinic, number, Status.FULFILLED, sessions=2)
    moment = clinic.at(1, 15)
    yield moment
    ahead = clinic.today + number % 6 * DAY
    book(clinic, waiting_of(number), moment, first=ahead)


def _cancelled_once(clinic: Clinic, number: int) -> Script:
    """
    Canceled by the patient, late or in good time, booked again, and made.

    The time goes to somebody else, if anybody can come then.
    """
    found: list[Appointment] = []
    yield from until_visit(clinic, number, found)
    for first in found:
        assert first.booked_at is not None  # noqa: S101 - it was just booked
        before = (20 if number % 3 == 0 else 44) * HOUR
        moment = max(first.starts_at - before, first.booked_at + HOUR)
        yield moment
        cancel(first, moment)
        passed_on: list[Appointment] = []
        yield from take_freed(clinic, moment, passed_on)
        moment += HOUR
        yield moment
        again = book(clinic, first.entry, moment, first=_day(first) + 3 * DAY)
        yield from see(clinic, [*passed_on, *([again] if again else [])])


def _demo_patient(clinic: Clinic, number: int) -> Script:
    """One visit made, a question answered, and an offer to answer."""
    yield from play_visit(clinic, number, Status.FULFILLED, sessions=2, visit_ago=15)
    yield clinic.at(1, 10)
    entry = waiting_of(number)
    if entry is not None:
        yield from line.question(clinic, entry, number, days_ago=1)
    yield clinic.now
    line.offer_now(clinic, waiting_of(number))


def _second_patient(clinic: Clinic, number: int) -> Script:
    """A referral that nobody has asked about yet."""
    yield clinic.at(2, 9)
    arrive(clinic, number, 2, Case(sessions=6))


def _day(visit: Appointment) -> date:
    return visit.starts_at.astimezone(ZONE).date()
