"""
A mail as bytes, without the detour over an object for each of its parts.

Python's email package takes longer to write a mail than a mail server takes to accept
it. What most mails are, a text and the same as HTML, is joined here by hand; all else
is left to Django.
"""

from __future__ import annotations

import secrets
from email.utils import formatdate
from functools import cached_property, lru_cache

from django.conf import settings
from django.core.mail import EmailMessage, EmailMultiAlternatives
from django.core.mail.message import RFC5322_EMAIL_LINE_LENGTH_LIMIT as LONGEST_LINE
from django.core.mail.message import forbid_multi_line_headers

NEWLINE = "\r\n"
# Encodes what is not ASCII, and refuses line breaks. Most headers come again and again.
checked = lru_cache(maxsize=100)(forbid_multi_line_headers)


class Composed(EmailMultiAlternatives):
    """A mail that may be joined a while before it is handed over."""

    @cached_property
    def raw(self) -> bytes:
        """The mail as SMTP takes it."""
        return as_bytes(self)


def as_bytes(out: EmailMessage) -> bytes:
    """Return a mail as SMTP takes it."""
    if isinstance(out, EmailMultiAlternatives) and _is_plain(out):
        return _joined(out)
    return out.message().as_bytes(linesep=NEWLINE)  # type: ignore[call-arg]


def _is_plain(out: EmailMultiAlternatives) -> bool:
    """Say whether it is a text and one alternative, of ordinary lines."""
    if out.attachments or len(out.alternatives) != 1:
        return False
    bodies = (str(out.body), str(out.alternatives[0][0]))
    longest = max(max(map(len, one.splitlines()), default=0) for one in bodies)
    return longest * 4 < LONGEST_LINE


def _joined(out: EmailMultiAlternatives) -> bytes:
    boundary = f"=_{secrets.token_hex(16)}"  # "=_" comes in no quoted-printable text
    content, media_type = out.alternatives[0]
    headers = {
        "Content-Type": f'multipart/alternative; boundary="{boundary}"',
        "MIME-Version": "1.0",
        "Subject": out.subject,
        "From": out.from_email,
        "To": ", ".join(map(str, out.to)),
        "Date": formatdate(localtime=settings.EMAIL_USE_LOCALTIME),
        **out.extra_headers,
    }
    encoding = out.encoding or settings.DEFAULT_CHARSET
    lines = [
        f"{name}: {value}"
        for name, value in (
            checked(name, str(value), encoding) for name, value in headers.items()
        )
    ]
    parts = [_part(str(out.body), "text/plain"), _part(str(content), str(media_type))]
    lines.append("")
    for part in parts:
        lines += [f"--{boundary}", part]
    lines += [f"--{boundary}--", ""]
    return _with_newlines("\n".join(lines)).encode()


def _part(text: str, media_type: str) -> str:
    bits = "7bit" if text.isascii() else "8bit"
    return (
        f'Content-Type: {media_type}; charset="utf-8"\n'
        f"MIME-Version: 1.0\nContent-Transfer-Encoding: {bits}\n\n{text}"
    )


def _with_newlines(text: str) -> str:
    return text.replace(NEWLINE, "\n").replace("\r", "\n").replace("\n", NEWLINE)
