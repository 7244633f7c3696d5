"""What a mail says, read as its recipient does, and as anybody on its way could."""

from __future__ import annotations

import re
from email import message_from_bytes, policy
from email.message import EmailMessage
from html import unescape

from django.core import mail
from django.utils.translation import trans_real

from massage_portal.outbox import sending
from tests.factories import NOW, make_message

PATTERN_OF_LINKS = re.compile(r"https?:[^\s\"'<>]*")


def write(kind: str, subject, to) -> bytes | None:
    """Send one message by Django's test mailbox; return its bytes, or None."""
    message = make_message(kind=kind, subject=subject, to=to)
    if not sending.send(pk=message.pk, now=NOW):
        return None
    return mail.outbox[-1].message().as_bytes()


def parsed(raw: bytes) -> EmailMessage:
    """Return the mail as a mail program reads it."""
    return message_from_bytes(raw, policy=policy.default)


def laid_open(raw: bytes) -> str:
    """Return all that a mail says: its bytes as sent, its headers and parts decoded."""
    said = [raw.decode(errors="replace"), *contents(raw)]
    for part in parsed(raw).walk():
        said += [f"{name}: {value}" for name, value in part.items()]
    # Mail and calendar files break long lines; a word must not hide in a break.
    said += [re.sub(r"=?\r?\n[ \t]?", "", text) for text in said]
    return "\n".join(said)


def contents(raw: bytes) -> list[str]:
    """Return the text, the page and the attached files, decoded."""
    parts = [part for part in parsed(raw).walk() if not part.is_multipart()]
    return [part.get_payload(decode=True).decode() for part in parts]


def body(raw: bytes, form: str) -> str:
    """Return the mail as "plain" or "html"."""
    return parsed(raw).get_body((form,)).get_content()


def links(text: str) -> list[str]:
    return PATTERN_OF_LINKS.findall(unescape(text))


def seen(html: str) -> str:
    """Return the words of a page without its tags, and without how it looks."""
    shown = re.sub(r"<style>.*?</style>", " ", html, flags=re.DOTALL)
    return unescape(re.sub(r"<[^>]+>", " ", shown))


class MarkedSpanish:
    """A Spanish in which each translated text stands in «»."""

    def __init__(self) -> None:
        self.real = trans_real.translation("es")

    def __getattr__(self, name: str):
        return getattr(self.real, name)

    def gettext(self, words: str) -> str:
        return f"«{words}»"

    def ngettext(self, one: str, many: str, number: int) -> str:
        return f"«{many}»"


def untranslated(text: str) -> str:
    """Return what of a text in MarkedSpanish went past the translators."""
    text = PATTERN_OF_LINKS.sub("", text)
    while (shorter := re.sub(r"«[^«»]*»", "", text)) != text:
        text = shorter
    return text
