"""A mail server that is away, slow or chokes; a database that goes in mid-send."""

from __future__ import annotations

import socket

import pytest
from aiosmtpd.smtp import AuthResult
from django.db import OperationalError, connection

from massage_portal.outbox import patience, sending
from massage_portal.outbox.models import ChannelHealth, Message
from tests.factories import HOUR, NOW, make_message, make_user
from tests.processes import LOOPBACK, mail_server
from tests.sending import (
    MINUTE,
    SECOND,
    assert_tried_again_later,
    reach,
    send,
    send_all,
)

pytestmark = pytest.mark.django_db


# --- The server is away, slow, or chokes ----------------------------------------------


def test_a_refused_connection_is_tried_again(settings, render):
    with socket.socket() as deaf:  # bound, so nobody else has the port; not listening
        deaf.bind((LOOPBACK, 0))
        reach(settings, deaf.getsockname()[1])
        message, other = make_message(), make_message()
        assert send_all() == 2
    assert_tried_again_later(message)
    assert_tried_again_later(other)
    health = ChannelHealth.objects.get()
    assert (health.failing_since, health.code) == (NOW, "ConnectionRefusedError")


def test_a_server_that_does_not_let_us_in_is_tried_again(settings, render):
    options = {"authenticator": lambda *_: AuthResult(success=False, handled=False)}
    with mail_server(auth_require_tls=False, **options) as server:
        reach(settings, server.port)
        settings.EMAIL_HOST_USER, settings.EMAIL_HOST_PASSWORD = "clinic", "outdated"
        message = make_message()
        assert not send(message)
    assert_tried_again_later(message)
    assert ChannelHealth.objects.get().code == "535"


def test_a_mail_at_which_the_server_cuts_us_off_stops_no_other(server):
    server.chokes_on = "poison@example.org"
    poison = make_message(to=make_user(email=server.chokes_on))
    others = [make_message() for _ in range(3)]
    assert send_all() == 4
    poison.refresh_from_db()
    assert (poison.unanswered, poison.try_at) == (1, NOW + 10 * MINUTE)
    assert len(server.caught) == len(others)
    assert ChannelHealth.objects.get().failing_since is None


def test_a_server_that_cuts_off_everyone_is_left_alone_after_a_few(server):
    server.cut_at = "DATA"
    for _ in range(sending.BATCH):
        make_message()
    assert send_all() == sending.BATCH
    assert server.connections == 20
    assert ChannelHealth.objects.get().failing_since == NOW
    assert not Message.objects.due(NOW + 23 * SECOND).exists()


def test_a_connection_cut_after_the_mail_was_taken_changes_nothing(server):
    server.cut_at = "QUIT"
    message = make_message()
    assert send(message)
    assert message.sent_at == NOW


def test_a_server_that_never_answers_is_asked_once_and_then_left_alone(
    server, settings
):
    settings.EMAIL_TIMEOUT = 0.2
    server.gate.clear()
    messages = [make_message() for _ in range(3)]
    assert send_all() == 3
    for message in messages:
        assert_tried_again_later(message)
    assert server.connections == 1
    health = ChannelHealth.objects.get()
    assert (health.failing_since, health.code) == (NOW, "TimeoutError")

    late = make_message(due_at=NOW + SECOND)
    assert send_all(NOW + SECOND) == 1  # by another batch: the channel rests
    assert server.connections == 1
    server.gate.set()
    assert send_all(NOW + 32 * SECOND) == 4
    assert len(server.caught) == 4
    late.refresh_from_db()
    assert late.sent_at == NOW + 32 * SECOND
    assert ChannelHealth.objects.get().failing_since is None


def test_a_rest_that_a_wrong_clock_began_does_not_last(server):
    ChannelHealth.objects.create(channel="email", rests_until=NOW + HOUR, code="x")
    assert send(make_message())


def test_all_steps_together_take_no_longer_than_the_time_of_one_mail(server, settings):
    """Each step is in time; the sum is not."""
    settings.EMAIL_TIMEOUT = 0.5
    server.each_step = 0.2
    message = make_message()
    assert not send(message)
    assert ChannelHealth.objects.get().code == "TimeoutError"


# --- The database is away -------------------------------------------------------------


def test_a_message_whose_read_takes_too_long_is_at_fault_itself(server, render):
    def too_long(message):
        raise OperationalError("canceling statement due to statement timeout")

    render(too_long, kind="tests.slow")
    slow, good = make_message(kind="tests.slow"), make_message()
    assert send_all() == 2
    slow.refresh_from_db()
    good.refresh_from_db()
    assert (slow.faults, good.sent_at) == (1, NOW)


def test_a_batch_ends_as_the_database_goes_and_what_it_had_is_free(
    server, render, monkeypatch
):
    def lost(message):
        raise OperationalError("server closed the connection unexpectedly")

    render(lost)
    message = make_message()
    with monkeypatch.context() as patch:
        patch.setattr(connection, "is_usable", lambda: False)
        with pytest.raises(OperationalError, match="unexpectedly"):
            send_all()
    message.refresh_from_db()
    assert (message.faults, message.attempts, message.claim) == (0, 0, None)


def test_what_went_while_the_database_was_away_is_marked_once_it_is_back(
    server, monkeypatch
):
    waited, fails = [], ["now", "and again"]
    mark = type(Message.objects).mark

    def away(self, went):
        if fails:
            raise OperationalError(fails.pop())
        mark(self, went)

    monkeypatch.setattr(patience.time, "sleep", waited.append)
    monkeypatch.setattr(type(Message.objects), "mark", away)
    message = make_message()
    assert send(message)
    assert message.sent_at == NOW
    assert waited == [0.2, 0.5]
