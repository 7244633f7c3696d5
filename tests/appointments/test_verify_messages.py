"""`manage.py verify` of messages: nobody is forgotten, misled, or written to twice."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import connection

from appointments import actions
from appointments.codes import Ending, Status
from appointments.models import Appointment, Therapist, TimeOff
from massage_portal.accounts.roles import Role
from massage_portal.audit.record import record
from massage_portal.outbox.actions import about, expire
from massage_portal.outbox.codes import Failure
from massage_portal.outbox.locks import sign_of_life
from massage_portal.outbox.models import Message, Preference
from referrals.models import Referral
from tests.appointments.sound import a_life, faults, the_fault
from tests.factories import (
    DAY,
    HOUR,
    NOW,
    make_message,
    make_policy,
    make_user,
    opening_at,
)

pytestmark = pytest.mark.django_db
MINUTE, SECOND = timedelta(minutes=1), timedelta(seconds=1)
LATE = 15 * MINUTE + SECOND
REMINDER = "appointments.reminder"
REMINDED_OF = "each reminder of a visit went once, or visibly ended"


@pytest.fixture
def visit():
    """A visit two days ahead; of its reminders, that of a day before is yet to come."""
    return a_life()


@pytest.fixture
def reminder(visit):
    return Message.objects.get(
        kind=REMINDER, about=f"appointments.appointment:{visit.pk}"
    )


def change(message, **fields):
    Message.objects.filter(pk=message.pk).update(**fields)


def went(at):
    return {"sent_at": at, "began_at": at, "attempts": 1}


def settle_all_but(reminder):
    """Have what else is owed by then be ended, as the sweep would."""
    others = Message.objects.unsent().exclude(pk=reminder.pk)
    others.update(voided_at=NOW)


def its_reminder(visit):
    return f"appointment {visit.pk}: its reminder of 24 h before"


# --- Each reminder once ---------------------------------------------------------------


def test_a_reminder_that_is_not_sent_in_fifteen_minutes_is_named(visit, reminder):
    settle_all_but(reminder)
    late = reminder.due_at + LATE
    assert faults(reminder.due_at + 15 * MINUTE) == {}

    assert the_fault(late)[1] == (
        f"{its_reminder(visit)} is 15 minutes late (is its channel down?)"
    )
    for end in (
        {"failed_at": late, "failed_because": Failure.UNREACHABLE},
        {"quiet_until": late},
        went(late),
    ):
        blank = dict.fromkeys(("voided_at", "failed_at", "quiet_until"))
        change(reminder, **blank | {"failed_because": ""} | end)
        assert faults(late) == {}


def test_a_reminder_that_nobody_owes_is_named(visit, reminder):
    settle_all_but(reminder)
    late = reminder.due_at + LATE
    reminder.delete()

    assert the_fault(late)[1] == f"{its_reminder(visit)} is owed 0 times, not once"
    Appointment.objects.update(booked_at=late - LATE)  # after the reminder's moment
    assert faults(late) == {}


def test_a_reminder_under_another_key_is_named_as_the_second(visit, reminder):
    change(reminder, **went(reminder.due_at))
    user = visit.patient.user
    again = make_message(kind=REMINDER, subject=visit, to=user, due_at=reminder.due_at)
    change(again, **went(reminder.due_at))
    settle_all_but(reminder)

    said = the_fault(reminder.due_at + LATE)[1]
    assert said == f"{its_reminder(visit)} is owed 2 times, not once"


def test_reminders_are_those_of_the_policy_as_the_visit_was_booked(visit, reminder):
    change(reminder, **went(reminder.due_at))
    settle_all_but(reminder)
    after = visit.starts_at - HOUR
    make_policy(in_force_from=NOW + SECOND, second_reminder_hours=2)
    assert faults(after) == {}

    make_policy(in_force_from=NOW - SECOND, second_reminder_hours=3)
    said = the_fault(after)[1]
    assert said == (
        f"appointment {visit.pk}: its reminder of 3 h before is owed 0 times, not once"
    )


# --- Withdrawn from a visit that stands -----------------------------------------------


@pytest.fixture
def withdrawn(visit, reminder):
    """What is said once the reminder of the visit, booked then, was withdrawn."""
    settle_all_but(reminder)
    change(reminder, voided_at=reminder.due_at)
    return f"{its_reminder(visit)} was withdrawn, and the visit stood"


def test_a_reminder_withdrawn_from_a_visit_that_stands_is_named(reminder, withdrawn):
    assert the_fault(reminder.due_at + LATE)[1] == withdrawn


@pytest.mark.parametrize("outcome", [Status.FULFILLED, Status.NOSHOW])
def test_it_is_named_still_once_the_visit_was_made_or_missed(
    outcome, visit, reminder, withdrawn
):
    by, now = visit.therapist.user, visit.ends_at
    actions.record_visit(appointment=visit, outcome=outcome, by=by, now=now)
    settle_all_but(reminder)
    freed = {"by": by, "at": visit.ends_at + 2 * DAY}
    record("time_off.ended", TimeOff(pk=1, therapist=visit.therapist), **freed)

    assert faults(now + 3 * DAY)[REMINDED_OF] == [withdrawn]


def test_what_was_withdrawn_as_the_patient_came_is_not_named(
    visit, reminder, withdrawn
):
    by, came = visit.therapist.user, visit.starts_at
    actions.arrive(appointment=visit, by=by, now=came)
    change(reminder, voided_at=came)
    assert REMINDED_OF not in faults(came + LATE)

    change(reminder, voided_at=came - SECOND)
    assert faults(came + LATE)[REMINDED_OF] == [withdrawn]


def test_a_referral_that_ends_later_does_not_hide_what_was_withdrawn_before(
    visit, reminder, withdrawn
):
    referral = visit.entry.referral
    Referral.objects.filter(pk=referral.pk).update(status="completed")
    done = {"by": None, "at": reminder.due_at + MINUTE, "change": "active>completed"}
    record("referral.completed", referral, **done)

    assert faults(reminder.due_at + LATE)[REMINDED_OF] == [withdrawn]


def _here_already(visit):
    Appointment.objects.filter(pk=visit.pk).update(status="arrived")


def _on_hold(visit):
    Referral.objects.filter(pk=visit.entry.referral_id).update(status="on-hold")


def _therapist_is_gone(visit):
    Therapist.objects.filter(pk=visit.therapist_id).update(active=False)


def _wants_none(visit):
    Preference.objects.create(user=visit.patient.user, optional=False)


@pytest.mark.parametrize(
    "why", [_here_already, _on_hold, _therapist_is_gone, _wants_none]
)
def test_where_the_visit_or_its_patient_asks_for_none_nothing_is_named(
    why, visit, reminder, withdrawn
):
    why(visit)

    said = faults(reminder.due_at + LATE).get(REMINDED_OF, [])
    assert withdrawn not in said


@pytest.mark.parametrize(
    ("action", "of", "change_told"),
    [
        ("referral.cleared", "referral", "on-hold>active"),
        ("preference.changed", "preference", "optional"),
        ("time_off.ended", "nothing", ""),
    ],
)
def test_what_may_have_been_in_the_way_until_lately_is_given_the_doubt(
    action, of, change_told, visit, reminder, withdrawn
):
    subjects = {
        "referral": visit.entry.referral,
        "preference": Preference(user=visit.patient.user),
        "nothing": TimeOff(pk=1, therapist=visit.therapist),
    }
    at = reminder.due_at + MINUTE
    who = {"by": make_user(), "change": change_told}
    record(action, subjects[of], at=at, **who)
    assert faults(reminder.due_at + LATE) == {}

    change(reminder, voided_at=at + SECOND)
    assert faults(reminder.due_at + LATE) == {REMINDED_OF: [withdrawn]}


# --- Nothing of what ended ------------------------------------------------------------


def test_a_reminder_sent_after_the_visit_was_canceled_is_named(visit, reminder):
    user = visit.patient.user
    actions.cancel(appointment=visit, ending=Ending.BY_PATIENT, by=user, now=NOW)
    settle_all_but(reminder)
    word = Message.objects.get(
        kind="appointments.cancelled", about=f"appointments.appointment:{visit.pk}"
    )
    change(word, voided_at=None, **went(NOW + HOUR))
    change(reminder, voided_at=None, **went(NOW + 30 * SECOND))
    assert "nothing was sent of a visit that had ended" not in faults()

    change(reminder, began_at=NOW + 31 * SECOND)

    assert faults()["nothing was sent of a visit that had ended"] == [
        f"message {reminder.pk} ({REMINDER}): it was sent 31 s after the end of "
        f"appointment {visit.pk}"
    ]


def test_what_is_sent_of_a_visit_entered_in_error_is_named(visit):
    by = visit.therapist.user
    nine = visit.starts_at
    actions.arrive(appointment=visit, by=by, now=nine)
    again = actions.undo_mark(appointment=visit, by=by, now=nine)
    word = make_message(kind=REMINDER, subject=visit, to=visit.patient.user)
    says = "nothing was sent of a visit that had ended"
    change(word, **went(nine + 30 * SECOND))
    assert says not in faults(nine + HOUR)

    change(word, **went(nine + 31 * SECOND))

    assert faults(nine + HOUR)[says] == [
        f"message {word.pk} ({REMINDER}): it was sent 31 s after the end of "
        f"appointment {visit.pk}"
    ]
    change(word, about=about(again))
    assert says not in faults(nine + HOUR)


ENDED = "nothing was sent of a visit that had ended"


def test_what_began_after_word_of_the_end_went_was_sent_after_the_end(visit, reminder):
    user = visit.patient.user
    actions.cancel(appointment=visit, ending=Ending.BY_PATIENT, by=user, now=NOW)
    settle_all_but(reminder)
    here = f"appointments.appointment:{visit.pk}"
    word = Message.objects.get(kind="appointments.cancelled", about=here)
    change(word, voided_at=None, **went(NOW + 5 * SECOND))
    change(reminder, voided_at=None, **went(NOW + 5 * SECOND))
    assert ENDED not in faults()

    change(reminder, **went(NOW + 6 * SECOND))
    assert faults()[ENDED] == [
        f"message {reminder.pk} ({REMINDER}): it was sent 6 s after the end of "
        f"appointment {visit.pk}"
    ]
    change(word, created_at=NOW - SECOND)  # owed of something else: it proves nothing
    assert ENDED not in faults()


def test_word_of_another_time_proves_the_end_of_the_old_one(visit, reminder):
    by, opening = make_user(Role.SCHEDULER), visit.starts_at + 2 * HOUR
    where = opening_at(visit.therapist, visit.room, opening)
    again = actions.move(appointment=visit, opening=where, by=by, now=NOW)
    settle_all_but(reminder)
    word = Message.objects.get(kind="appointments.moved", about=about(again))
    change(word, voided_at=None, **went(NOW + 5 * SECOND))
    change(reminder, voided_at=None, **went(NOW + 5 * SECOND))
    assert ENDED not in faults()

    change(reminder, **went(NOW + 6 * SECOND))
    assert faults()[ENDED] == [
        f"message {reminder.pk} ({REMINDER}): it was sent 6 s after the end of "
        f"appointment {visit.pk}"
    ]


# --- Each once, in time, in hand ------------------------------------------------------


def test_a_fact_owed_twice_and_a_message_that_nobody_sent_are_named():
    first, second = make_message(kind=REMINDER), make_message(kind=REMINDER)
    change(first, sent_at=NOW)
    said = the_fault()[1]
    assert said.startswith(f"message {first.pk}: it is marked as sent, and no worker")

    change(first, **went(NOW))
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute(
            "ALTER TABLE outbox_message DROP CONSTRAINT message_is_owed_once"
        )
    change(second, key=first.key)

    assert the_fault()[1] == (
        f"messages {first.pk}, {second.pk}: they are one and the same, owed 2 times"
    )


def test_a_message_kept_or_sent_past_its_use_is_named():
    message = make_message(kind=REMINDER, expires_at=NOW + HOUR)
    assert faults(NOW + HOUR + MINUTE - SECOND) == {}
    over = NOW + HOUR + MINUTE

    said = the_fault(over)[1]
    assert said.startswith(f"message {message.pk}: it is of no use since 60 s")
    expire(now=over)
    assert faults(over) == {}

    change(message, failed_at=None, failed_because="", **went(NOW + HOUR + SECOND))
    said = the_fault(over)[1]
    assert said == f"message {message.pk}: it was sent 1 s after it was of any use"


def test_a_message_left_with_a_sender_that_is_gone_is_named():
    message = make_message(kind=REMINDER)
    with sign_of_life() as alive:
        change(message, claim=alive, began_at=NOW)
        assert faults(NOW + LATE) == {}

    assert faults(NOW + 15 * MINUTE) == {}
    said = the_fault(NOW + LATE)[1]
    assert said.startswith(f"message {message.pk}: its sender is gone")
