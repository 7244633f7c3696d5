"""A visit marked as missed by mistake: what was told of it is put right, once."""

from __future__ import annotations

import pytest

from appointments import actions
from appointments.codes import Status
from massage_portal.accounts.roles import Role
from massage_portal.outbox import actions as outbox
from massage_portal.outbox import sending
from massage_portal.outbox.actions import about
from massage_portal.outbox.models import Message
from massage_portal.outbox.models.message import LEASE
from tests.appointments.sound import faults
from tests.factories import HOUR, NOW, make_appointment, make_user

pytestmark = pytest.mark.django_db
MISSED, CORRECTION = "appointments.missed", "appointments.not_missed"
TOLD = NOW + HOUR  # of what was missed
LATER = TOLD + HOUR
CORRECTED = LATER + LEASE


@pytest.fixture
def therapist():
    return make_user(Role.SCHEDULER)


@pytest.fixture
def missed(therapist):
    """A visit of an hour ago that was marked as missed just now, by mistake."""
    visit = make_appointment(starts_at=NOW - HOUR)
    return mark(visit, by=therapist)


def mark(visit, *, by, now=NOW):
    return actions.record_visit(
        appointment=visit, outcome=Status.NOSHOW, by=by, now=now
    )


def undo(visit, *, by, now):
    return actions.undo_mark(appointment=visit, by=by, now=now)


def send(now):
    sending.send_some(clock=lambda: now)


def subjects(mailoutbox):
    return [mail.subject.partition(":")[0] for mail in mailoutbox]


def test_whoever_was_told_that_they_missed_a_visit_is_told_that_they_did_not(
    missed, therapist, mailoutbox
):
    send(TOLD)
    for _again in range(2):
        undo(missed, by=therapist, now=LATER)
    for _again in range(2):
        send(CORRECTED)

    assert len(mailoutbox) == 2
    assert subjects(mailoutbox)[1] == "A correction"
    assert "did not count as missed" not in mailoutbox[1].body
    assert "It does not count as missed." in mailoutbox[1].body
    assert faults(CORRECTED).keys() <= {"no hold or freed time is a minute late"}


def test_whoever_was_not_told_hears_nothing(missed, therapist, mailoutbox):
    undo(missed, by=therapist, now=NOW + HOUR / 2)
    send(TOLD)
    send(CORRECTED)
    assert mailoutbox == []
    assert not Message.objects.filter(kind=CORRECTION).exists()


def test_whoever_was_called_of_it_is_to_be_called_again(missed, therapist):
    Message.objects.filter(kind=MISSED).update(recipient=None)
    type(missed.patient).objects.update(user=None)
    send(TOLD)
    told = Message.objects.get(kind=MISSED)
    outbox.handle_messages(messages=[told.pk], by=therapist, now=TOLD)

    undo(missed, by=therapist, now=LATER)
    send(CORRECTED)

    assert Message.objects.to_call(CORRECTED).get().kind == CORRECTION


def test_nothing_is_put_right_that_is_true_after_all(missed, therapist, mailoutbox):
    send(TOLD)
    again = undo(missed, by=therapist, now=LATER)
    mark(again, by=therapist, now=LATER)
    send(CORRECTED)
    assert subjects(mailoutbox) == ["About your appointment on Wednesday, October 14"]
    assert Message.objects.get(kind=CORRECTION).voided_at == CORRECTED


def test_a_visit_recorded_as_made_after_all_leaves_the_correction_standing(
    missed, therapist, mailoutbox
):
    send(TOLD)
    again = undo(missed, by=therapist, now=LATER)
    actions.record_visit(
        appointment=again, outcome=Status.FULFILLED, by=therapist, now=LATER
    )
    send(CORRECTED)
    assert Message.objects.get(kind=CORRECTION, about=about(missed)).sent_at
    assert len(mailoutbox) == 2
