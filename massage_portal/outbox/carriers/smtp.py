"""
SMTP that never waits long, and what a mail server's refusals mean.

A step of SMTP may rightly take long (a server that reads the mail for viruses answers
the last one late), but all of them together may not: opening a connection and handing
over a mail each have settings.EMAIL_TIMEOUT seconds, however many steps there are.
"""

from __future__ import annotations

import re
import smtplib
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import lru_cache
from time import monotonic
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core.mail import DNS_NAME, EmailMessage
from django.core.mail.backends.smtp import EmailBackend
from django.core.mail.message import sanitize_address

from massage_portal.outbox.carriers import mime
from massage_portal.outbox.carriers.carrier import (
    AddressRefused,
    MessageRejected,
    NotNow,
    ServerDown,
    Unanswered,
    Undelivered,
)

CONTENT_PLEASE = 354
TOO_BIG = 552
GOODBYE = 421  # it hangs up with this
# Nothing in it is a comment, a quotation, a name or beyond ASCII.
ORDINARY = re.compile(r"[A-Za-z0-9_+-]+(\.[A-Za-z0-9_+-]+)*@[a-z0-9-]+(\.[a-z0-9-]+)+")
AT_LEAST = 0.001  # seconds; none would mean not to wait for the socket at all
# Of RFC 3463: it does not let us, though the address may be right. Servers that give no
# such code say "relaying denied".
POLICY = "5.7."


class Bounded:
    """A client of SMTP whose steps share one time limit."""

    ends_at: float
    sock: Any
    takes_content = False  # it asked for the mail itself
    was_handed_over = False  # it has the mail to its last dot, and did not answer yet
    meanwhile: Callable[[], None] | None = None  # done while it reads that
    announced = ""  # the command that it did not answer yet

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self.begin()
        super().__init__(*args, **kwargs)

    def begin(self) -> None:
        """Let the time begin anew."""
        self.takes_content = self.was_handed_over = False
        self.ends_at = monotonic() + settings.EMAIL_TIMEOUT

    def getreply(self) -> tuple[int, bytes]:
        """Wait for a reply while time is left."""
        if self.was_handed_over and self.meanwhile is not None:
            self.meanwhile()
        self._hurry()
        try:
            reply: tuple[int, bytes] = super().getreply()  # type: ignore[misc]
        except smtplib.SMTPServerDisconnected as fault:
            self._say_if_late(fault)
            raise
        self.takes_content = reply[0] == CONTENT_PLEASE
        self.was_handed_over = False
        return reply

    def send(self, s: Any) -> None:
        """Send while time is left."""
        self._hurry()
        try:
            super().send(s)  # type: ignore[misc]
        except smtplib.SMTPServerDisconnected as fault:
            self._say_if_late(fault)
            raise
        self.was_handed_over = self.takes_content

    def rcpt(self, recip: str, options: Sequence[str] = ()) -> tuple[int, bytes]:
        """Name a reader; an ordinary address need not be read for that."""
        if options or not ORDINARY.fullmatch(recip):
            answer: tuple[int, bytes] = super().rcpt(recip, options)  # type: ignore[misc]
            return answer
        self.putcmd("rcpt", f"TO:<{recip}>")  # type: ignore[attr-defined]
        return self.getreply()

    def announce(self, sender: str, size: int) -> None:
        """
        Say from whom the next mail comes, and do not wait for the answer.

        Nothing is handed over by that. `mail` reads the answer, or `take_back`.

        :param size: of the mail, in bytes.
        """
        options = [f"size={size}"] if self.has_extn("size") else []  # type: ignore[attr-defined]
        said = _mail_from(sender, options)
        self.putcmd(said)  # type: ignore[attr-defined]
        self.announced = said

    def take_back(self) -> None:
        """Forget the mail that was announced, if one was."""
        if self.announced:
            self.announced = ""
            self.getreply()
            self.rset()  # type: ignore[attr-defined]

    def mail(self, sender: str, options: Sequence[str] = ()) -> tuple[int, bytes]:
        """Say from whom a mail comes, unless it was announced; see `rcpt`."""
        if "smtputf8" in options or not ORDINARY.fullmatch(sender):
            answer: tuple[int, bytes] = super().mail(sender, options)  # type: ignore[misc]
            return answer
        said = _mail_from(sender, options)
        if self.announced != said:
            self.take_back()
            self.putcmd(said)  # type: ignore[attr-defined]
        self.announced = ""
        return self.getreply()

    def data(self, msg: Any) -> tuple[int, bytes]:
        """
        Hand over a mail whose lines end with CRLF, when it is asked for.

        Without the search for periods by an expression, which takes longer than all
        else of it, while the server waits.
        """
        self.putcmd("data")  # type: ignore[attr-defined]
        code, words = self.getreply()
        if code != CONTENT_PLEASE:
            raise smtplib.SMTPDataError(code, words)
        self.send(quoted(msg))
        return self.getreply()

    def _hurry(self) -> None:
        """Let one step have what is left of the time."""
        if self.sock is not None:
            self.sock.settimeout(max(self.ends_at - monotonic(), AT_LEAST))

    def _say_if_late(self, fault: smtplib.SMTPServerDisconnected) -> None:
        """
        Tell a server that is slow from one that hung up.

        :raises TimeoutError: once nothing is left; the connection is closed then.
        """
        if monotonic() >= self.ends_at:
            raise TimeoutError from fault


def _mail_from(sender: str, options: Sequence[str]) -> str:
    return " ".join((f"mail FROM:<{sender}>", *options))


def quoted(raw: bytes) -> bytes:
    """Return a mail with its end, and no line that could be taken for that."""
    start = b"." if raw.startswith(b".") else b""
    end = b"" if raw.endswith(b"\r\n") else b"\r\n"
    return b"".join((start, raw.replace(b"\n.", b"\n.."), end, b".\r\n"))


class BoundedSMTP(Bounded, smtplib.SMTP):
    """In the clear, or by STARTTLS."""


class BoundedSMTPS(Bounded, smtplib.SMTP_SSL):
    """By TLS from the first byte."""


class Backend(EmailBackend):
    """Django's own, whose connections are bounded."""

    def open(self) -> bool | None:
        """
        Open a connection in the name of the portal.

        Django would ask DNS for the name of the machine, in each process anew, and
        where no DNS answers that takes longer than a mail may.
        """
        DNS_NAME._fqdn = urlsplit(settings.PORTAL_ORIGIN).hostname
        return super().open()

    @property
    def connection_class(self) -> type[smtplib.SMTP]:
        """The client that it connects with."""
        return BoundedSMTPS if self.use_ssl else BoundedSMTP

    def send_messages(self, email_messages: Sequence[EmailMessage]) -> int:
        """Send each within the time of one."""
        if isinstance(self.connection, Bounded):
            self.connection.begin()
        return super().send_messages(email_messages)

    def announce(self, out: mime.Composed) -> None:
        """Announce a mail over an open connection; `send_messages` says if it fails."""
        client = self.connection
        # Django raises ValueError at an address that it cannot read.
        with suppress(smtplib.SMTPException, OSError, ValueError):
            sender = plain_address(out.from_email, _encoding(out))
            if isinstance(client, Bounded) and ORDINARY.fullmatch(sender):
                client.begin()
                client.announce(sender, len(out.raw))

    def take_back(self) -> None:
        """Take back what was announced."""
        if isinstance(self.connection, Bounded):
            self.connection.take_back()

    def _send(self, email_message: EmailMessage) -> bool:
        """Hand one over, joined by `mime`; whatever goes wrong is raised."""
        encoding = _encoding(email_message)
        addresses = [email_message.from_email, *email_message.recipients()]
        sender, *to = (plain_address(one, encoding) for one in addresses)
        if isinstance(email_message, mime.Composed):
            raw = email_message.raw
        else:
            raw = mime.as_bytes(email_message)
        assert self.connection is not None  # noqa: S101 - it was opened before
        self.connection.sendmail(sender, to, raw)
        return True


def _encoding(out: EmailMessage) -> str:
    return str(out.encoding or settings.DEFAULT_CHARSET)


@lru_cache(maxsize=100)  # the clinic's own comes with every mail
def plain_address(address: str, encoding: str) -> str:
    """Return an address as SMTP takes it; most are so, and need not be read for it."""
    if ORDINARY.fullmatch(address):
        return address
    return str(sanitize_address(address, encoding))


def do_meanwhile(backend: Any, work: Callable[[], None] | None) -> None:
    """Let an open connection of a mail backend do `work` while its server reads."""
    client = getattr(backend, "connection", None)
    if isinstance(client, Bounded):
        client.meanwhile = work


def is_cut(backend: Any) -> bool:
    """Say whether the connection of a mail backend serves no further mail."""
    client = getattr(backend, "connection", None)
    return getattr(client, "sock", None) is None


def was_handed_over(backend: Any) -> bool:
    """Say whether the server has all of the last mail, and did not say what of it."""
    return bool(getattr(getattr(backend, "connection", None), "was_handed_over", False))


def refusal_at_the_door(fault: Exception) -> ServerDown:
    """Return what it means that no connection could be opened."""
    return ServerDown(getattr(fault, "smtp_code", None) or type(fault).__name__)


def refusal_of(
    fault: smtplib.SMTPException | OSError, *, handed_over: bool
) -> Undelivered:
    """
    Return what it means that a mail was not taken over an open connection.

    :param handed_over: whether only the answer to its last dot was lacking.
    """
    if handed_over:
        late = isinstance(fault, TimeoutError)
        return Unanswered(type(fault).__name__, all_wait=late)
    if isinstance(fault, smtplib.SMTPRecipientsRefused):
        ((code, words),) = fault.recipients.values()
        return _at_rcpt(code, words)
    if isinstance(fault, smtplib.SMTPResponseException):
        code = fault.smtp_code
        if isinstance(fault, smtplib.SMTPSenderRefused) and code not in (
            TOO_BIG,
            GOODBYE,
        ):
            return ServerDown(code)  # it is the clinic whom it does not want
        return MessageRejected(code) if code >= 500 else NotNow(code)
    if isinstance(fault, TimeoutError):
        return ServerDown(type(fault).__name__)
    # Cut off. It may be this one mail that it chokes on, so the others go on.
    return NotNow(type(fault).__name__)


def _at_rcpt(code: int, words: bytes) -> Undelivered:
    """Return what the refusal of an address means: 4xx is never for good."""
    if code < 500:
        return NotNow(code)
    told = words.decode("ascii", "replace").lstrip().lower()
    if told.startswith(POLICY) or "relay" in told:
        return MessageRejected(code)
    return AddressRefused(code)
