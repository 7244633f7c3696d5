"""Races about hours, by real threads: one true state each, and a kind sentence."""

from __future__ import annotations

from datetime import timedelta
from functools import partial
from threading import Event
from time import monotonic

import pytest
from django.db import connection, transaction

from appointments import actions
from appointments.actions import hours, places
from appointments.actions.capacity import (
    Change,
    HitsNobodySaw,
    change_capacity,
    state_of,
)
from appointments.codes import Ending, Status
from appointments.models import Appointment, Therapist, TimeOff
from appointments.objections import visits_are_ahead
from massage_portal.accounts.roles import Role
from services.models import Location
from tests.factories import (
    DAY,
    NOW,
    TODAY,
    at,
    make_appointment,
    make_clinic,
    make_entry,
    make_location,
    make_user,
    opening_at,
)
from tests.threads import PATIENCE, errors, together, won
from tests.turns import ANY_TURN

pytestmark = pytest.mark.usefixtures("committed")

NINE = at(TODAY + 2 * DAY, "09:00")
ROUNDS = 3
SOMEBODY_WAITS_FOR_US = """
SELECT EXISTS (SELECT FROM pg_locks
    WHERE NOT granted AND pg_backend_pid() = ANY(pg_blocking_pids(pid)))
"""


def making(write, who, said, *, looked=(), place=None):
    """Return a call that makes a change, as a person of its own."""
    change = Change(partial(write, **said), who.location, None if place else who)
    by = make_user(Role.LEAD)
    return partial(change_capacity, change=change, seen=looked, keep=[], by=by, now=NOW)


def off(therapist, days=0):
    return {
        "therapist": therapist,
        "starts_at": NINE + days * DAY,
        "ends_at": NINE + days * DAY + timedelta(hours=3),
        "reason": "",
    }


def test_of_two_people_who_end_the_same_hours_on_two_days_one_is_told():
    for _round in range(ROUNDS):
        _, [therapist], _ = make_clinic(days=[4])
        row = therapist.working_hours.get()
        seen = {"seen": state_of(row)}
        ends = [TODAY + 9 * DAY, TODAY + 16 * DAY]

        outcomes = together(
            *(
                making(
                    hours.end_hours,
                    therapist,
                    {"hours": type(row).objects.get(pk=row.pk), "last_day": end} | seen,
                )
                for end in ends
            )
        )

        assert len(won(outcomes)) == 1
        assert [type(one) for one in errors(outcomes)] == [actions.ChangedMeanwhile]
        row.refresh_from_db()
        assert row.valid_until in ends


def test_a_booking_and_time_off_at_once_leave_no_visit_that_nobody_was_shown():
    for days in range(ROUNDS):
        _, [therapist], [room] = make_clinic()
        opening = opening_at(therapist, room, NINE + days * DAY)
        by = make_user(Role.SCHEDULER)
        book = partial(
            actions.book,
            entry=make_entry(),
            opening=opening,
            by=by,
            now=NOW,
            terms=ANY_TURN,
        )

        outcomes = together(
            book, making(hours.add_time_off, therapist, off(therapist, days))
        )

        [error] = errors(outcomes)
        booked = Appointment.objects.filter(therapist=therapist, status=Status.BOOKED)
        entered = TimeOff.objects.filter(therapist=therapist)
        assert booked.exists() != entered.exists()
        if booked.exists():
            assert isinstance(error, HitsNobodySaw)
        else:
            assert isinstance(error, actions.TimeTaken)


def test_an_offer_accepted_as_time_off_takes_it_back_is_one_or_the_other():
    for days in range(ROUNDS):
        _, [therapist], [room] = make_clinic()
        offer = make_appointment(
            therapist=therapist,
            room=room,
            entry=make_entry(),
            status=Status.PROPOSED,
            starts_at=NINE + days * DAY,
        )
        looked = [f"{offer.pk}:proposed"]
        accept = partial(
            actions.accept, appointment=offer, by=offer.patient.user, now=NOW
        )

        outcomes = together(
            accept,
            making(hours.add_time_off, therapist, off(therapist, days), looked=looked),
        )

        [error] = errors(outcomes)
        offer.refresh_from_db()
        if offer.status == Status.BOOKED:
            assert isinstance(error, HitsNobodySaw)
        else:
            assert offer.ending == Ending.WITHDRAWN
            assert isinstance(error, actions.OfferGone)


def test_a_closure_time_off_and_the_patient_canceling_at_once_never_deadlock():
    for days in range(ROUNDS):
        place, therapists, rooms = make_clinic(therapists=2, rooms=2)
        start, day = NINE + days * DAY, TODAY + (2 + days) * DAY
        visits = [
            make_appointment(therapist=who, room=room, starts_at=start)
            for who, room in zip(therapists, rooms, strict=True)
        ]
        one, other = therapists
        looked = [f"{visit.pk}:booked" for visit in visits]
        closed = {"place": place, "first_day": day, "last_day": day, "reason": "Paint"}
        cancel = partial(actions.cancel, ending=Ending.BY_PATIENT, now=NOW)

        outcomes = together(
            making(places.add_closure, one, closed, looked=looked, place=place),
            making(hours.add_time_off, other, off(other, days), looked=looked),
            partial(cancel, appointment=visits[0], by=visits[0].patient.user),
            partial(cancel, appointment=visits[1], by=visits[1].patient.user),
        )

        kinds = {type(error) for error in errors(outcomes)}
        assert kinds <= {actions.NotCancellable}
        assert place.closures.exists()
        assert other.time_off.exists()
        states = Appointment.objects.filter(room__location=place)
        assert set(states.values_list("status", flat=True)) == {Status.CANCELLED}


def test_two_closures_at_once_of_a_place_without_therapists_are_one():
    for _round in range(ROUNDS):
        place = make_location()
        days = {"first_day": TODAY + DAY, "last_day": TODAY + DAY, "reason": "Snow"}
        write = partial(places.add_closure, place=place, **days)
        asked = {"change": Change(write, place), "seen": [], "keep": [], "now": NOW}
        calls = [
            partial(change_capacity, by=make_user(Role.LEAD), **asked) for _ in "ab"
        ]

        outcomes = together(*calls)

        assert errors(outcomes) == []
        assert place.closures.count() == 1


def test_massage_is_ended_and_capacity_changed_in_one_order_of_locks():
    place, _, _ = make_clinic()
    here, held = Location.objects.filter(pk=place.pk), Event()

    def change():
        with transaction.atomic(), connection.cursor() as cursor:
            here.select_for_update(of=("self",), no_key=True).get()
            held.set()
            waited, until = False, monotonic() + PATIENCE
            while not waited:
                assert monotonic() < until
                cursor.execute(SOMEBODY_WAITS_FOR_US)
                [waited] = cursor.fetchone()
            therapists = Therapist.objects.filter(location=place)
            return len(therapists.select_for_update(of=("self",), nowait=True))

    def end():
        assert held.wait(PATIENCE)
        with transaction.atomic():
            visits_are_ahead(place, now=NOW)
            here.update(gives_massage=False)

    assert errors(together(change, end)) == []
