"""What tests of reports share: a text that went, and a gateway that tells of it."""

from __future__ import annotations

from urllib.parse import urlencode

from massage_portal.outbox.codes import Channel
from massage_portal.outbox.gateways import sms_gateway
from massage_portal.outbox.kinds import Mail, renders
from massage_portal.outbox.models import Message, Preference
from massage_portal.outbox.views.machines import signature
from tests.factories import NOW, make_message, make_user

NUMBER = "+15075550123"
GATEWAY = sms_gateway("twilio://AC1:secret@api.twilio.com?from=%2B15075550100")
KIND = "tests.reported"
STATUS = "/messages/sms/status"


@renders(KIND, "Reported", at_once=True)
def write(message):
    return Mail("A subject", "text", "<p>page</p>", short="A text")


def signed(client, path, form, *, token=GATEWAY.token, told=None):
    url = f"http://testserver{path}"
    right = signature(url, {k: [v] for k, v in form.items()}, token)
    return client.post(
        path,
        urlencode(told or form),
        content_type="application/x-www-form-urlencoded",
        headers={"X-Twilio-Signature": right},
    )


def with_number(number=NUMBER, **fields):
    user = make_user(**fields)
    chosen = {"channel": Channel.SMS, "mobile": number, "mobile_confirmed_at": NOW}
    Preference.objects.create(user=user, **chosen)
    return user


def text(user, **fields):
    """Return a text that the gateway took."""
    message = make_message(kind=KIND, to=user)
    values = {"sent_at": NOW, "channel": Channel.SMS, "provider_id": "SM1"}
    Message.objects.filter(pk=message.pk).update(**values | fields)
    return message


def told(client, message, status, code=""):
    form = {"MessageSid": "SM1", "MessageStatus": status, "To": NUMBER}
    form |= {"ErrorCode": code} if code else {}
    answer = signed(client, f"{STATUS}?m={message.message_id}", form)
    assert answer.status_code == 204
    message.refresh_from_db()
    return message
