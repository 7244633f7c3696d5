"""
A language that nobody translated: every word of ours in letters read right to left.

Where Latin letters are left on a page in it, a template or the code has a word of its
own that no translator can reach.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache, lru_cache
from html.parser import HTMLParser
from io import BytesIO
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.mofile import write_mo
from django.conf import settings
from django.test import override_settings
from django.urls import clear_url_caches
from django.utils.formats import reset_format_cache

from tests.spanish import DATE_FORMAT, PLACEHOLDER, TAG, catalog

CODE = "ar"  # Django knows that it is read from right to left
LETTERS = dict(
    zip(
        [*range(ord("a"), ord("z") + 1), *range(ord("A"), ord("Z") + 1)],
        "\u0627\u0628\u062a\u062b\u062c\u062d\u062e\u062f\u0630\u0631\u0632\u0633\u0634"
        "\u0635\u0636\u0637\u0638\u0639\u063a\u0641\u0642\u0643\u0644\u0645\u0646\u0647"
        * 2,
        strict=True,
    )
)
KEPT = re.compile(rf"({PLACEHOLDER.pattern}|{{\w*}}|{TAG.pattern}|&#?\w+;)")
LATIN = re.compile("[A-Za-z\u00c0-\u024f]+")
VOID = {"br", "col", "hr", "img", "input", "link", "meta", "source", "wbr"}
NAMES = ["alt", "aria-label", "data-label", "placeholder", "title"]
SAID_IN_HEAD = re.compile(r"description|og:(title|description|site_name)")


def mirrored(text: str) -> str:
    """Return a text of ours in the other letters; a date's format as it is."""
    if DATE_FORMAT.fullmatch(text):
        return text
    parts = KEPT.split(text)
    return "".join(
        part if number % 2 else part.translate(LETTERS)
        for number, part in enumerate(parts)
    )


@cache
def _compiled() -> bytes:
    """Return the language, compiled: the words that the Spanish catalog translates."""
    made = Catalog(locale=CODE)
    for entry in catalog():
        if isinstance(entry.id, str) and entry.id:
            made.add(entry.id, mirrored(entry.id), context=entry.context)
        elif entry.id:
            one, many = map(mirrored, entry.id)
            forms = (one, *[many] * (made.num_plurals - 1))
            made.add(entry.id, forms, context=entry.context)
    out = BytesIO()
    write_mo(out, made)
    return out.getvalue()


@contextmanager
def spoken(folder: Path) -> Iterator[None]:
    """Let the portal speak the language too, and forget all of it afterwards."""
    target = folder / CODE / "LC_MESSAGES" / "django.mo"
    target.parent.mkdir(parents=True)
    target.write_bytes(_compiled())
    with override_settings(  # which forgets the catalogs that Django has read
        LANGUAGES=[*settings.LANGUAGES, (CODE, mirrored("Mirrored"))],
        LOCALE_PATHS=[folder, *settings.LOCALE_PATHS],
    ):
        _forget()
        yield
    _forget()


def _forget() -> None:
    clear_url_caches()
    reset_format_cache()


class Reader(HTMLParser):
    """Collects what a page says in its own language, labels and head included."""

    def __init__(self) -> None:
        super().__init__()
        self.said: list[str] = []
        self.within: list[tuple[str, bool]] = []  # each open tag; is it of the page?

    def handle_starttag(self, tag, attrs):
        of = dict(attrs)
        own = self.within[-1][1] if self.within else True
        own = own and of.get("lang", CODE) == CODE and tag not in ("script", "style")
        if tag not in VOID:
            self.within.append((tag, own))
        names = [*NAMES]
        if SAID_IN_HEAD.fullmatch(of.get("name") or of.get("property") or ""):
            names.append("content")
        if tag == "input" and of.get("type") in ("submit", "button"):
            names.append("value")
        if own:
            self.said += [of[name] for name in names if of.get(name)]

    def handle_startendtag(self, tag, attrs):
        self.handle_starttag(tag, attrs)
        if tag not in VOID:
            self.handle_endtag(tag)

    def handle_endtag(self, tag):
        while self.within and self.within.pop()[0] != tag:
            pass

    def handle_data(self, data):
        if not self.within or self.within[-1][1]:
            self.said.append(data)


@lru_cache(maxsize=8)  # of many pages the same is known
def _any_of(data: frozenset[str]) -> re.Pattern[str]:
    longest = sorted(data, key=len, reverse=True)
    return re.compile(r"(?<!\w)(?:" + "|".join(map(re.escape, longest)) + r")(?!\w)")


def latin_in(html: str, *, data: set[str]) -> list[str]:
    """Return the texts of a page with Latin letters that are no data or record's."""
    reader = Reader()
    reader.feed(html)
    reader.close()
    known = _any_of(frozenset(data))
    flat = [" ".join(text.split()) for text in reader.said]
    return sorted({text for text in flat if LATIN.search(known.sub("", text))})
