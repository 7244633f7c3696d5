"""A server that refuses everybody, one by one, and one that refuses a few."""

from __future__ import annotations

import pytest

from massage_portal.outbox import health
from massage_portal.outbox.codes import Channel, Failure
from massage_portal.outbox.doubts import MANY
from massage_portal.outbox.models import ChannelHealth, Message, Stop
from tests.factories import DAY, NOW, make_message, make_user
from tests.sending import MINUTE, SECOND, send, send_all

pytestmark = pytest.mark.django_db

NOBODY = "550 nobody of that name"
REFUSALS = [
    NOBODY,
    "550 5.1.1 nobody of that name",
    "550 relaying denied",
    "554 5.7.1 relay access denied",
]


def failed():
    return Message.objects.filter(failed_at__isnull=False)


def all_went():
    return not Message.objects.filter(sent_at=None).exists()


@pytest.mark.parametrize("says", REFUSALS)
def test_a_relay_that_refuses_everybody_ends_no_message_and_stops_nobody(says, server):
    for _ in range(60):
        make_message(expires_at=NOW + DAY)
    server.at_rcpt = says
    for round_ in range(3):
        assert send_all(NOW + 25 * round_ * SECOND)
    assert (failed().count(), Stop.objects.count()) == (0, 0)
    (alert,) = [one for one in health.alerts(NOW) if one.channel == Channel.EMAIL]
    assert (alert.trouble, alert.code) == (health.Trouble.CHANNEL, says[:3])

    server.at_rcpt = "250 fine"
    while send_all(NOW + 20 * MINUTE):  # as far as the time of a batch goes
        pass
    assert all_went()
    assert len(server.caught) == len(server.times_caught) == 60
    assert health.failing().count() == 0


@pytest.mark.parametrize("says", ["554 we take no mail of yours"])
def test_a_server_that_rejects_every_mail_ends_none(says, server):
    for _ in range(MANY):
        make_message()
    server.at_data = says
    assert send_all() == MANY
    assert failed().count() == 0


def test_what_a_relay_refuses_one_by_one_is_taken_back_as_it_shows(server):
    """As in a quiet hour, in which each batch has one message."""
    server.at_rcpt = "550 nobody of that name"
    first = make_user()
    made = [make_message(to=first, expires_at=NOW + DAY)]
    for number in range(MANY - 1):
        send_all(NOW + number * MINUTE)
        made.append(make_message(expires_at=NOW + DAY))
    assert failed().count() == Stop.objects.standing().count() == MANY - 1
    made.append(make_message(to=first, expires_at=NOW + DAY))
    send(made[-1], NOW + (MANY - 1) * MINUTE)
    assert made[-1].failed_because == Failure.UNREACHABLE

    send_all(NOW + MANY * MINUTE)
    assert (failed().count(), Stop.objects.standing().count()) == (0, 0)

    server.at_rcpt = "250 fine"
    send_all(NOW + 20 * MINUTE)
    assert all_went()
    assert len(server.times_caught) == len(made)


def test_after_it_refused_all_one_message_tells_whether_it_takes_any(server):
    for _ in range(30):
        make_message(expires_at=NOW + DAY)
    server.at_rcpt = NOBODY
    refused = []
    answer = server.handler.handle_RCPT

    async def counted(*args):
        refused.append(args)
        return await answer(*args)

    server.handler.handle_RCPT = counted
    send_all(NOW)
    assert len(refused) == 20
    send_all(NOW + MINUTE)
    assert len(refused) == 21


def test_the_addresses_that_a_working_server_refuses_are_stopped(server):
    nobodys = [make_user(), make_user(), make_user(), make_user(), make_user()]
    server.answers = {user.email: [NOBODY] for user in nobodys}
    for user in nobodys:
        make_message(to=user)
    make_message()
    send_all()
    assert failed().filter(failed_because=Failure.REFUSED).count() == len(nobodys)
    stopped = Stop.objects.standing().values_list("user", flat=True)
    assert set(stopped) == {user.pk for user in nobodys}
    assert ChannelHealth.objects.get().failing_since is None


def test_what_was_refused_while_others_went_is_not_taken_back(server):
    nobody = make_user()
    server.answers = {nobody.email: [NOBODY]}
    make_message(to=nobody)
    make_message()
    send_all()
    for _ in range(MANY):
        make_message()
    server.at_rcpt = NOBODY
    send_all(NOW + MINUTE)
    assert failed().get().recipient == nobody
    assert Stop.objects.standing().get().user == nobody


def test_a_call_that_was_made_is_not_undone(server):
    server.at_rcpt = NOBODY
    lost = make_message(expires_at=NOW + DAY)
    send(lost)
    Message.objects.update(handled_at=NOW, handled_by=make_user())
    for _ in range(MANY):
        make_message()
    send_all(NOW + MINUTE)
    lost.refresh_from_db()
    assert lost.failed_because == Failure.REFUSED
