"""What senders hold is let go by real threads, while other threads send it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from queue import Queue
from threading import Event

from django.db import transaction

from massage_portal.accounts.models import User
from massage_portal.outbox import actions, sending
from massage_portal.outbox.kinds import Mail
from massage_portal.outbox.models import Message
from tests.factories import make_message, make_user
from tests.mails import parsed
from tests.processes import until
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
