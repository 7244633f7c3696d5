"""
Text messages, by a gateway that speaks the HTTP interface that Twilio published.

The interface has no key by which a message sent twice would count once. So its reports
go to an address that names our row: a report marks the message as sent, also where the
answer to our request was lost on its way.
"""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import requests
from django.conf import settings
from django.urls import reverse

from massage_portal.outbox.carriers.carrier import (
    AddressRefused,
    MessageRejected,
    NotNow,
    ServerDown,
    Undelivered,
)
from massage_portal.outbox.carriers.unanswered import (
    Line,
    no_answer,
    not_answered_for,
    taken,
)
from massage_portal.outbox.gateways import Gateway
from massage_portal.outbox.kinds import Mail
from massage_portal.outbox.models import Message

TIMEOUTS = (4, 6)  # seconds to connect, and to answer
OPTED_OUT = 21610
# No text will ever reach this number: none, not a mobile, in a land that is not served.
BAD_NUMBER = {21211, 21214, 21217, 21401, 21408, 21421, 21612, 21614, 30005, 30006}
# Our number or service is wrong: all would be refused, and it is not their fault.
OUR_FAULT = {20003, 20404, 21212, 21603, 21606, 21659, 21660, 21661, 21703, 21705}


def number_is_dead(code: str) -> bool:
    """Say whether a gateway's code means that nothing ever reaches the number."""
    return code.isdecimal() and int(code) in BAD_NUMBER


class SmsCarrier:
    """One gateway's interface, over a connection that is kept while a batch lasts."""

    def __init__(self, gateway: Gateway) -> None:
        self.gateway = gateway
        path = f"/2010-04-01/Accounts/{gateway.account}/Messages.json"
        self.address = gateway.base + path
        self.unread = ""
        self.session = requests.Session()
        self.line = Line.of(self.session)
        self.session.auth = (gateway.account, gateway.token)
        # The machine's proxy may be the way out; to a gateway on it, it is none.
        self.session.trust_env = gateway.base.startswith("https:")

    def compose(self, message: Message, mail: Mail, *, address: str) -> None:
        """A text is ready as it is."""

    def announce(self, message: Message, mail: Mail, *, address: str) -> None:
        """A text is handed over in one step."""

    def take_back(self) -> None:
        """Nothing was announced."""

    def send(self, message: Message, mail: Mail, *, address: str) -> str:
        """Hand one text over; see `Carrier.send`."""
        form = {
            "To": address,
            "Body": mail.short,
            "StatusCallback": report_address(message),
            **dict([self.gateway.sender]),
        }
        how: dict[str, Any] = {"allow_redirects": False, "stream": True}
        try:
            answer = self.session.post(self.address, data=form, timeout=TIMEOUTS, **how)
        except requests.RequestException as fault:
            handed_over = self.line.was_handed_over
            raise no_answer(fault, handed_over=handed_over) from fault
        with answer:
            said = _said(answer)
        if not taken(answer.status_code):
            raise refusal(answer.status_code, said.get("code"))
        number = said.get("sid")
        if not isinstance(number, str):
            self.unread, number = str(answer.status_code), ""
        return number

    def close(self) -> None:
        """Let the connection go."""
        self.session.close()


def refusal(status: int, code: object) -> Undelivered:
    """Return what an answer other than 2xx means for the message."""
    number = code if isinstance(code, int) else 0
    told = number or status
    if number == OPTED_OUT:
        refused = AddressRefused(told)
        refused.opted_out = True
        return refused
    if number in BAD_NUMBER:
        return AddressRefused(told)
    if unanswered := not_answered_for(status):
        return unanswered
    if status == 429 or status == 500:
        return NotNow(told)
    if status in (401, 403, 404) or number in OUR_FAULT:
        return ServerDown(told)
    if 400 <= status < 500:
        return MessageRejected(told)
    return ServerDown(told)  # overloaded, or something that is no such gateway


def report_address(message: Message) -> str:
    """Return where the gateway tells what became of a text."""
    return f"{settings.PORTAL_ORIGIN}{reverse('sms_status')}?m={message.message_id}"


def _said(answer: requests.Response) -> dict[str, Any]:
    """Return what an answer says; nothing where it breaks off, or is no JSON."""
    with suppress(ValueError, requests.RequestException):
        found = answer.json()
        if isinstance(found, dict):
            return found
    return {}
