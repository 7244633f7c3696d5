"""Mail, over one SMTP connection or one provider's interface for a whole batch."""

from __future__ import annotations

import smtplib
from collections.abc import Callable
from contextlib import suppress

from anymail.exceptions import AnymailError
from django.conf import settings
from django.core.mail import get_connection

from massage_portal.outbox.carriers import mime, smtp
from massage_portal.outbox.carriers.provider import number_of, refusal_of, took
from massage_portal.outbox.carriers.unanswered import Line
from massage_portal.outbox.kinds import Mail, kind_of
from massage_portal.outbox.links import unsubscribing
from massage_portal.outbox.models import Message


class EmailCarrier:
    """
    Django's mail connection, kept open while a batch lasts.

    :param meanwhile: done while a server of SMTP reads a mail; it must raise nothing.
    """

    def __init__(self, meanwhile: Callable[[], None] | None = None) -> None:
        self.meanwhile = meanwhile
        self.connection = get_connection()
        self.is_open = False
        self.unread = ""
        self.line: Line | None = None  # to a provider that speaks HTTP
        # What `compose` made, and of what.
        self.composed: tuple[tuple[int, Mail, str], mime.Composed] | None = None

    def compose(self, message: Message, mail: Mail, *, address: str) -> None:
        """Compose a mail ahead; see `Carrier.compose`."""
        out = self._compose(message, mail, address=address)
        if isinstance(self.connection, smtp.Backend):
            out.raw  # noqa: B018 - it is kept there
        self.composed = (message.pk, mail, address), out

    def announce(self, message: Message, mail: Mail, *, address: str) -> None:
        """Say over an open connection that this one follows; see `Carrier.announce`."""
        out = self._ready(message, mail, address)
        if out and self.is_open and isinstance(self.connection, smtp.Backend):
            self.connection.announce(out)

    def take_back(self) -> None:
        """Take back what was announced; where that fails, by hanging up."""
        if isinstance(self.connection, smtp.Backend):
            try:
                self.connection.take_back()
            except (smtplib.SMTPException, OSError):
                self.close()

    def _ready(
        self, message: Message, mail: Mail, address: str
    ) -> mime.Composed | None:
        """Return the mail if `compose` made this one."""
        composed, out = self.composed or (None, None)
        return out if composed == (message.pk, mail, address) else None

    def send(self, message: Message, mail: Mail, *, address: str) -> str:
        """Hand one mail over; see `Carrier.send`."""
        out = self._ready(message, mail, address)
        self.composed = None
        if out is None:
            out = self._compose(message, mail, address=address)
        self._open()
        line = self.line or Line()
        line.begin()
        try:
            self.connection.send_messages([out])
        except AnymailError as refusal:  # first: some of them are an OSError too
            if took(refusal, answered=line.answered):
                self.unread = str(line.answered)
                return ""
            raise refusal_of(
                refusal, handed_over=line.was_handed_over, answered=line.answered
            ) from refusal
        except (smtplib.SMTPException, OSError) as refusal:
            handed_over = smtp.was_handed_over(self.connection)
            if smtp.is_cut(self.connection):
                self.close()
            raise smtp.refusal_of(refusal, handed_over=handed_over) from refusal
        return number_of(out)

    def _open(self) -> None:
        if self.is_open:
            return
        try:
            self.connection.open()
        except (smtplib.SMTPException, OSError) as refusal:
            self.close()
            raise smtp.refusal_at_the_door(refusal) from refusal
        session = getattr(self.connection, "session", None)
        if session:
            self.line = Line.of(session)
            # Another place would get our secret, and by 307 and 308 the mail too.
            session.max_redirects = 0
        smtp.do_meanwhile(self.connection, self.meanwhile)
        self.is_open = True

    def close(self) -> None:
        """Say goodbye; a server that is gone by then is none of our business."""
        self.is_open = False
        with suppress(smtplib.SMTPException, OSError):
            self.connection.close()

    def _compose(self, message: Message, mail: Mail, *, address: str) -> mime.Composed:
        domain = settings.DEFAULT_FROM_EMAIL.rpartition("@")[2].rstrip(">")
        optional = kind_of(message.kind).optional
        out = mime.Composed(
            subject=" ".join(mail.subject.split()),
            body=mail.text,
            to=[address],
            headers={
                "Message-ID": f"<{message.message_id}@{domain}>",
                "Auto-Submitted": "auto-generated",
                **(unsubscribing(message.recipient) if optional else {}),
            },
            connection=self.connection,
        )
        out.attach_alternative(mail.html, "text/html")
        for file in mail.attachments:
            out.attach(file.name, file.content, file.media_type)
        return out
