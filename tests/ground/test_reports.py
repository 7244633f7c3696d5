"""What a gateway or a provider tells of a message, and the texts that come in."""

from __future__ import annotations

import hashlib
import hmac
import json

import pytest
from django.core.cache import cache

from massage_portal.outbox import actions
from massage_portal.outbox.codes import Channel, Halt, Mended
from massage_portal.outbox.gateways import mail_provider
from massage_portal.outbox.models import Message, Preference, Stop
from massage_portal.outbox.views.machines import signature
from tests.factories import NOW, make_message, make_user
from tests.ground.reported import (
    GATEWAY,
    KIND,
    NUMBER,
    STATUS,
    signed,
    text,
    with_number,
)

INCOMING = "/messages/sms/incoming"

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def set_up(settings, monkeypatch):
    settings.SMS_GATEWAY = GATEWAY
    monkeypatch.setattr("django.utils.timezone.now", lambda: NOW)


# --- Signed ---------------------------------------------------------------------------


def test_the_signature_is_the_one_that_twilio_publishes():
    # The example of https://www.twilio.com/docs/usage/security.
    form = {
        "CallSid": ["CA1234567890ABCDE"],
        "Caller": ["+14158675310"],
        "Digits": ["1234"],
        "From": ["+14158675310"],
        "To": ["+18005551212"],
    }
    url = "https://example.com/myapp.php?foo=1&bar=2"
    assert signature(url, form, "12345") == "L/OH5YylLD5NRKLltdqwSvS0BnU="


def test_who_does_not_sign_is_refused_and_changes_nothing(client, settings):
    message = text(with_number())
    form = {"MessageSid": "SM1", "MessageStatus": "failed", "To": NUMBER}
    forged = form | {"MessageStatus": "undelivered"}

    assert signed(client, STATUS, form, token="another").status_code == 403
    assert signed(client, STATUS, form, told=forged).status_code == 403
    assert client.post(STATUS, form).status_code == 403
    assert client.get(STATUS).status_code == 405
    settings.SMS_GATEWAY = None
    assert signed(client, STATUS, form).status_code == 403

    message.refresh_from_db()
    assert message.returned_at is None


# --- Texts that come in ---------------------------------------------------------------


def comes_in(client, body, number=NUMBER):
    answer = signed(client, INCOMING, {"From": number, "Body": body, "MessageSid": "1"})
    assert answer.status_code == 200
    assert answer["Content-Type"].startswith("text/xml")
    return answer.content.decode()


@pytest.mark.parametrize("word", ["STOP", " stop. ", "Unsubscribe", "ALTO", "parar"])
def test_stop_ends_texts_for_all_who_share_the_number_at_once(client, word):
    one, two = with_number(), with_number()
    with_number("+15075550199")
    Preference.objects.create(user=make_user())  # who gave none has no part in it
    comes_in(client, word, number="")
    for _again in range(2):
        assert "<Message>" not in comes_in(client, word)
    stops = Stop.objects.standing().values_list("user", "address", "because")
    opted_out = (NUMBER, Halt.OPTED_OUT)
    assert sorted(stops) == [(one.pk, *opted_out), (two.pk, *opted_out)]


def test_start_lifts_what_was_asked_for_and_not_what_is_dead(client):
    user, dead = with_number(), with_number()
    common = {"channel": Channel.SMS, "address": NUMBER, "now": NOW}
    actions.stop(user=user, because=Halt.OPTED_OUT, **common)
    actions.stop(user=dead, because=Halt.BOUNCED, **common)
    for _again in range(2):
        comes_in(client, "Start")
    assert [stop.user for stop in Stop.objects.standing()] == [dead]


def test_start_from_one_number_lifts_no_stop_of_another(client):
    user = with_number()
    common = {"channel": Channel.SMS, "because": Halt.OPTED_OUT, "now": NOW}
    for number in (NUMBER, "+15075550199"):
        actions.stop(user=user, address=number, **common)
    comes_in(client, "start", number="+15075550199")
    comes_in(client, "start", number="")
    standing, lifted = Stop.objects.order_by("address")
    assert (standing.address, standing.lifted_at) == (NUMBER, None)
    assert (lifted.lifted_at, lifted.lifted_because) == (NOW, Mended.STARTED)


def test_anything_else_is_told_whom_to_call_in_its_language_and_once_a_day(client):
    cache.clear()
    with_number(language="es")
    assert "507-555-0100" in comes_in(client, "ayuda")
    assert "507-555-0100" in comes_in(client, "No puedo ir mañana")
    assert "<Message>" not in comes_in(client, "Estoy conduciendo")


# --- What a mail provider tells -------------------------------------------------------

EVENTS = "/messages/mail/events"
URLS = {
    "postmark": "anymail+postmark://?server_token=t&webhook_secret=portal:word",
    "mailgun": "anymail+mailgun://?api_key=k&webhook_secret=portal:word",
}


@pytest.fixture
def provider(settings):
    def choose(name):
        settings.MAIL_PROVIDER, settings.ANYMAIL = mail_provider(URLS[name])

    choose("postmark")
    return choose


def tells(client, event, word="cG9ydGFsOndvcmQ="):  # portal:word
    headers = {"Authorization": f"Basic {word}"}
    body = json.dumps(event)
    return client.post(EVENTS, body, content_type="application/json", headers=headers)


def mailed(user, number="883953f4-6105-42a2-a16a-77a8eac79483"):
    message = make_message(kind=KIND, to=user)
    values = {"sent_at": NOW, "channel": Channel.EMAIL, "provider_id": number}
    Message.objects.filter(pk=message.pk).update(**values)
    return message


def of_postmark(message, kind, **fields):
    """Return an event as https://postmarkapp.com/developer/webhooks shows it."""
    message.refresh_from_db()
    event = {
        "RecordType": kind,
        "MessageID": message.provider_id,
        "ServerID": 23,
        "MessageStream": "outbound",
        "Tag": "",
        "Metadata": {},
        "Details": "Test",
    }
    return event | fields


BOUNCE = {"Type": "HardBounce", "TypeCode": 1, "ID": 42, "Inactive": True}
COMPLAINT = {"Type": "SpamComplaint", "TypeCode": 512, "ID": 43}
BLOCKED = {"Type": "Blocked", "TypeCode": 16, "ID": 45}  # it is us they do not want
LATER = {"Type": "Transient", "TypeCode": 2, "ID": 44}


@pytest.mark.parametrize(
    ("kind", "fields", "moment", "because"),
    [
        pytest.param("Delivery", {}, "delivered_at", None, id="delivered"),
        pytest.param("Bounce", BOUNCE, "returned_at", Halt.BOUNCED, id="bounced"),
        pytest.param(
            "SpamComplaint", COMPLAINT, None, Halt.COMPLAINED, id="complained"
        ),
        pytest.param("Bounce", BLOCKED, "returned_at", None, id="refuses us"),
        pytest.param("Bounce", LATER, None, None, id="tries again"),
        pytest.param("Open", {}, None, None, id="opened"),
    ],
)
def test_what_postmark_tells_is_noted_once(
    client, provider, kind, fields, moment, because
):
    user = make_user()
    message = mailed(user)
    address = "Recipient" if kind in ("Delivery", "Open") else "Email"
    event = of_postmark(message, kind, **fields, **{address: user.email.upper()})

    for _again in range(2):
        assert tells(client, event).status_code == 200

    message.refresh_from_db()
    moments = {name: getattr(message, name) for name in ("delivered_at", "returned_at")}
    assert {name for name, at in moments.items() if at} == ({moment} - {None})
    stops = Stop.objects.values_list("user", "channel", "address", "because")
    mine = (user.pk, Channel.EMAIL, user.email, because)
    assert list(stops) == ([mine] if because else [])


def test_what_mailgun_signs_is_noted_by_our_own_message_id(client, provider):
    provider("mailgun")
    user = make_user()
    message = mailed(user, number="")
    stamp, token = "1529006854", "a8ce0edb2dd8301dee6c2405235584e45aa91d1e9f979f3de0"
    data = {
        "event": "failed",
        "severity": "permanent",
        "reason": "bounce",
        "timestamp": 1521233195.375624,
        "recipient": user.email,
        "message": {"headers": {"message-id": f"{message.message_id}@example.org"}},
        "delivery-status": {"code": 550, "message": "No such mailbox"},
    }

    def event(key):
        sign = hmac.new(key, f"{stamp}{token}".encode(), hashlib.sha256).hexdigest()
        block = {"timestamp": stamp, "token": token, "signature": sign}
        return {"signature": block, "event-data": data}

    assert tells(client, event(b"another")).status_code == 403
    assert not Stop.objects.exists()
    assert tells(client, event(b"k")).status_code == 200

    message.refresh_from_db()
    assert message.returned_at == NOW
    assert Stop.objects.get().because == Halt.BOUNCED


def test_a_provider_is_not_believed_without_its_secret(client, provider, settings):
    event = of_postmark(mailed(make_user()), "Bounce", **BOUNCE, Email="a@example.org")

    assert tells(client, event, word="cG9ydGFsOm5v").status_code == 403
    del settings.ANYMAIL["WEBHOOK_SECRET"]
    assert tells(client, event).status_code == 403
    settings.MAIL_PROVIDER, settings.ANYMAIL = "", {}
    assert tells(client, event).status_code == 403
    assert not Message.objects.exclude(returned_at=None).exists()


@pytest.mark.parametrize("event", [[], {"FromFull": {}}, 7, {"RecordType": []}])
def test_an_event_that_is_none_is_answered_plainly(client, provider, event):
    assert tells(client, event).status_code in (200, 400)
    assert client.post(EVENTS, b"{", content_type="text/html").status_code == 403


def test_an_address_that_is_dead_stops_for_whoever_has_it_though_no_mail_is_found(
    client, provider
):
    user = make_user()
    event = {"RecordType": "Bounce", "MessageID": "another", **BOUNCE}
    assert tells(client, event | {"Email": user.email}).status_code == 200
    assert Stop.objects.get().user == user


def test_a_mail_may_come_back_after_it_was_taken_and_is_not_taken_after_that():
    delivered, returned, _untold = actions.Outcome
    back, never = mailed(make_user(), "1"), mailed(make_user(), "2")
    for number, outcomes in (
        ("1", [delivered, returned]),
        ("2", [returned, delivered]),
    ):
        reports = [actions.Report(one, number=number) for one in outcomes]
        actions.note_reports(channel=Channel.EMAIL, reports=reports, now=NOW)
    for message in (back, never):
        message.refresh_from_db()
    assert (back.delivered_at, back.returned_at) == (NOW, NOW)
    assert (never.delivered_at, never.returned_at) == (None, NOW)
