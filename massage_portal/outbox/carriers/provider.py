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


def took(fault: AnymailError, *, answered: int) -> bool:
    """
    Say whether the provider took the mail, and only its answer cannot be read.

    One that can be read, though not as anymail knows it, may tell of a fault.

    :param answered: see `refusal_of`.
    """
    if not isinstance(fault, AnymailAPIError) or not taken(answered):
        return False
    if fault.response is None:
        return True  # it broke off
    try:
        fault.response.json()
    except ValueError:
        return True
    return False


def refusal_of(fault: AnymailError, *, handed_over: bool, answered: int) -> Undelivered:
    """
    Return what a provider's refusal means for the message.

    :param handed_over: whether the provider had the whole of it.
    :param answered: the status with which it answered the mail, 0 if with none.
        Anymail has none where an answer breaks off, or names another place.
    """
    if isinstance(fault, AnymailRecipientsRefused | AnymailInvalidAddress):
        return AddressRefused(type(fault).__name__)
    if not isinstance(fault, AnymailAPIError):
        return MessageRejected(type(fault).__name__)  # it asks for what they cannot do
    if not answered:
        return no_answer(fault, handed_over=handed_over)
    if unanswered := not_answered_for(answered):
        return unanswered
    if taken(answered):
        return Unanswered(answered)
    if answered in (429, 500):
        return NotNow(answered)
    if answered in (401, 403, 404) or answered >= 502 or 300 <= answered < 400:
        return ServerDown(answered)
    return MessageRejected(answered) if 400 <= answered < 500 else NotNow(answered)
