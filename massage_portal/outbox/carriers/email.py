"""Mail, over one SMTP connection or one provider's interface for a whole batch."""

from __future__ import annotations

import smtplib
from contextlib import suppress

from django.conf import settings
from django.core.mail import EmailMultiAlternatives, get_connection

from massage_portal.outbox.carriers.carrier import (
    AddressRefused,
    MessageRejected,
    NotNow,
    ServerDown,
)
from massage_portal.outbox.kinds import Mail
from massage_portal.outbox.models import Message

# The server refused us and not the message, which would be welcome once that is mended.
NOT_LET_IN = (
    smtplib.SMTPAuthenticationError,
    smtplib.SMTPConnectError,
    smtplib.SMTPHeloError,
    smtplib.SMTPServerDisconnected,
    OSError,
)


class EmailCarrier:
    """Django's mail connection, kept open while a batch lasts."""

    def __init__(self) -> None:
        self.connection = get_connection()
        self.is_open = False

    def send(self, message: Message, mail: Mail, *, address: str) -> str:
        """Hand one mail over; see `Carrier.send`."""
        out = self._compose(message, mail, address=address)
        try:
            if not self.is_open:
                self.connection.open()
                self.is_open = True
            self.connection.send_messages([out])
        except smtplib.SMTPRecipientsRefused as refusal:
            (code, _words) = next(iter(refusal.recipients.values()))
            raise AddressRefused(code) if code >= 500 else NotNow(code) from refusal
        except NOT_LET_IN as refusal:
            self.close()
            raise ServerDown(type(refusal).__name__) from refusal
        except smtplib.SMTPResponseException as refusal:
            code = refusal.smtp_code
            raise MessageRejected(code) if code >= 500 else NotNow(code) from refusal
        return ""

    def close(self) -> None:
        """Say goodbye; a server that is gone by then is none of our business."""
        self.is_open = False
        with suppress(smtplib.SMTPException, OSError):
            self.connection.close()

    def _compose(
        self, message: Message, mail: Mail, *, address: str
    ) -> EmailMultiAlternatives:
        domain = settings.DEFAULT_FROM_EMAIL.rpartition("@")[2].rstrip(">")
        out = EmailMultiAlternatives(
            subject=" ".join(mail.subject.split()),
            body=mail.text,
            to=[address],
            headers={
                "Message-ID": f"<{message.message_id}@{domain}>",
                "Auto-Submitted": "auto-generated",
            },
            connection=self.connection,
        )
        out.attach_alternative(mail.html, "text/html")
        for file in mail.attachments:
            out.attach(file.name, file.content, file.media_type)
        return out
