"""What a mail provider's interface, behind django-anymail, answers when handed mail."""

from __future__ import annotations

from anymail.exceptions import (
    AnymailAPIError,
    AnymailError,
    AnymailInvalidAddress,
    AnymailRecipientsRefused,
)
from django.core.mail import EmailMessage

from massage_portal.outbox.carriers.carrier import (
    AddressRefused,
    MessageRejected,
    NotNow,
    ServerDown,
    Unanswered,
    Undelivered,
)
from massage_portal.outbox.carriers.unanswered import no_answer, not_answered_for, taken


def number_of(out: EmailMessage) -> str:
    """Return the provider's id of a mail that it took; "" by plain SMTP."""
    number = getattr(getattr(out, "anymail_status", None), "message_id", None)
    return number if isinstance(number, str) else ""


def took(fault: AnymailError) -> bool:
    """
    Say whether the provider took the mail, and only its answer cannot be read.

    One that can be read, though not as anymail knows it, may tell of a fault.
    """
    if not isinstance(fault, AnymailAPIError) or not taken(fault.status_code or 0):
        return False
    try:
        fault.response.json()
    except ValueError:
        return True
    return False


def refusal_of(fault: AnymailError, *, handed_over: bool) -> Undelivered:
    """
    Return what a provider's refusal means for the message.

    :param handed_over: whether the provider had the whole of it.
    """
    if isinstance(fault, AnymailRecipientsRefused | AnymailInvalidAddress):
        return AddressRefused(type(fault).__name__)
    if not isinstance(fault, AnymailAPIError):
        return MessageRejected(type(fault).__name__)  # it asks for what they cannot do
    status = fault.status_code
    if status is None:
        return no_answer(fault, handed_over=handed_over)
    if unanswered := not_answered_for(status):
        return unanswered
    if taken(status):
        return Unanswered(status)
    if status in (429, 500):
        return NotNow(status)
    if status in (401, 403, 404) or status >= 502:
        return ServerDown(status)
    return MessageRejected(status) if 400 <= status < 500 else NotNow(status)
