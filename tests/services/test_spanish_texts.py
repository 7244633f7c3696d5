"""The Spanish of each text of the guide says what the English says."""

from __future__ import annotations

import re
import tomllib
from collections import Counter
from pathlib import Path
from typing import Any, NamedTuple

import pytest

CONTENT = Path(__file__).parents[2] / "services" / "content"
KINDS = ["pages", "conditions", "techniques", "locations"]
LONGEST = {"title": 120, "summary": 300, "other_words": 300}  # in characters
# Numbers that the texts write as words. "One" is missing: it is also an article.
WORDS = {
    **{"two": "dos", "three": "tres", "four": "cuatro", "five": "cinco"},
    **{"six": "seis", "seven": "siete", "eight": "ocho", "nine": "nueve"},
    **{"ten": "diez", "half": "mitad", "eighth": "octava", "twice": "doble"},
    **{"hundreds": "cientos", "thousands": "miles", "millions": "millones"},
}
AT_EACH_LEVEL = {
    "headings": re.compile(r"^(#+) ", re.MULTILINE),
    "items": re.compile(r"^( *(?:[-*]|\d+\.)) ", re.MULTILINE),
    "emphasis": re.compile(r"(\*\*)"),
}
LINK = re.compile(r"\]\(([^)]+)\)")


class Text(NamedTuple):
    """A text as its file has it."""

    head: dict[str, Any]
    body: str


def read(path: Path) -> Text:
    """Return the text of a file: TOML between two lines of +++, then Markdown."""
    _before, head, body = re.split(
        r"^\+\+\+\n", path.read_text("utf-8"), maxsplit=2, flags=re.MULTILINE
    )
    return Text(tomllib.loads(head), body.strip())


def both(kind: str, slug: str) -> tuple[Text, Text]:
    """Return the English text and the Spanish one."""
    return (
        read(CONTENT / "en" / kind / f"{slug}.md"),
        read(CONTENT / "es" / kind / f"{slug}.md"),
    )


def numbers(text: Text, words: dict[str, str]) -> Counter[str]:
    """Return the numbers of a text, in digits or in `words` for them, and how often."""
    said = " ".join([text.head["summary"], text.body]).lower()
    found = re.findall(r"\w+", LINK.sub("]", said))
    return Counter(
        words.get(one, one) for one in found if one.isdigit() or one in words
    )


TEXTS = [
    pytest.param(kind, path.stem, id=f"{kind}/{path.stem}")
    for kind in KINDS
    for path in sorted((CONTENT / "en" / kind).glob("*.md"))
]


@pytest.mark.parametrize("kind", KINDS)
def test_each_english_text_has_a_spanish_one_and_no_other_exists(kind):
    english = {path.name for path in (CONTENT / "en" / kind).glob("*.md")}

    assert english
    assert {path.name for path in (CONTENT / "es" / kind).glob("*.md")} == english


@pytest.mark.parametrize(("kind", "slug"), TEXTS)
def test_the_spanish_has_the_same_structure(kind, slug):
    english, spanish = both(kind, slug)

    for what, pattern in AT_EACH_LEVEL.items():
        assert pattern.findall(spanish.body) == pattern.findall(english.body), what
    assert spanish.body.count("\n\n") == english.body.count("\n\n"), "paragraphs"


@pytest.mark.parametrize(("kind", "slug"), TEXTS)
def test_the_links_of_the_spanish_lead_to_the_same_pages_in_spanish(kind, slug):
    english, spanish = both(kind, slug)
    wanted = [
        f"/es{to}" if to.startswith("/") else to for to in LINK.findall(english.body)
    ]

    assert sorted(LINK.findall(spanish.body)) == sorted(wanted)


@pytest.mark.parametrize(("kind", "slug"), TEXTS)
def test_the_spanish_says_the_same_numbers(kind, slug):
    english, spanish = both(kind, slug)
    as_spanish = {word: word for word in WORDS.values()}

    assert numbers(spanish, as_spanish) == numbers(english, WORDS)


@pytest.mark.parametrize(("kind", "slug"), TEXTS)
def test_the_head_of_the_spanish_has_the_fields_it_needs_and_each_fits(kind, slug):
    head = both(kind, slug)[1].head
    others = {"other_words"} if kind == "conditions" else set()

    assert head.keys() == {"title", "summary"} | others
    for name, value in head.items():
        assert 0 < len(value.strip()) <= LONGEST[name], name
