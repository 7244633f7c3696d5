"""Mail by a provider's own interface, as Postmark publishes it."""

from __future__ import annotations

import json
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread

import pytest

from massage_portal.outbox import gateways, health, sending
from massage_portal.outbox.carriers import (
    AddressRefused,
    MessageRejected,
    NotNow,
    ServerDown,
    Unanswered,
)
from massage_portal.outbox.carriers.channels import carrier_of
from massage_portal.outbox.codes import Channel
from massage_portal.outbox.health import Trouble
from massage_portal.outbox.kinds import Mail, renders
from massage_portal.outbox.models import Message
from tests.factories import NOW, make_message, make_user

KIND = "tests.by_provider"
NUMBER = "b7bc2f4a-e38e-4336-af7d-e6c392c2f817"
TAKEN = {"ErrorCode": 0, "Message": "OK", "MessageID": NUMBER}

pytestmark = pytest.mark.django_db

renders(KIND, "Mail", optional=True)(lambda message: MAIL)
MAIL = Mail("A subject", "text", "<p>page</p>")


class Handler(BaseHTTPRequestHandler):
    """Takes a mail of Postmark's shape, and answers what the test wants."""

    def do_POST(self):
        raw = self.rfile.read(int(self.headers["Content-Length"]))
        if self.path != "/email":
            self.server.asked_elsewhere.append(self.path)
            return self._say(200, json.dumps({"To": "a@example.org", **TAKEN}))
        assert self.headers["X-Postmark-Server-Token"] == "a-token"
        self.server.mails.append(json.loads(raw))
        status, said = self.server.answer
        if isinstance(said, dict):
            said = json.dumps({"To": self.server.mails[-1]["To"], **said})
        return self._say(status, said)

    def do_GET(self):
        self.server.asked_elsewhere.append(self.path)
        self._say(200, "<html>Sign in")

    def _say(self, status, said):
        content = said.encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(content) + self.server.lacking))
        if 300 <= status < 400:
            self.send_header("Location", "/elsewhere")
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *args):
        """Say nothing."""


@pytest.fixture
def server(settings):
    server = HTTPServer(("127.0.0.1", 0), Handler)
    server.mails, server.answer, server.lacking = [], (200, TAKEN), 0
    server.asked_elsewhere = []
    thread = Thread(target=server.serve_forever, args=[0.02])
    thread.start()
    api = f"http://127.0.0.1:{server.server_address[1]}"
    url = f"anymail+postmark://?server_token=a-token&api_url={api}"
    settings.MAIL_PROVIDER, settings.ANYMAIL = gateways.mail_provider(url)
    settings.EMAIL_BACKEND = "anymail.backends.postmark.EmailBackend"
    yield server
    server.shutdown()
    server.server_close()
    thread.join()


def test_a_mail_goes_with_our_message_id_and_comes_with_theirs(server, settings):
    user = make_user()
    message = make_message(kind=KIND, subject=user, to=user)

    assert sending.send(pk=message.pk, now=NOW)

    (mail,) = server.mails
    headers = {one["Name"]: one["Value"] for one in mail["Headers"]}
    assert (mail["To"], mail["Subject"]) == (user.email, "A subject")
    assert str(message.message_id) in headers["Message-ID"]
    assert headers["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert "/messages/stop/" in headers["List-Unsubscribe"]
    message.refresh_from_db()
    assert message.provider_id == NUMBER


@pytest.mark.parametrize(
    ("status", "code", "meaning"),
    [
        pytest.param(422, 406, AddressRefused, id="inactive"),
        pytest.param(422, 400, MessageRejected, id="bad"),
        pytest.param(401, 10, ServerDown, id="our token"),
        pytest.param(429, 0, NotNow, id="too many"),
        pytest.param(500, 0, NotNow, id="stumbled"),
        pytest.param(502, 0, ServerDown, id="nothing behind the proxy"),
        pytest.param(503, 100, ServerDown, id="maintenance"),
        pytest.param(504, 0, Unanswered, id="no answer behind the proxy"),
    ],
)
def test_a_refusal_says_what_is_to_be_done(server, status, code, meaning):
    words = "You tried to send to recipients that have been marked as inactive. Found "
    words += "inactive addresses: a@example.org. Inactive recipients are ones that"
    server.answer = (status, {"ErrorCode": code, "Message": words})
    with pytest.raises(meaning):
        handed_over()


@pytest.mark.parametrize("status", [200, 202])
@pytest.mark.parametrize("said", ["<html>", ""])
def test_a_mail_that_was_taken_goes_once_whatever_else_the_answer_is(
    said, status, server
):
    server.answer = (status, said)
    user = make_user()
    message = make_message(kind=KIND, subject=user, to=user)
    assert sending.send(pk=message.pk, now=NOW)
    message.refresh_from_db()
    assert (message.sent_at, message.provider_id) == (NOW, "")
    assert len(server.mails) == 1
    (alert,) = [one for one in health.alerts(NOW) if one.trouble == Trouble.UNREAD]
    assert (alert.channel, alert.code) == (Channel.EMAIL, str(status))


@pytest.mark.parametrize("said", [TAKEN, "<html>"])
def test_a_mail_that_was_taken_goes_once_though_the_answer_breaks_off(said, server):
    server.answer, server.lacking = (200, said), 385
    message = make_message(kind=KIND, to=make_user())
    assert sending.send(pk=message.pk, now=NOW)
    message.refresh_from_db()
    assert (message.sent_at, message.provider_id) == (NOW, "")
    assert [one.code for one in health.unread()] == ["200"]


def test_a_refusal_that_breaks_off_is_one(server):
    server.answer, server.lacking = (401, "{"), 385
    with pytest.raises(ServerDown, match="401"):
        handed_over()


def test_what_was_said_of_the_mail_before_says_nothing_of_this_one(server):
    carrier = carrier_of(Channel.EMAIL)
    message = Message(pk=1, kind=KIND, recipient=make_user())
    carrier.send(message, MAIL, address="a@example.org")
    carrier.connection.api_url = "http://:0"  # which is asked for nothing
    with pytest.raises(ServerDown, match="InvalidURL"):
        carrier.send(message, MAIL, address="a@example.org")
    carrier.close()


def test_an_answer_of_another_shape_may_tell_of_a_mail_that_was_not_taken(server):
    server.answer = (200, {"error": "quota"})
    with pytest.raises(Unanswered, match="200"):
        handed_over()


def test_a_provider_that_is_gone_is_down(server):
    server.shutdown()
    server.server_close()
    with pytest.raises(ServerDown):
        handed_over()


def test_a_provider_that_hangs_up_may_have_taken_the_mail(server):
    server.answer = None  # it falls over what it should say
    server.handle_error = lambda *_: None
    with pytest.raises(Unanswered, match="ConnectionError"):
        handed_over()
    assert len(server.mails) == 1


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
@pytest.mark.parametrize("lacking", [0, 385])
def test_another_place_that_is_named_is_not_asked_and_no_mail_was_taken(
    server, status, lacking
):
    server.answer, server.lacking = (status, ""), lacking
    message = make_message(kind=KIND, to=make_user())
    assert not sending.send(pk=message.pk, now=NOW)
    message.refresh_from_db()
    assert (message.sent_at, message.failed_at, message.code) == (
        None,
        None,
        str(status),
    )
    assert message.unanswered == 0
    assert [one.code for one in health.failing()] == [str(status)]
    assert not health.unread()
    assert len(server.mails) == 1
    assert server.asked_elsewhere == []


def test_what_is_set_up_wrongly_loses_no_mail(settings):
    settings.EMAIL_BACKEND = "anymail.backends.postmark.EmailBackend"
    settings.ANYMAIL = {}
    with pytest.raises(ServerDown):
        carrier_of(Channel.EMAIL)


def handed_over():
    message = Message(pk=1, kind=KIND, recipient=make_user())
    carrier = carrier_of(Channel.EMAIL)
    try:
        return carrier.send(message, MAIL, address="a@example.org")
    finally:
        carrier.close()
