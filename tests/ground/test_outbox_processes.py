"""
Messages owed, under many hands: threads, and real workers and beats that get killed.

The database, the broker and the mail server are real too.
"""

from __future__ import annotations

import time
from datetime import UTC, datetime
from datetime import time as clock

import pytest

from appointments.actions.book import owe_booking
from appointments.models import Policy
from massage_portal.outbox.locks import sign_of_life
from massage_portal.outbox.models import Message, Preference
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
MIDNIGHT = clock(0)  # no quiet hours, if they begin and end with it


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
    Message.objects.update(due_at=LONG_AGO, try_at=LONG_AGO)
    # By the real clock it may be night at the clinic.
    none = {"quiet_from": MIDNIGHT, "quiet_until": MIDNIGHT}
    for user in {one.recipient for one in Message.objects.all()}:
        Preference.objects.get_or_create(user=user, defaults=none)


def sent() -> int:
    return Message.objects.exclude(sent_at=None).count()


@pytest.mark.usefixtures("committed")
def test_of_eight_threads_that_want_one_message_one_begins_it():
    message = make_message(kind="accounts.password_reset")

    def begins():
        with sign_of_life() as mine:
            if Message.objects.claim(mine, most=1, now=NOW):
                begin = Message.objects.begin
                return begin(message.pk, claim=mine, channel="email", now=NOW)
        return False

    outcomes = together(*[begins] * 8)

    assert errors(outcomes) == []
    assert won(outcomes).count(True) == 1
    message.refresh_from_db()
    assert message.began_at == NOW


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


def test_a_worker_that_is_asked_to_end_finishes_its_mail_and_gives_back_the_rest(mail):
    booked(4)
    mail.each_step = 2.0  # one mail takes longer than a batch may

    with background(mail) as run:
        run.beat()
        worker = run.worker("threads")
        until(lambda: mail.connections, "a worker at the mail server")
        began = time.monotonic()
        worker.process.terminate()
        worker.process.wait(30)
        assert time.monotonic() - began < 30
        assert not Message.objects.unsent().exclude(claim=None).exists()
        assert sent() == len(mail.caught) == 1

        mail.each_step = 0.0
        run.worker("threads")
        until(lambda: sent() == 12, "the rest, by another")
    assert set(mail.times_caught.values()) == {1}
