"""Text messages: what the gateway is handed, and what its refusals mean."""

from __future__ import annotations

import socket
import ssl
import threading
from dataclasses import replace

import pytest
import requests
import urllib3

from massage_portal.outbox import actions, health, sending
from massage_portal.outbox.carriers import (
    AddressRefused,
    MessageRejected,
    NotNow,
    ServerDown,
    Unanswered,
    sms,
)
from massage_portal.outbox.codes import Channel, Failure, Halt
from massage_portal.outbox.health import Trouble
from massage_portal.outbox.kinds import Mail, renders
from massage_portal.outbox.models import Message, Preference, Stop
from tests.factories import DAY, HOUR, NOW, make_message, make_user
from tests.gateway import FROM, sms_server

KIND = "tests.text"
NUMBER = "+15075550123"
WORDS = "Ya está: «hasta mañana» & más"

pytestmark = pytest.mark.django_db


@renders(KIND, "Text", at_once=True)
def write(message):
    return Mail("A subject", "text", "<p>page</p>", short=WORDS)


@pytest.fixture
def server(settings):
    with sms_server() as server:
        settings.SMS_GATEWAY = server.gateway
        yield server


def reader(**fields):
    user = make_user()
    chosen = {"channel": Channel.SMS, "mobile": NUMBER, "mobile_confirmed_at": NOW}
    Preference.objects.create(user=user, **chosen | fields)
    return user


def owed(user):
    return make_message(kind=KIND, subject=user, to=user, expires_at=NOW + DAY)


def sent(message):
    went = sending.send(pk=message.pk, now=NOW)
    message.refresh_from_db()
    return went


def carried(server, gateway=None):
    """Hand one text straight to the carrier."""
    carrier = sms.SmsCarrier(gateway or server.gateway)
    message = Message(pk=1)
    try:
        return carrier.send(message, Mail("", "", "", short=WORDS), address=NUMBER)
    finally:
        carrier.close()


def test_a_text_is_handed_over_as_the_interface_asks(server, mailoutbox, settings):
    message = owed(reader())

    assert sent(message)

    (text,) = server.texts
    assert (text["To"], text["From"], text["Body"]) == (NUMBER, FROM, WORDS)
    origin = settings.PORTAL_ORIGIN
    told = f"{origin}/messages/sms/status?m={message.message_id}"
    assert text["StatusCallback"] == told
    assert (message.channel, message.provider_id) == (Channel.SMS, text["sid"])
    assert mailoutbox == []


@pytest.mark.parametrize(
    ("status", "code", "meaning"),
    [
        pytest.param(400, 21610, AddressRefused, id="opted out"),
        pytest.param(400, 21211, AddressRefused, id="no number"),
        pytest.param(400, 21614, AddressRefused, id="not a mobile"),
        pytest.param(400, 21617, MessageRejected, id="too long"),
        pytest.param(400, None, MessageRejected, id="no code"),
        pytest.param(400, 21606, ServerDown, id="our number is wrong"),
        pytest.param(401, 20003, ServerDown, id="our token is wrong"),
        pytest.param(404, 20404, ServerDown, id="our account is wrong"),
        pytest.param(429, 20429, NotNow, id="too many at once"),
        pytest.param(500, None, NotNow, id="stumbled"),
        pytest.param(502, None, ServerDown, id="nothing behind the proxy"),
        pytest.param(503, None, ServerDown, id="down"),
        pytest.param(504, None, Unanswered, id="no answer behind the proxy"),
        pytest.param(301, None, ServerDown, id="moved"),
        pytest.param(302, None, ServerDown, id="somebody else"),
        pytest.param(303, None, ServerDown, id="a page to look at"),
        pytest.param(307, None, ServerDown, id="led on with the text"),
        pytest.param(308, None, ServerDown, id="led on for good"),
    ],
)
def test_a_refusal_says_what_is_to_be_done(server, status, code, meaning):
    server.answer = (status, code)

    with pytest.raises(meaning) as refusal:
        carried(server)

    assert refusal.value.code == str(code or status)
    assert getattr(refusal.value, "opted_out", False) == (code == 21610)
    assert server.tries == 1  # a redirect is not followed with our token


def test_a_refusal_that_is_no_json_says_what_its_status_says(server):
    server.body = b"<html>"
    server.answer = (400, 21211)
    with pytest.raises(MessageRejected):
        carried(server)


def test_a_gateway_that_does_not_answer_in_time_is_left_alone(server, monkeypatch):
    assert sum(sms.TIMEOUTS) <= 10
    monkeypatch.setattr(sms, "TIMEOUTS", (0.2, 0.2))
    server.gate.clear()
    with pytest.raises(Unanswered, match="ReadTimeout") as late:
        carried(server)
    assert late.value.all_wait


def test_a_gateway_that_hangs_up_may_have_taken_the_text(server):
    server.drops = True
    with pytest.raises(Unanswered, match="ConnectionError"):
        carried(server)
    assert len(server.texts) == 1  # it did: see the reports for what then helps


def test_a_fault_of_tls_says_by_its_moment_whether_the_text_may_have_gone(
    server, monkeypatch
):
    def fails(*_args):
        raise ssl.SSLError("bad record")

    with monkeypatch.context() as patch:  # once the gateway has the request
        patch.setattr(urllib3.connection.HTTPConnection, "getresponse", fails)
        with pytest.raises(Unanswered, match="SSLError"):
            carried(server)
    with socket.create_server(("127.0.0.1", 0)) as listening:
        # One hangs up on whoever greets it by TLS, the next answers in the clear.
        answers = iter([b"", b"HTTP/1.0 400 Bad Request\r\n\r\n"])
        port = listening.getsockname()[1]
        by_tls = replace(server.gateway, base=f"https://127.0.0.1:{port}")
        for said in answers:
            taker = threading.Thread(target=hang_up, args=(listening, said))
            taker.start()
            with pytest.raises(ServerDown):
                carried(server, by_tls)
            taker.join()


def hang_up(listening, said):
    """Take a connection, read what comes first, and end it with a word or none."""
    here, _ = listening.accept()
    with here:
        here.recv(10)
        here.sendall(said)


@pytest.mark.parametrize(
    ("says", "status"),
    [
        ({"breaks_off": True}, "201"),
        ({"body": b"<html>"}, "201"),
        ({"body": b"[]"}, "201"),
        ({"body": b'{"sid": 7}'}, "201"),
        ({"answer": (200, None)}, "200"),
        ({"answer": (202, 21211), "body": b""}, "202"),
    ],
)
def test_a_text_that_was_taken_goes_once_and_staff_read_that_its_answer_is_odd(
    says, status, server
):
    for name, value in says.items():
        setattr(server, name, value)
    message = owed(reader())
    assert sent(message)
    assert (message.provider_id, message.failed_at, message.claim) == ("", None, None)
    assert not Message.objects.due(NOW + HOUR).exists()
    assert server.tries == 1
    (alert,) = [one for one in health.alerts(NOW) if one.trouble == Trouble.UNREAD]
    assert (alert.channel, alert.code) == (Channel.SMS, status)

    server.breaks_off, server.body, server.answer = False, None, None
    assert sent(owed(reader(mobile="+15075550124")))
    assert Trouble.UNREAD not in [one.trouble for one in health.alerts(NOW)]


def test_a_text_that_a_proxy_had_no_answer_for_goes_once_more_and_no_more(server):
    server.answer = (504, None)
    message = owed(reader())
    assert not sent(message)
    assert (message.unanswered, message.failed_at) == (1, None)


def test_a_gateway_that_is_gone_is_down(server):
    server.server_close()
    server.shutdown()
    with pytest.raises(ServerDown) as refusal:
        carried(server)
    assert isinstance(refusal.value.__cause__, requests.ConnectionError)


def test_a_refused_number_is_stopped_and_the_message_goes_by_email(server, mailoutbox):
    user = reader()
    message = owed(user)
    server.answer = (400, 21610)

    assert sent(message)

    stop = Stop.objects.get()
    assert (stop.user, stop.address, stop.because) == (user, NUMBER, Halt.OPTED_OUT)
    assert (message.channel, server.texts) == (Channel.EMAIL, [])
    assert len(mailoutbox) == 1


def test_words_that_the_gateway_never_takes_go_by_email(server, mailoutbox):
    message = owed(reader())
    server.answer = (400, 21617)

    assert sent(message)

    assert (message.channel, message.code) == (Channel.EMAIL, "21617")
    assert len(mailoutbox) == 1
    assert not Stop.objects.exists()


def test_a_stop_that_comes_in_while_a_batch_is_sent_ends_its_texts(server, mailoutbox):
    first, second = owed(reader()), owed(reader(mobile="+15075550124"))

    def answered(self, *args, **how):
        number = post(self, *args, **how)
        actions.opt_out(number="+15075550124", now=NOW)  # before the next one begins
        return number

    post = sms.SmsCarrier.send
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sms.SmsCarrier, "send", answered)
        sending.send_some(clock=lambda: NOW)
    sending.send_some(clock=lambda: NOW)

    first.refresh_from_db()
    second.refresh_from_db()
    assert [text["To"] for text in server.texts] == [NUMBER]
    assert (first.channel, second.channel) == (Channel.SMS, Channel.EMAIL)
    assert len(mailoutbox) == 1


def test_without_a_gateway_whoever_chose_texts_gets_mail(settings, mailoutbox):
    settings.SMS_GATEWAY = None
    message = owed(reader())

    assert sent(message)
    assert message.channel == Channel.EMAIL
    assert len(mailoutbox) == 1


@renders("tests.proof", "Proof", at_once=True, worth_a_call=False)
def prove(message):
    return Mail("", "", "", short="123456", to_number="+15075550199")


def test_what_proves_a_number_goes_there_and_nowhere_else(server, mailoutbox):
    user = reader(channel=Channel.EMAIL)
    assert sent(make_message(kind="tests.proof", subject=user, to=user))
    assert [text["To"] for text in server.texts] == ["+15075550199"]

    server.answer = (400, 21211)
    lost = make_message(kind="tests.proof", subject=user, to=user, key="2")
    assert not sent(lost)
    assert lost.failed_because == Failure.REFUSED
    assert mailoutbox == []
