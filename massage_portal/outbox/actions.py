"""Owe, send and give up messages."""

from __future__ import annotations

import smtplib
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import structlog
from django.conf import settings
from django.core.mail import EmailMultiAlternatives, get_connection
from django.db.models import Model
from django.utils import translation

from massage_portal.inserting import insert_new
from massage_portal.outbox.kinds import Mail, renderer_of
from massage_portal.outbox.models import Message

if TYPE_CHECKING:
    import uuid

MAX_ATTEMPTS = 8
FIRST_PAUSE = timedelta(seconds=30)
# The server refused us and not the message, which would be welcome once that is mended.
NOT_LET_IN = (
    smtplib.SMTPAuthenticationError,
    smtplib.SMTPConnectError,
    smtplib.SMTPHeloError,
)

log = structlog.get_logger(__name__)


def about(subject: Model) -> str:
    """Return the text by which messages about `subject` are found again."""
    return f"{subject._meta.label_lower}:{subject.pk}"


@dataclass(frozen=True)
class Owed:
    """
    One message to be owed.

    :param due_at: when it may go; at once if left out. A message that would come due
        after it expires is not owed at all.
    :param key: what makes it the same message; owed twice, it exists once.
    """

    kind: str
    expires_at: datetime
    due_at: datetime | None = None
    key: str = ""


def owe_each(
    *messages: Owed,
    subject: Model,
    to: Any,  # a user; accounts stands above the outbox
    now: datetime,
) -> None:
    """Owe `to` messages about `subject`, as rows of the caller's transaction."""
    insert_new(
        [
            Message(
                key=f"{one.kind}:{subject.pk}:{one.key}",
                kind=one.kind,
                about=about(subject),
                recipient=to,
                created_at=now,
                due_at=one.due_at or now,
                expires_at=one.expires_at,
            )
            for one in messages
            if (one.due_at or now) < one.expires_at
        ]
    )


def owe(
    kind: str,
    subject: Model,
    *,
    to: Any,  # as in owe_each
    now: datetime,
    expires_at: datetime,
    due_at: datetime | None = None,
    key: str = "",
) -> None:
    """Owe `to` one message about `subject`: `Owed` says what the words mean."""
    owed = Owed(kind, expires_at=expires_at, due_at=due_at, key=key)
    owe_each(owed, subject=subject, to=to, now=now)


def void(subject: Model, *, now: datetime) -> None:
    """Withdraw what is still unsent about `subject`."""
    Message.objects.void(about=about(subject), now=now)


def void_due_before(moment: datetime, *, now: datetime) -> int:
    """Withdraw what should have gone before `moment`; return how many."""
    return Message.objects.unsent().filter(due_at__lt=moment).update(voided_at=now)


def pause_after(attempts: int) -> timedelta:
    """Return the wait after the n-th failed attempt: 30 s, doubled each time."""
    return FIRST_PAUSE * 2 ** max(0, attempts - 1)


def send(*, pk: int, now: datetime) -> bool:
    """
    Send one message if it is due and nobody else has it; say whether it went.

    Not a transaction: the claim must be seen by others before the mail leaves. If the
    worker dies after the server's answer and before the mark, the mail goes again with
    the same Message-ID, which lets the recipient's server drop it.
    """
    claim = Message.objects.claim(pk, now=now)
    if claim is None:
        return False
    message = Message.objects.select_related("recipient").get(pk=pk)
    try:
        with translation.override(message.recipient.language):
            mail = renderer_of(message.kind)(message)
        if mail is None:
            Message.objects.unsent().filter(pk=pk, claim=claim).update(voided_at=now)
            return False
        if not Message.objects.begin(pk, claim=claim, now=now):
            return False
        _deliver(message, mail)
    except smtplib.SMTPRecipientsRefused as refusal:
        codes = [code for code, _ in refusal.recipients.values()]
        _failed(message, claim, now=now, final=all(code >= 500 for code in codes))
        return False
    except smtplib.SMTPResponseException as refusal:
        final = refusal.smtp_code >= 500 and not isinstance(refusal, NOT_LET_IN)
        _failed(message, claim, now=now, final=final)
        return False
    except Exception:
        # Whatever it was, the others must go on, and this one is tried again.
        log.exception("message_not_sent", message=pk, kind=message.kind)
        _failed(message, claim, now=now, final=False)
        return False
    # It went, even if it was withdrawn or given up elsewhere while on its way.
    Message.objects.filter(pk=pk, sent_at=None).update(
        sent_at=now, voided_at=None, failed_at=None, claim=None, claimed_until=None
    )
    return True


def _failed(message: Message, claim: uuid.UUID, *, now: datetime, final: bool) -> None:
    """Put the message back with a growing pause, or give it up for all to see."""
    mine = Message.objects.unsent().filter(pk=message.pk, claim=claim)
    if final or message.attempts >= MAX_ATTEMPTS:
        mine.update(failed_at=now, claim=None, claimed_until=None)
    else:
        mine.update(claimed_until=now + pause_after(message.attempts))


def _deliver(message: Message, mail: Mail) -> None:
    """Hand the mail to the SMTP server."""
    domain = settings.DEFAULT_FROM_EMAIL.rpartition("@")[2].rstrip(">")
    out = EmailMultiAlternatives(
        subject=" ".join(mail.subject.split()),
        body=mail.text,
        to=[message.recipient.email],
        headers={
            "Message-ID": f"<{message.message_id}@{domain}>",
            "Auto-Submitted": "auto-generated",
        },
    )
    out.attach_alternative(mail.html, "text/html")
    for file in mail.attachments:
        out.attach(file.name, file.content, file.media_type)
    with get_connection() as out.connection:  # closed, come what may
        out.send()
