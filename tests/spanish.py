"""How tests read the Spanish of the portal: its catalog, and what a page says."""

from __future__ import annotations

import re
from functools import cache
from html import unescape

from babel.messages.pofile import read_po
from django.conf import settings
from django.urls import reverse
from django.utils import translation

SOURCE = (
    settings.BASE_DIR / "massage_portal" / "locale" / "es" / "LC_MESSAGES" / "django.po"
)
PLACEHOLDER = re.compile(r"%\(\w+\)[a-z]|%%|%[sd]")
TAG = re.compile(r"</?[a-z][^>]*>")
DATE_FORMAT = re.compile(r"[DlFMNjYPHiT,: ]+")  # letters of Django's date filter
MARKED = re.compile(r'<(\w+)[^>]* lang="en">.*?</\1>', re.DOTALL)
SENTENCE = 3  # words; shorter texts may well be the same in both languages


@cache
def catalog():
    """Return the catalog, as Babel reads it."""
    with SOURCE.open("rb") as words:
        return read_po(words, abort_invalid=True)


def both(entry):
    """Return each form of an entry in English beside its Spanish."""
    if isinstance(entry.id, str):
        return [(entry.id, entry.string)]
    return list(zip(entry.id, entry.string, strict=True))


def pairs():
    """Return every text of ours beside its Spanish."""
    return [pair for entry in catalog() if entry.id for pair in both(entry)]


@cache
def english():
    """Return the phrases of the English, SENTENCE words or more, no placeholders."""
    pieces = set()
    for said, spanish in pairs():
        if said != spanish and not DATE_FORMAT.fullmatch(said):
            pieces |= set(re.split(PLACEHOLDER.pattern + "|" + TAG.pattern, said))
    flat = {" ".join(piece.split()).strip(" .,:?") for piece in pieces}
    return {piece for piece in flat if len(piece.split()) >= SENTENCE}


def words_of(html):
    """Return what a page says, labels included, but what it marks as English."""
    html = MARKED.sub(" ", html)
    names = re.findall(r'(?:aria-label|alt|title|content|value)="([^"]*)"', html)
    text = re.sub(r"<[^>]+>", " ", html)
    return " ".join(unescape(" ".join([text, *names])).split())


def left_in_english(text):
    """Return the English phrases in a text, whole words only."""
    hits = [piece for piece in english() if piece in text]
    return sorted(p for p in hits if re.search(rf"\b{re.escape(p)}\b", text))


def assert_spanish(answer, *, status=200):
    """See that a page is Spanish, and return its words."""
    page = answer.content.decode()
    assert answer.status_code == status
    assert '<html lang="es"' in page
    assert left_in_english(words_of(page)) == []
    return words_of(page)


def es(name, *args):
    """Return the address of a page in Spanish."""
    with translation.override("es"):
        return reverse(name, args=args)
