"""Reminders that must not go as things are: owed again, called about, or outrun."""

from __future__ import annotations

import pytest

from appointments import actions
from appointments.models import TimeOff
from massage_portal.accounts.roles import Role
from massage_portal.outbox import actions as outbox
from massage_portal.outbox import desk, sending
from massage_portal.outbox.actions import about
from massage_portal.outbox.codes import Failure
from massage_portal.outbox.models import Message
from referrals import actions as referrals
from referrals.codes import Status as ReferralStatus
from referrals.models import Referral
from tests.appointments.sound import faults
from tests.factories import (
    DAY,
    HOUR,
    NOW,
    TODAY,
    at,
    make_clinic,
    make_entry,
    make_user,
    opening_at,
)

pytestmark = pytest.mark.django_db
REMINDER = "appointments.reminder"
START = at(TODAY + 6 * DAY, "10:00")
FIRST, SECOND = START - 3 * DAY, START - DAY
REMINDED_OF = "each reminder of a visit went once, or visibly ended"


@pytest.fixture
def visit():
    """A visit in six days, of which its patient has been told."""
    _, [therapist], [room] = make_clinic()
    scheduler = make_user(Role.SCHEDULER)
    opening = opening_at(therapist, room, START)
    booked = actions.book(entry=make_entry(), opening=opening, by=scheduler, now=NOW)
    send(NOW)
    return booked


def send(now):
    """Do what beat and a worker do at a moment."""
    outbox.expire(now=now)
    sending.send_some(clock=lambda: now)


def reminders(visit):
    """Return both reminders of a visit, the older first."""
    rows = Message.objects.filter(kind=REMINDER, about=about(visit))
    return list(rows.order_by("due_at"))


def subjects(mailoutbox):
    return [
        mail.subject
        for mail in mailoutbox
        if mail.subject.startswith("Your appointment on")
    ]


def hold(visit, *, now=NOW):
    """Have the referral of a visit be on hold until the provider clears it."""
    lead = make_user(Role.LEAD, Role.STAFF)
    return referrals.move(
        referral=visit.entry.referral,
        to=ReferralStatus.ON_HOLD,
        reason="A fever.",
        seen=ReferralStatus.ACTIVE,
        by=lead,
        now=now,
    )


def lift(referral, *, now):
    held = Referral.objects.get(pk=referral.pk)
    return referrals.record_clearance(
        referral=held,
        cleared_by="Dr. Rowan Sampleton",
        cleared_on=now.date(),
        seen=held.version,
        by=make_user(Role.STAFF),
        now=now,
    )


# --- On hold --------------------------------------------------------------------------


def test_a_reminder_withheld_while_the_referral_was_on_hold_goes_once_it_is_lifted(
    visit, mailoutbox
):
    hold(visit)
    send(FIRST + HOUR)
    assert reminders(visit)[0].voided_at == FIRST + HOUR
    assert subjects(mailoutbox) == []

    lift(visit.entry.referral, now=FIRST + 5 * HOUR)
    send(FIRST + 5 * HOUR)
    send(FIRST + 6 * HOUR)

    first, second = reminders(visit)
    assert (first.sent_at, first.voided_at) == (FIRST + 5 * HOUR, None)
    assert (second.sent_at, second.voided_at) == (None, None)
    assert len(subjects(mailoutbox)) == 1
    assert REMINDED_OF not in faults(FIRST + 6 * HOUR)


def test_of_two_reminders_withheld_by_a_hold_the_newest_alone_goes(visit, mailoutbox):
    hold(visit)
    send(FIRST)
    send(SECOND)

    lift(visit.entry.referral, now=SECOND + HOUR)
    send(SECOND + HOUR)

    first, second = reminders(visit)
    assert (first.sent_at, first.voided_at) == (None, FIRST)
    assert second.sent_at == SECOND + HOUR
    assert len(subjects(mailoutbox)) == 1


def test_a_hold_lifted_after_the_visit_sends_nothing(visit, mailoutbox):
    hold(visit)
    send(FIRST)
    send(SECOND)
    lift(visit.entry.referral, now=START + HOUR)
    send(START + HOUR)
    assert subjects(mailoutbox) == []


# --- After an outage ------------------------------------------------------------------


def test_after_an_outage_over_both_moments_the_newest_reminder_alone_goes(
    visit, mailoutbox
):
    send(SECOND + HOUR)
    send(SECOND + 2 * HOUR)

    first, second = reminders(visit)
    assert (first.sent_at, first.failed_because) == (None, Failure.EXPIRED)
    assert second.sent_at == SECOND + HOUR
    assert len(subjects(mailoutbox)) == 1
    assert REMINDED_OF not in faults(SECOND + 2 * HOUR)
    assert not Message.objects.to_call(SECOND + 2 * HOUR).exists()


def test_each_reminder_is_of_use_until_the_next_one_is_due(visit):
    moments = [(one.due_at, one.expires_at) for one in reminders(visit)]
    assert moments == [(FIRST, SECOND), (SECOND, START)]


# --- The clinic cannot give it --------------------------------------------------------


def fall_ill(visit):
    TimeOff.objects.create(
        therapist=visit.therapist,
        starts_at=visit.starts_at - HOUR,
        ends_at=visit.ends_at + HOUR,
    )


def test_a_reminder_that_must_not_go_is_a_call_to_the_patient(visit, mailoutbox):
    fall_ill(visit)
    send(FIRST)
    send(FIRST + HOUR)

    first, _second = reminders(visit)
    assert (first.failed_because, first.attempts) == (Failure.WITHHELD, 1)
    (call,) = desk.calls(now=FIRST + HOUR).calls
    assert call.messages == [first]
    assert call.person.patient == visit.patient_id
    assert call.reasons[0].why == "it would not be true as things are"
    assert subjects(mailoutbox) == []
    assert REMINDED_OF not in faults(FIRST + HOUR)


def test_whoever_was_called_about_it_is_not_to_be_called_again(visit):
    fall_ill(visit)
    send(FIRST)
    caller = make_user(Role.SCHEDULER)
    first, _second = reminders(visit)
    outbox.handle_messages(messages=[first.pk], by=caller, now=FIRST + HOUR)

    send(SECOND)

    assert reminders(visit)[1].voided_at == SECOND
    assert desk.calls(now=SECOND).calls == []
    assert REMINDED_OF not in faults(SECOND)


def test_until_somebody_calls_it_stays_one_call(visit):
    fall_ill(visit)
    send(FIRST)
    send(SECOND)
    (call,) = desk.calls(now=SECOND).calls
    assert call.messages == reminders(visit)[1:]


def test_a_reminder_goes_that_is_true_again_by_then(visit, mailoutbox):
    fall_ill(visit)
    send(FIRST)
    TimeOff.objects.all().delete()
    send(SECOND)
    assert reminders(visit)[1].sent_at == SECOND
    assert len(subjects(mailoutbox)) == 1
    assert desk.calls(now=SECOND).calls == []
