"""
Messages owed, under many hands: threads, and real workers and beats that get killed.

The database, the broker and the mail server are real too.
"""

from __future__ import annotations

from datetime import UTC, datetime
from functools import partial

import pytest

from appointments.actions.book import owe_booking
from appointments.models import Policy
from massage_portal.outbox.models import Message
from tests.factories import (
    DAY,
    HOUR,
    NOW,
    make_appointment,
    make_clinic,
    make_message,
    make_policy,
)
from tests.processes import background, mail_server, until
from tests.threads import errors, together, won

# One after the other, on one pytest worker: together they would starve each other.
pytestmark = [pytest.mark.processes, pytest.mark.xdist_group("processes")]

# The processes read the real clock, so what is owed here has always been due, and the
# visits are further off than anybody will run this.
LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)
FAR_OFF = datetime(2190, 6, 1, 15, 0, tzinfo=UTC)


@pytest.fixture
def mail(committed):
    with mail_server() as server:
        yield server


def booked(count: int) -> None:
    """Book visits whose confirmation and both reminders are due."""
    policy = make_policy(in_force_from=LONG_AGO)
    _, (therapist,), (room,) = make_clinic()
    for number in range(count):
        visit = make_appointment(
            therapist=therapist, room=room, starts_at=FAR_OFF + number * 2 * HOUR
        )
        owe_booking(visit, to=visit.patient.user, now=LONG_AGO, policy=policy)
    Message.objects.update(due_at=LONG_AGO)


def sent() -> int:
    return Message.objects.exclude(sent_at=None).count()


@pytest.mark.usefixtures("committed")
def test_of_eight_threads_that_claim_one_message_one_wins():
    message = make_message()
    claim = partial(Message.objects.claim, message.pk, now=NOW)

    outcomes = together(*[claim] * 8)

    assert errors(outcomes) == []
    (key,) = filter(None, won(outcomes))
    message.refresh_from_db()
    assert (message.claim, message.attempts) == (key, 1)


def test_two_workers_and_two_beats_send_each_message_once(mail):
    booked(12)
    owed = {str(key) for key in Message.objects.values_list("message_id", flat=True)}
    assert len(owed) == 36

    with background(mail) as run:
        run.worker("threads")
        run.worker("prefork")
        run.beat()
        run.beat()
        until(lambda: sent() == 36, "36 messages sent")
        until_the_next_sweep(mail)
        until_the_next_sweep(mail)

    counted = mail.times_caught
    ids = {key.strip("<>").partition("@")[0] for key in counted}
    assert owed < ids
    assert set(counted.values()) == {1}
    assert set(Message.objects.values_list("attempts", flat=True)) == {1}


def until_the_next_sweep(mail):
    """Owe one message more and see it come: whatever was due before had its turn."""
    visit = make_appointment(starts_at=FAR_OFF - 30 * DAY)
    policy = Policy.objects.in_force(LONG_AGO)
    owe_booking(visit, to=visit.patient.user, now=LONG_AGO, policy=policy)
    visit_mails = Message.objects.filter(about=f"appointments.appointment:{visit.pk}")
    visit_mails.exclude(kind="appointments.booked").delete()
    until(lambda: not visit_mails.filter(sent_at=None).exists(), "a message owed later")


def test_a_worker_killed_between_claim_and_send_loses_nothing(mail):
    booked(1)
    Message.objects.exclude(kind="appointments.booked").delete()
    message = Message.objects.get()
    mail.gate.clear()  # a claim is taken, and the server keeps the worker waiting

    with background(mail) as run:
        run.beat()
        victim = run.worker()
        until(mail.reached.is_set, "a worker at the mail server")
        victim.kill()
        mail.gate.set()

        run.worker()
        until_the_next_sweep(mail)
        message.refresh_from_db()
        assert (message.sent_at, message.attempts) == (None, 1)
        assert message.claim is not None
        assert mail.times_caught[mail_id(message)] == 0

        # What 100 seconds would do: the dead worker's lease is over.
        Message.objects.filter(pk=message.pk).update(claimed_until=LONG_AGO)
        until(lambda: mail.times_caught[mail_id(message)], "the mail, after the lease")
        until_the_next_sweep(mail)

    message.refresh_from_db()
    assert mail.times_caught[mail_id(message)] == 1
    assert message.sent_at is not None
    assert message.attempts == 2


def mail_id(message):
    return f"<{message.message_id}@example.org>"
