"""The demo's SMS gateway and the portal understand each other, both ways."""

from __future__ import annotations

from http.server import ThreadingHTTPServer
from threading import Event, Thread
from types import SimpleNamespace

import pytest

from massage_portal.demo import texts
from massage_portal.demo.mailbox import Box, Pages
from massage_portal.outbox.carriers import ServerDown
from massage_portal.outbox.carriers.sms import SmsCarrier
from massage_portal.outbox.codes import Channel
from massage_portal.outbox.gateways import sms_gateway
from massage_portal.outbox.kinds import Mail, renders
from massage_portal.outbox.models import Preference, Stop
from tests.factories import make_message, make_user

KIND, NUMBER, TOKEN = "tests.demo_text", "+15075550123", "a-token"
renders(KIND, "Text")(lambda message: None)

pytestmark = pytest.mark.django_db


@pytest.fixture
def box(tmp_path):
    """Run the mail catcher's pages; its address goes with it."""
    box = Box(tmp_path)
    handler = type("BoxPages", (Pages,), {"box": box, "token": TOKEN})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = Thread(target=server.serve_forever, args=[0.02])
    thread.start()
    box.port = server.server_address[1]
    yield box
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture
def told(monkeypatch):
    """Catch what the gateway posts to the portal, and when the first came."""
    told = SimpleNamespace(posts=[], came=Event())

    def post(url, *, data, headers, timeout):
        told.posts.append((url, data, headers))
        told.came.set()
        return SimpleNamespace(text="<Response><Message>1 &lt; 2</Message></Response>")

    monkeypatch.setattr(texts.requests, "post", post)
    return told


def gateway(port, token=TOKEN):
    at = f"{texts.ACCOUNT}:{token}@127.0.0.1:{port}?from=%2B15075550100"
    return sms_gateway(f"twilio+http://{at}")


def carried(gateway, message):
    carrier = SmsCarrier(gateway)
    try:
        return carrier.send(
            message, Mail("", "", "", short="Hasta mañana"), address=NUMBER
        )
    finally:
        carrier.close()


def test_a_text_is_kept_and_reported_and_can_be_answered(box, told, client, settings):
    user = make_user()
    Preference.objects.create(user=user, mobile=NUMBER)
    message = make_message(kind=KIND, to=user)
    settings.SMS_GATEWAY = gateway(box.port)

    with pytest.raises(ServerDown, match="20003"):
        carried(gateway(box.port, "another"), message)
    number = carried(settings.SMS_GATEWAY, message)

    ((name, text),) = box.caught()
    assert (text.to, text.body, text.sid) == (NUMBER, "Hasta mañana", number)
    assert told.came.wait(10)
    assert texts.answer(box.text(name), "STOP", token=TOKEN) == "1 < 2"
    for url, form, headers in told.posts:
        path = url.removeprefix("http://testserver")
        assert client.post(path, form, headers=headers).status_code in (200, 204)
    message.refresh_from_db()
    assert message.delivered_at
    assert Stop.objects.get().channel == Channel.SMS
