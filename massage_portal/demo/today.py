"""The demo clinic's day: who came already, and who would rather come another time."""

from __future__ import annotations

from datetime import datetime

from appointments import actions
from appointments.codes import OutOfTurn, Status
from appointments.models import Appointment, Therapist
from massage_portal.demo import people
from massage_portal.demo.arrival import Case, arrive
from massage_portal.demo.deeds import (
    DAY,
    MINUTE,
    Script,
    ask,
    book,
    record,
    time_for,
    triage,
    user_of,
    waiting_of,
)
from massage_portal.demo.first import play_visit
from massage_portal.demo.stage import ZONE, Clinic

MOVED = actions.Turn(OutOfTurn.MOVED)
EARLY = 12 * MINUTE  # before the visit, they are here


def booked_soon(clinic: Clinic, number: int) -> Script:
    """Booked for today or tomorrow with the first therapist."""
    therapist = Therapist.objects.get(user=clinic.users["therapist"])
    days_ago = 12 + number % 5
    case = Case(yes="" if number % 3 else "pregnancy")
    yield clinic.at(days_ago, 9)
    referral = arrive(clinic, number, days_ago, case)
    yield clinic.at(days_ago, 11)
    entry = ask(clinic, referral, days_ago, therapist=therapist)
    yield clinic.at(3, 13)
    entry = triage(clinic, entry, 3, number % 3)
    moment = clinic.at(2, 14)
    yield moment
    book(clinic, entry, moment, first=clinic.today + (number % 3 == 2) * DAY)


def comings(clinic: Clinic) -> Script:
    """
    Mark who came today: visits made, one patient checked in, and one arrived.

    Whatever the hour, somebody is here; the others of today have yet to come.
    """
    therapist = clinic.users["therapist"]
    yield clinic.at(0, 0)
    mine = Appointment.objects.filter(therapist__user=therapist, status=Status.BOOKED)
    visits = [one for one in mine.order_by("starts_at") if _is_today(clinic, one)]
    if not visits:
        return
    begun = [n for n, one in enumerate(visits) if one.starts_at <= clinic.now + EARLY]
    here = begun[-1] if begun else 0
    if here == len(visits) - 1 and here:
        here -= 1  # somebody still arrives after them
    for visit in visits[:here]:
        yield visit.starts_at - EARLY
        by = clinic.users["scheduler"]
        actions.check_in(appointment=visit, by=by, now=visit.starts_at - EARLY)
        yield visit.ends_at
        record(clinic, visit, Status.FULFILLED)
    for visit, act in zip(
        visits[here : here + 2], (actions.check_in, actions.arrive), strict=False
    ):
        moment = min(visit.starts_at - EARLY, clinic.now)
        yield moment
        act(appointment=visit, by=clinic.users["scheduler"], now=moment)


def _is_today(clinic: Clinic, visit: Appointment) -> bool:
    return visit.starts_at.astimezone(ZONE).date() == clinic.today


def moving(clinic: Clinic, number: int) -> Script:
    """The next visit of a plan is booked, and should be at another time."""
    yield from play_visit(clinic, number, Status.FULFILLED, sessions=3)
    moment = clinic.at(1, 15)
    yield moment
    ahead = clinic.today + (2 + number % 4) * DAY
    visit = book(clinic, waiting_of(number), moment, first=ahead)
    visit = visit or _booked_already(number, moment)  # freed time was offered them
    if visit is None:
        return
    moment = max(clinic.at(0, 8), moment)
    yield moment
    if not _is_ahead(visit, moment):  # freed time was this morning's: they are here
        return
    if number % 3 == 0:
        _moved_by_telephone(clinic, visit, moment)
        return
    actions.ask_to_move(
        appointment=visit,
        words=people.MOVES[number % len(people.MOVES)],
        by=user_of(visit.patient),
        now=moment,
    )
    if number % 3 == 1:
        yield clinic.now
        if _is_ahead(visit, clinic.now):
            _offer_another(clinic, visit)


def _is_ahead(visit: Appointment, moment: datetime) -> bool:
    visit.refresh_from_db()
    return visit.is_booked_ahead(moment)


def _booked_already(number: int, moment: datetime) -> Appointment | None:
    theirs = Appointment.objects.booked_now(moment).with_place()
    return theirs.filter(patient__record_number=f"D-{1000 + number}").first()


def _moved_by_telephone(clinic: Clinic, visit: Appointment, moment: datetime) -> None:
    """The patient calls, and takes another time at once."""
    day = visit.starts_at.astimezone(ZONE).date()
    if found := time_for(visit.entry, moment, first=day + DAY):
        opening, turn = found
        actions.by_telephone(
            actions.move,
            patient=visit.patient,
            by=clinic.users["scheduler"],
            now=moment,
            appointment=visit,
            opening=opening,
            terms=actions.Terms(turn=turn and MOVED),
        )


def _offer_another(clinic: Clinic, visit: Appointment) -> None:
    """Offer another time for a visit that stands until the patient accepts."""
    day = visit.starts_at.astimezone(ZONE).date()
    if found := time_for(visit.entry, clinic.now, first=day + DAY):
        opening, turn = found
        actions.offer_move(
            appointment=visit,
            opening=opening,
            by=clinic.users["scheduler"],
            now=clinic.now,
            terms=actions.Terms(turn=turn and MOVED),
        )
