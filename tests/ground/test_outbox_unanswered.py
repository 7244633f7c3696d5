"""What a server was handed whole, and never said that it took."""

from __future__ import annotations

import threading
from datetime import timedelta

import pytest

from massage_portal.outbox import actions, health
from massage_portal.outbox.codes import Channel, Failure
from massage_portal.outbox.health import Trouble
from massage_portal.outbox.invariants import once
from massage_portal.outbox.models import ChannelHealth, Message
from tests.factories import DAY, HOUR, NOW, make_message, make_user
from tests.sending import MINUTE, send, send_all

pytestmark = pytest.mark.django_db


@pytest.fixture
def answers_late(server, settings):
    """The server takes each mail, and says so when nobody listens any more."""
    settings.EMAIL_TIMEOUT = 0.3
    leave = threading.Event()
    server.before_answer = lambda content: leave.wait(60)
    yield server
    leave.set()


def tried_until_it_expires(message):
    """Send it whenever it is due; return the moments at which it was tried."""
    moments, now = [], NOW
    while Message.objects.due(now).exists():
        moments.append(now - NOW)
        send(message, now)
        now = max(message.try_at, now)
        ChannelHealth.objects.update(rests_until=None)
    return moments


def test_what_is_never_answered_is_handed_over_twice_and_no_more(answers_late):
    message = make_message(expires_at=NOW + DAY)
    assert tried_until_it_expires(message) == [timedelta(0), 10 * MINUTE]
    assert list(answers_late.times_caught.values()) == [2]  # of one Message-ID
    assert message.failed_because == Failure.UNANSWERED
    assert message.claim is None
    assert Message.objects.to_call(NOW + 10 * MINUTE).get() == message
    assert once(NOW).faults == []


def test_a_server_that_hangs_up_at_the_last_dot_gets_it_twice_and_no_more(server):
    server.cut_at = "DATA"
    seen = []
    take = server.handler.handle_DATA

    async def counted(*args):
        seen.append(args)
        return await take(*args)

    server.handler.handle_DATA = counted
    message = make_message(expires_at=NOW + DAY)
    assert len(tried_until_it_expires(message)) == len(seen) == 2
    assert message.failed_because == Failure.UNANSWERED


def test_what_is_answered_the_second_time_has_gone(answers_late):
    message = make_message(expires_at=NOW + DAY)
    assert not send(message)
    answers_late.before_answer = None
    assert send(message, NOW + 10 * MINUTE)
    assert (message.state, message.unanswered) == ("sent", 1)
    assert list(answers_late.times_caught.values()) == [2]


def test_a_server_that_answers_late_is_left_alone_for_a_while(answers_late):
    messages = [make_message() for _ in range(3)]
    assert send_all() == 3
    assert answers_late.connections == 1
    assert Message.objects.filter(unanswered=1).count() == 1
    assert len(answers_late.caught) == 1
    health_of_mail = ChannelHealth.objects.get()
    assert (health_of_mail.failing_since, health_of_mail.code) == (NOW, "TimeoutError")
    assert {one.pk for one in messages} == set(
        Message.objects.unsent().values_list("pk", flat=True)
    )


def test_what_has_little_time_is_handed_over_again_in_half_of_it(answers_late):
    message = make_message(expires_at=NOW + 8 * MINUTE)
    send(message)
    assert message.try_at == NOW + 4 * MINUTE


def test_what_expires_without_an_answer_may_have_arrived(answers_late):
    message = make_message(expires_at=NOW + HOUR)
    send(message)
    assert actions.expire(now=NOW + HOUR) == 1
    message.refresh_from_db()
    assert message.failed_because == Failure.UNANSWERED


def test_staff_are_told_that_messages_may_not_have_arrived(answers_late):
    actions.note_pulse(health.SENDER, now=NOW + 10 * MINUTE)
    tried_until_it_expires(make_message(expires_at=NOW + DAY))
    found = {one.trouble: one.count for one in health.alerts(NOW + 10 * MINUTE)}
    assert found == {Trouble.CHANNEL: 0, Trouble.UNANSWERED: 1}


def test_verify_names_what_was_handed_over_too_often(server):
    message = make_message()
    Message.objects.filter(pk=message.pk).update(unanswered=3)
    (fault,) = once(NOW).faults
    assert f"message {message.pk}: it was handed over 3 times" in fault


def test_a_report_tells_what_the_answer_did_not(answers_late):
    message = make_message(to=make_user(), expires_at=NOW + DAY)
    send(message)
    report = actions.Report(
        actions.Outcome.DELIVERED, message_id=str(message.message_id)
    )
    actions.note_reports(channel=Channel.EMAIL, reports=[report], now=NOW + MINUTE)
    message.refresh_from_db()
    assert tried_until_it_expires(message) == []
    assert (message.state, len(answers_late.caught)) == ("sent", 1)
