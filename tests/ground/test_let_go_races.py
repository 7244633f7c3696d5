"""What senders hold is let go by real threads, while other threads send it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from queue import Queue
from threading import Event

import pytest
from django.db import OperationalError, connection, transaction

from massage_portal.accounts.models import User
from massage_portal.outbox import actions, sending
from massage_portal.outbox.kinds import Mail
from massage_portal.outbox.models import Message
from massage_portal.outbox.models.message import MessageQuerySet
from tests.factories import NOW, make_message, make_user
from tests.mails import parsed
from tests.processes import until
from tests.sending import fill, send_all
from tests.threads import errors, together

SENDERS, CHANGERS, READERS = 3, 2, 60
BEFORE, AFTER = "as it was", "as it is"
PATIENCE = 60  # seconds


def now():
    return datetime.now(UTC)


class Changes:
    """Changes records in other threads; whoever asks waits until it is made."""

    def __init__(self, users):
        self.asked = Queue()
        self.made = {user.pk: Event() for user in users}

    def make(self, user):
        """Have a record changed the first time that this is asked of it."""
        if not self.made[user.pk].is_set():
            self.asked.put(user)
            assert self.made[user.pk].wait(PATIENCE)

    def go_on(self):
        """Make what is asked for, until nothing more is."""
        while user := self.asked.get(timeout=PATIENCE):
            with transaction.atomic():
                User.objects.filter(pk=user.pk).update(name=AFTER)
                actions.let_go(user)
            self.made[user.pk].set()

    def send(self):
        """Send until nothing is left; then the changes may end."""
        while Message.objects.unsent().exists():
            sending.send_some(clock=now)
        for _ in range(CHANGERS):
            self.asked.put(None)


def test_what_is_begun_after_a_change_tells_of_it_and_all_goes_once(
    committed, server, render
):
    users = [make_user(name=BEFORE) for _ in range(READERS)]
    as_written, on_its_way, never = (users[n::3] for n in range(3))
    changes = Changes(users)

    def tells_the_name(message):
        """Write what the record says; some are changed before that is begun."""
        user = User.objects.get(pk=message.recipient_id)
        if user in as_written:
            changes.make(user)
        return Mail(subject=user.name, text=user.name, html=f"<p>{user.name}</p>")

    def answer(raw):
        """Take a mail; of some the record is changed before the server says so."""
        for user in on_its_way:
            if user.email == parsed(raw)["To"]:
                changes.make(user)

    render(tells_the_name)
    server.before_answer = answer
    end = now() + timedelta(days=1)
    for user in users:
        make_message(to=user, expires_at=end)

    outcomes = together(*[changes.send] * SENDERS, *[changes.go_on] * CHANGERS)

    assert errors(outcomes) == []
    until(lambda: len(server.caught) >= READERS, "all mails")
    assert len(server.caught) == READERS
    assert set(server.times_caught.values()) == {1}
    told = {mail["To"]: mail["Subject"] for mail in server.mails}
    assert {told[user.email] for user in as_written} == {AFTER}
    assert {told[user.email] for user in [*on_its_way, *never]} == {BEFORE}
    assert not Message.objects.filter(sent_at=None).exists()


# --- A deadlock -----------------------------------------------------------------------


class Circle:
    """A sender that holds the first and wants the second; another does the reverse."""

    def __init__(self, first, second, *, ends_sender):
        self.first, self.second = first, second
        self.ends_sender = ends_sender
        self.comes, self.is_held = Event(), Event()
        self.sender = None  # the number of its session

    def send(self):
        """Send all; if this one is to be ended, it looks for the circle at last."""
        look_for_it_after("3s" if self.ends_sender else "1min")
        by_key()
        self.sender = connection.connection.info.backend_pid
        return send_all()

    def wait(self, key):
        """Go on with the second once the other holds it."""
        if key == self.second.pk:
            self.comes.set()
            assert self.is_held.wait(PATIENCE)

    def withdraw(self):
        """Withdraw both, as one does who ends the visits of many."""
        look_for_it_after("1min" if self.ends_sender else "10ms")
        assert self.comes.wait(PATIENCE)
        with transaction.atomic():
            actions.void(self.second.recipient, now=NOW)
            self.is_held.set()
            until(self.sender_waits, "the sender, which waits for the second")
            actions.void(self.first.recipient, now=NOW)

    def sender_waits(self):
        with connection.cursor() as cursor:
            ours = "SELECT pg_backend_pid() = ANY (pg_blocking_pids(%s))"
            cursor.execute(ours, [self.sender])
            return cursor.fetchone()[0]


def look_for_it_after(time):
    with connection.cursor() as cursor:
        cursor.execute("SELECT set_config('deadlock_timeout', %s, false)", [time])


def by_key():
    """Have rows locked in the order of their keys, and not as they lie on disk."""
    with connection.cursor() as cursor:
        cursor.execute("SET enable_bitmapscan = off")


@pytest.mark.parametrize("ends_sender", [True, False])
def test_whomever_a_deadlock_ends_what_went_is_marked_and_all_goes_once(
    committed, server, monkeypatch, ends_sender
):
    fill(sent=2_000, owed=0)  # a long table's rows are found by key, and locked so
    first, second, third = (make_message() for _ in range(3))
    circle = Circle(first, second, ends_sender=ends_sender)
    begin = MessageQuerySet.begin

    ended = []

    def begun(self, key, **how):
        circle.wait(key)
        try:
            return begin(self, key, **how)
        except OperationalError as fault:
            ended.append(str(fault))
            raise

    monkeypatch.setattr(MessageQuerySet, "begin", begun)
    sent, withdrawn = together(circle.send, circle.withdraw)

    assert sent.value == 3
    assert ["deadlock" in fault for fault in ended] == [True] * ends_sender
    assert ("deadlock" in str(withdrawn.error)) != ends_sender
    alive = Message.objects.filter(voided_at=None, pk__gte=first.pk)
    went = {first.pk, third.pk} if ends_sender else {first.pk, second.pk, third.pk}
    assert dict(alive.values_list("pk", "sent_at")) == dict.fromkeys(went, NOW)
    assert not alive.exclude(claim=None).exists()
    assert sorted(mail["To"] for mail in server.mails) == sorted(
        one.recipient.email for one in (first, second, third) if one.pk in went
    )
