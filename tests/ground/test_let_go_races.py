"""What senders hold is let go by real threads, while other threads send it."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta
from functools import partial
from time import sleep

from django.db import transaction

from massage_portal.accounts.models import User
from massage_portal.outbox import actions, sending
from massage_portal.outbox.kinds import Mail
from massage_portal.outbox.models import Message
from tests.factories import make_message, make_user
from tests.processes import until
from tests.threads import errors, together

SENDERS, CHANGERS, READERS = 3, 2, 120
BEFORE, AFTER = "as it was", "as it is"


def now():
    return datetime.now(UTC)


def tells_the_name(message):
    """Write what the record says at this moment."""
    name = User.objects.get(pk=message.recipient_id).name
    return Mail(subject=name, text=name, html=f"<p>{name}</p>")


def send_until_none_is_left():
    while Message.objects.unsent().exists():
        sending.send_some(clock=now)


def change(users, changed):
    """Change each record, have its message let go, and remember since when."""
    for user in users:
        sleep(random.uniform(0, 0.02))  # noqa: S311 - chance, no secret
        with transaction.atomic():
            User.objects.filter(pk=user.pk).update(name=AFTER)
            actions.let_go(user)
        changed[user.pk] = now()


def test_what_is_begun_after_a_change_tells_of_it_and_all_goes_once(
    committed, server, render
):
    render(tells_the_name)
    server.each_step = 0.005
    users = [make_user(name=BEFORE) for _ in range(READERS)]
    end = now() + timedelta(days=1)
    messages = {make_message(to=one, expires_at=end).pk: one for one in users}
    changed: dict[int, object] = {}

    outcomes = together(
        *[send_until_none_is_left] * SENDERS,
        *(partial(change, users[n::CHANGERS], changed) for n in range(CHANGERS)),
    )

    assert errors(outcomes) == []
    until(lambda: len(server.caught) >= READERS, "all mails")
    assert set(server.times_caught.values()) == {1}
    assert len(server.caught) == READERS
    told = {mail["To"]: mail["Subject"] for mail in server.mails}
    for message in Message.objects.all():
        user = messages[message.pk]
        assert message.sent_at
        if told[user.email] == BEFORE:
            assert message.began_at <= changed[user.pk]
    assert set(told.values()) == {BEFORE, AFTER}
