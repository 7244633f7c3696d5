"""What the database itself refuses of appointments, each constraint by its name."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import IntegrityError, InternalError, transaction

from appointments.codes import (
    HOLDING_TIME,
    TAKING_THE_ENTRY,
    TRANSITIONS,
    Ending,
    EntryStatus,
    Status,
)
from appointments.models import Appointment
from tests.factories import (
    DAY,
    HOUR,
    NOW,
    make_appointment,
    make_entry,
    make_room,
    make_therapist,
)

pytestmark = pytest.mark.django_db

MINUTE = timedelta(minutes=1)
START = NOW + 2 * DAY
FREE_AGAIN = START + HOUR  # the first appointment holds [START, FREE_AGAIN)
PLACES = [
    pytest.param("therapist", "appointment_therapist_is_in_one_place", id="therapist"),
    pytest.param("room", "appointment_room_is_in_one_place", id="room"),
    pytest.param("patient", "appointment_patient_is_in_one_place", id="patient"),
]
LETTING_GO = [status for status in Status if status not in HOLDING_TIME]


def shared(who, first):
    """Return fields by which a second appointment has the same `who`, and no more."""
    if who == "patient":
        mine = first.entry.referral
        entry = make_entry(
            referral=mine,
            session=mine.waitlist_entries.count() + 1,
            patient=mine.patient,
        )
        return {"entry": entry}
    if who == "therapist":
        other_room = make_room(location=first.room.location)
        return {"therapist": first.therapist, "room": other_room}
    return {"room": first.room}


@pytest.mark.parametrize(("who", "name"), PLACES)
@pytest.mark.parametrize("status", HOLDING_TIME)
def test_a_held_time_cannot_be_held_twice(who, name, status):
    first = make_appointment(status=status, starts_at=START)
    second = shared(who, first)

    with pytest.raises(IntegrityError, match=f'"{name}"'):
        make_appointment(status=Status.BOOKED, starts_at=START + 59 * MINUTE, **second)


@pytest.mark.parametrize(("who", "name"), PLACES)
@pytest.mark.parametrize("status", HOLDING_TIME)
def test_no_holding_state_is_let_into_a_time_already_held(who, name, status):
    first = make_appointment(status=Status.BOOKED, starts_at=START)
    second = shared(who, first)

    with pytest.raises(IntegrityError, match=f'"{name}"'):
        make_appointment(status=status, starts_at=START - 59 * MINUTE, **second)


@pytest.mark.parametrize(("who", "name"), PLACES)
def test_a_time_inside_another_or_around_it_is_refused(who, name):
    first = make_appointment(status=Status.BOOKED, starts_at=START)
    inside = {"starts_at": START + MINUTE, "ends_at": START + 2 * MINUTE}
    around = {"starts_at": START - HOUR, "ends_at": START + 2 * HOUR}

    for times in (inside, around):
        second = shared(who, first)
        with pytest.raises(IntegrityError, match=f'"{name}"'), transaction.atomic():
            make_appointment(
                status=Status.BOOKED, blocked_until=times["ends_at"], **times, **second
            )


@pytest.mark.parametrize(("who", "name"), PLACES)
def test_back_to_back_appointments_pass(who, name):
    first = make_appointment(status=Status.BOOKED, starts_at=START)

    after = make_appointment(
        status=Status.BOOKED, starts_at=FREE_AGAIN, **shared(who, first)
    )
    before = make_appointment(
        status=Status.BOOKED, starts_at=START - HOUR, **shared(who, first)
    )

    assert getattr(after, who) == getattr(before, who) == getattr(first, who)
    assert before.blocked_until == first.starts_at
    assert Appointment.objects.holding_time().count() == 3


@pytest.mark.parametrize(("who", "name"), PLACES)
def test_the_minutes_after_a_visit_are_held_too(who, name):
    first = make_appointment(status=Status.BOOKED, starts_at=START)
    assert first.ends_at < FREE_AGAIN - MINUTE

    with pytest.raises(IntegrityError, match=f'"{name}"'):
        make_appointment(
            status=Status.BOOKED, starts_at=FREE_AGAIN - MINUTE, **shared(who, first)
        )


@pytest.mark.parametrize(("who", "name"), PLACES)
@pytest.mark.parametrize("status", LETTING_GO)
def test_a_state_that_lets_go_of_its_time_keeps_nobody_out(who, name, status):
    first = make_appointment(status=status, starts_at=START)

    second = make_appointment(
        status=Status.BOOKED, starts_at=START, **shared(who, first)
    )

    assert getattr(second, who) == getattr(first, who)
    assert list(Appointment.objects.holding_time()) == [second]


@pytest.mark.parametrize(("who", "name"), PLACES)
@pytest.mark.parametrize("status", LETTING_GO)
def test_a_state_that_lets_go_is_kept_out_by_nobody(who, name, status):
    first = make_appointment(status=Status.BOOKED, starts_at=START)

    second = make_appointment(status=status, starts_at=START, **shared(who, first))

    assert getattr(second, who) == getattr(first, who)
    assert list(Appointment.objects.holding_time()) == [first]


def test_another_therapist_room_and_patient_pass_at_the_same_time():
    first = make_appointment(status=Status.BOOKED, starts_at=START)
    other_room = make_room(location=first.room.location)
    other = make_therapist(location=first.room.location)

    second = make_appointment(
        status=Status.BOOKED, starts_at=START, therapist=other, room=other_room
    )

    assert second.starts_at == first.starts_at
    assert second.patient != first.patient


@pytest.mark.parametrize(("who", "name"), PLACES)
def test_a_time_let_go_cannot_be_held_again_once_another_has_it(who, name):
    """The way back into a holding state is guarded like the way in."""
    first = make_appointment(status=Status.PROPOSED, starts_at=START)
    second = make_appointment(
        status=Status.PROPOSED, starts_at=FREE_AGAIN, **shared(who, first)
    )

    with pytest.raises(IntegrityError, match=f'"{name}"'):
        Appointment.objects.filter(pk=second.pk).update(starts_at=START)


@pytest.mark.parametrize("status", TAKING_THE_ENTRY)
def test_an_entry_is_booked_once(status):
    first = make_appointment(status=status, starts_at=START)

    with pytest.raises(IntegrityError, match='"appointment_one_booked_per_entry"'):
        make_appointment(status=Status.BOOKED, entry=first.entry, starts_at=START + DAY)


@pytest.mark.parametrize(
    "status", [status for status in Status if status not in TAKING_THE_ENTRY]
)
def test_an_offer_open_or_ended_leaves_the_entry_to_be_booked(status):
    """The other half of appointment_one_booked_per_entry."""
    entry = make_entry(status=EntryStatus.IN_PROGRESS)
    make_appointment(status=status, entry=entry, starts_at=START)

    booked = make_appointment(status=Status.BOOKED, entry=entry, starts_at=START + DAY)

    assert booked.entry == entry


def test_every_state_of_fhir_is_kept_and_no_other():
    kept = [make_appointment(status=status).status for status in Status]
    assert kept == Status.values

    with pytest.raises(IntegrityError, match='"appointment_status_is_known"'):
        make_appointment(status="attended")


@pytest.mark.parametrize(
    ("ends_at", "blocked_until"),
    [
        pytest.param(START, FREE_AGAIN, id="it ends as it starts"),
        pytest.param(START - MINUTE, FREE_AGAIN, id="it ends before it starts"),
        pytest.param(FREE_AGAIN, FREE_AGAIN - MINUTE, id="free before it ends"),
    ],
)
def test_the_times_of_an_appointment_run_forward(ends_at, blocked_until):
    at_the_bound = {"ends_at": START + MINUTE, "blocked_until": START + MINUTE}
    assert make_appointment(status=Status.BOOKED, starts_at=START, **at_the_bound).pk

    with pytest.raises(IntegrityError, match='"appointment_times_run_forward"'):
        make_appointment(
            status=Status.BOOKED,
            starts_at=START,
            ends_at=ends_at,
            blocked_until=blocked_until,
        )


def test_an_offer_holds_its_time_until_some_moment_and_a_booking_needs_none():
    assert make_appointment(status=Status.PROPOSED, held_until=NOW).held_until == NOW
    assert make_appointment(status=Status.BOOKED, held_until=None).held_until is None

    with pytest.raises(IntegrityError, match='"appointment_offer_has_an_end"'):
        make_appointment(status=Status.PROPOSED, held_until=None)


@pytest.mark.parametrize("status", TAKING_THE_ENTRY)
def test_a_booking_has_the_moment_it_was_made(status):
    assert make_appointment(status=status, booked_at=NOW).booked_at == NOW
    assert make_appointment(status=Status.PROPOSED, booked_at=None).booked_at is None

    with pytest.raises(IntegrityError, match='"appointment_booking_has_a_moment"'):
        make_appointment(status=status, booked_at=None)


@pytest.mark.parametrize("ending", Ending)
def test_every_reason_for_cancelling_is_kept(ending):
    """With its moment: one half of appointment_cancelling_is_whole."""
    assert make_appointment(status=Status.CANCELLED, ending=ending).ended_at == NOW


@pytest.mark.parametrize(
    ("status", "fields"),
    [
        pytest.param(Status.CANCELLED, {"ended_at": None}, id="no moment"),
        pytest.param(Status.CANCELLED, {"ending": ""}, id="no reason"),
        pytest.param(Status.CANCELLED, {"ending": "bored"}, id="unknown reason"),
        pytest.param(Status.BOOKED, {"ended_at": NOW}, id="booked, with a moment"),
        pytest.param(Status.BOOKED, {"ending": "pat"}, id="booked, with a reason"),
        pytest.param(Status.NOSHOW, {"ended_at": NOW}, id="missed, with a moment"),
    ],
)
def test_cancelling_cannot_be_recorded_by_halves(status, fields):
    with pytest.raises(IntegrityError, match='"appointment_cancelling_is_whole"'):
        make_appointment(status=status, **fields)


def allowed_from(appointment):
    """Return the states that a bare UPDATE can reach from this row's state."""
    reached = set()
    for new in Status:
        ended = new == Status.CANCELLED
        try:
            with transaction.atomic():
                changed = Appointment.objects.filter(pk=appointment.pk).update(
                    status=new,
                    booked_at=NOW,
                    held_until=NOW,
                    ended_at=NOW if ended else None,
                    ending=Ending.BY_PATIENT if ended else "",
                )
                transaction.set_rollback(True)
        except InternalError as refusal:
            # The server names the function of the trigger that said no.
            if "legal_appointment_changes" not in refusal.__cause__.diag.context:
                raise
        else:
            assert changed == 1
            reached.add(new)
    return reached


@pytest.mark.parametrize("old", Status)
def test_an_appointment_takes_only_legal_steps(old):
    assert allowed_from(make_appointment(status=old)) == TRANSITIONS[old] | {old}
