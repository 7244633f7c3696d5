"""
What the SMS gateway and the mail provider tell us, and the texts that come in.

None of these is a page: each is signed with a secret that only the two sides know.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from html import escape
from importlib import import_module
from typing import Any

from anymail.exceptions import AnymailWebhookValidationFailure
from anymail.signals import AnymailTrackingEvent, EventType, RejectReason
from django.conf import settings
from django.core.cache import cache
from django.core.exceptions import ImproperlyConfigured
from django.http import HttpRequest, HttpResponse
from django.utils import timezone, translation
from django.utils.translation import gettext as _

from massage_portal.access import by_system
from massage_portal.outbox import actions
from massage_portal.outbox.actions import Outcome, Report
from massage_portal.outbox.carriers.sms import OPTED_OUT, number_is_dead
from massage_portal.outbox.codes import Channel, Halt
from massage_portal.outbox.gateways import PROVIDERS, Gateway
from massage_portal.outbox.models import Preference

STOP = {"stop", "stopall", "unsubscribe", "cancel", "end", "quit", "revoke", "optout"}
STOP |= {"alto", "parar"}
START = {"start", "unstop"}
HELP = {"help", "info", "ayuda"}
ANSWERED_ONCE_IN = 24 * 60 * 60  # seconds
HALTS = {
    EventType.BOUNCED: Halt.BOUNCED,
    EventType.REJECTED: Halt.REFUSED,
    EventType.COMPLAINED: Halt.COMPLAINED,
    EventType.UNSUBSCRIBED: Halt.OPTED_OUT,
}
BY_REASON = {  # why a provider sends nothing more there, since when it first found out
    RejectReason.SPAM: Halt.COMPLAINED,
    RejectReason.UNSUBSCRIBED: Halt.OPTED_OUT,
}
# Ours, or of the way: the address may be right. See decision 8.
NO_FAULT_OF_THE_ADDRESS = {RejectReason.BLOCKED, RejectReason.TIMED_OUT}
OUTCOMES = {
    EventType.DELIVERED: Outcome.DELIVERED,
    EventType.BOUNCED: Outcome.RETURNED,
    EventType.REJECTED: Outcome.RETURNED,
    EventType.FAILED: Outcome.RETURNED,
}


def plain(status: int) -> HttpResponse:
    """Answer a machine, which reads the status alone."""
    return HttpResponse(
        status=status, content_type="text/plain", headers={"Cache-Control": "no-store"}
    )


def stranger(request: HttpRequest) -> HttpResponse:
    """Answer whoever does not know the secret."""
    return plain(403)


def other_method(request: HttpRequest, allowed: str) -> HttpResponse:
    """Answer methods that are not taken."""
    answer = plain(405)
    answer["Allow"] = allowed
    return answer


def signature(url: str, form: dict[str, list[str]], token: str) -> str:
    """Return how Twilio signs: the address, then each field with its value, sorted."""
    text = url + "".join(
        name + value for name in sorted(form) for value in sorted(set(form[name]))
    )
    digest = hmac.new(token.encode(), text.encode("utf-8", "replace"), hashlib.sha1)
    return base64.b64encode(digest.digest()).decode()


def gateway(request: HttpRequest) -> Gateway | None:
    """Return the SMS gateway, if it is it that asks."""
    ours: Gateway | None = settings.SMS_GATEWAY
    if ours is None:
        return None
    form = dict(request.POST.lists())
    url = settings.PORTAL_ORIGIN + request.get_full_path()
    told = request.headers.get("X-Twilio-Signature", "")
    right = signature(url, form, ours.token)
    return ours if hmac.compare_digest(right.encode(), told.encode()) else None


of_gateway = by_system(
    "POST", stranger=stranger, other_method=other_method, unread=plain, known=gateway
)


@of_gateway
def sms_status(request: HttpRequest, _gateway: Gateway) -> HttpResponse:
    """Note what became of a text."""
    told = request.POST
    outcome = {
        "delivered": Outcome.DELIVERED,
        "undelivered": Outcome.RETURNED,
        "failed": Outcome.RETURNED,
    }.get(told.get("MessageStatus", ""))
    if outcome is not None:
        report = Report(
            outcome,
            number=told.get("MessageSid", ""),
            message_id=request.GET.get("m", ""),
            address=told.get("To", ""),
            halt=_halt(told.get("ErrorCode", "")),
        )
        now = timezone.now()
        actions.note_reports(channel=Channel.SMS, reports=[report], now=now)
    return plain(204)


def _halt(code: str) -> Halt | None:
    if code == str(OPTED_OUT):
        return Halt.OPTED_OUT
    return Halt.BOUNCED if number_is_dead(code) else None


@of_gateway
def sms_incoming(request: HttpRequest, _gateway: Gateway) -> HttpResponse:
    """
    Stop or start texts to a number that asks for it; tell others whom to call.

    The gateway itself confirms STOP and START. Nobody reads what comes in, so anything
    else is told the clinic's number: once a day, for two machines might go on for ever.
    """
    number = request.POST.get("From", "")
    word = request.POST.get("Body", "").strip(" .!\t\r\n").casefold()
    now = timezone.now()
    if word in STOP:
        actions.opt_out(number=number, now=now)
        return _twiml()
    if word in START:
        actions.opt_in(number=number, now=now)
        return _twiml()
    digest = hashlib.sha256(number.encode("utf-8", "replace")).hexdigest()
    asked = word in HELP
    if asked or cache.add(f"answered:{digest}", True, ANSWERED_ONCE_IN):
        with translation.override(_language(number)):
            return _twiml(_whom_to_call(asked=asked))
    return _twiml()


def _whom_to_call(*, asked: bool) -> str:
    phone = {"phone": settings.CLINIC_PHONE}
    if asked:
        return _("For help call the clinic: %(phone)s. Reply STOP for no more.") % phone
    return _("Nobody reads replies to this number. Call us: %(phone)s.") % phone


def _language(number: str) -> str:
    found = Preference.objects.with_number(number).select_related("user").first()
    return found.user.language if found else settings.LANGUAGE_CODE


def _twiml(words: str = "") -> HttpResponse:
    """Return what the gateway sends back: TwiML, with one text or none."""
    text = f"<Message>{escape(words)}</Message>" if words else ""
    return HttpResponse(
        f'<?xml version="1.0" encoding="UTF-8"?><Response>{text}</Response>',
        content_type="text/xml; charset=utf-8",
        headers={"Cache-Control": "no-store"},
    )


def provider(request: HttpRequest) -> Any:
    """
    Return anymail's reader of the provider's reports, if it is the provider that tells.

    Only anymail's reading is used: its own way on is a signal, and here one action is
    called. Without a secret for it nothing is believed.
    """
    known = PROVIDERS.get(settings.MAIL_PROVIDER)
    if known is None or not known.reader or not settings.ANYMAIL.get("WEBHOOK_SECRET"):
        return None
    module = import_module(f"anymail.webhooks.{settings.MAIL_PROVIDER}")
    reader = getattr(module, known.reader)()
    try:
        reader.run_validators(request)
    except AnymailWebhookValidationFailure:
        return None
    return reader


@by_system(
    "POST", stranger=stranger, other_method=other_method, unread=plain, known=provider
)
def mail_events(request: HttpRequest, reader: Any) -> HttpResponse:
    """Note what the provider tells of mails that it took."""
    try:
        events = reader.parse_events(request)
        reports = [_report(event) for event in events]
    except (ValueError, LookupError, TypeError, AttributeError, ImproperlyConfigured):
        return plain(400)
    now = timezone.now()
    actions.note_reports(channel=Channel.EMAIL, reports=reports, now=now)
    return plain(200)


def _report(event: AnymailTrackingEvent) -> Report:
    """
    Return an event in our words.

    A complaint does not bring the message back: it was read. It ends the address.
    """
    kind, number = event.event_type, str(event.message_id or "")
    halt = BY_REASON.get(event.reject_reason, HALTS.get(kind))
    if kind not in HALTS or event.reject_reason in NO_FAULT_OF_THE_ADDRESS:
        halt = None
    return Report(
        OUTCOMES.get(kind, Outcome.UNTOLD),
        number=number,
        message_id=number,
        address=str(event.recipient or "").lower(),
        halt=halt,
    )
