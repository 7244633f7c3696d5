"""
Search over everything published.

PostgreSQL's full text finds words and their forms. If it finds nothing, each word is
replaced by the published word that looks most like it (trigrams), so that
"fibromialgia" finds fibromyalgia; what was looked for instead is said.
"""

from __future__ import annotations

import re
from typing import Any, NamedTuple

from django.contrib.postgres.search import SearchHeadline, SearchQuery, SearchRank
from django.db import connection
from django.db.models import F, Func, TextField, Value
from django.db.models.functions import Concat
from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe

from services.models import Version
from services.models.version import CONFIGS, OTHERWISE, Unaccented

MOST = 20  # hits shown
LIKE_ENOUGH = 0.35  # trigram similarity, 0 to 1: "canser" is 0.40 like "cancer"
BEGIN, END = "\x02", "\x03"  # around a word found; no text that was typed has them
# What Markdown adds to a text: headings, bullets, numbers, stars, brackets, addresses.
MARKS = r"(?n)^#+ .*$|^(-|\d+\.) +|[*_`\[\]]|\(/[^)[:space:]]*\)"
# Each typed word beside the published one most like it.
NEAREST = """
SELECT typed, (
    SELECT word FROM services_word
     WHERE length(typed) > 3 AND word %% lower(unaccented(typed))
       AND similarity(word, lower(unaccented(typed))) >= %s
     ORDER BY similarity(word, lower(unaccented(typed))) DESC, word LIMIT 1)
  FROM unnest(%s::text[]) WITH ORDINALITY AS words(typed, place) ORDER BY place
"""


class Hit(NamedTuple):
    """One page found; `passage` is HTML, the words found made <strong>."""

    title: str
    passage: SafeString
    address: str
    language: str


class Found(NamedTuple):
    """The hits, best first; `instead` is what was looked for if it was not `text`."""

    hits: list[Hit]
    instead: str


def search(text: str, language: str) -> Found:
    """Return at most MOST hits for `text`; four queries at most."""
    if not text:
        return Found([], "")
    if hits := _find(text, language):
        return Found(hits, "")
    words = re.findall(r"\w+", text)
    nearest = _nearest(words)
    instead = " ".join(nearest)
    hits = _find(instead, language) or _find(" or ".join(nearest), language)
    misspelled = instead.casefold() != " ".join(words).casefold()
    return Found(hits, instead if hits and misspelled else "")


def marked(passage: str) -> SafeString:
    """Return the passage as HTML, each word found made <strong>."""
    begun = "… " if passage[:1].islower() else ""  # it starts inside a sentence
    safe = escape(begun + passage).replace(BEGIN, "<strong>").replace(END, "</strong>")
    return mark_safe(safe)  # noqa: S308 - escaped, then our own marks


def _find(text: str, language: str) -> list[Hit]:
    config = CONFIGS.get(language, OTHERWISE)
    query = SearchQuery(Unaccented(Value(text)), config=config, search_type="websearch")
    plain = Func(
        *(F("body"), Value(MARKS), Value(""), Value("g")),
        function="regexp_replace",
        output_field=TextField(),
    )
    passage = SearchHeadline(
        Concat("summary", Value(" "), plain, output_field=TextField()),
        query,
        config=config,
        start_sel=BEGIN,
        stop_sel=END,
        max_words=30,
        min_words=15,
        max_fragments=2,
        fragment_delimiter=" … ",
    )
    found: Any = (
        Version.objects.read_in(language)
        .filter(search=query)
        .annotate(rank=SearchRank(F("search"), query), passage=passage)
        .defer("body", "search")
        .order_by("-rank", "title")[:MOST]
    )
    return [
        Hit(row.title, marked(row.passage), row.get_absolute_url(), row.language)
        for row in found
    ]


def _nearest(words: list[str]) -> list[str]:
    """Return each word as it is published, or as it was typed if none is like it."""
    with connection.cursor() as cursor:
        cursor.execute(NEAREST, [LIKE_ENOUGH, words])
        return [published or typed for typed, published in cursor.fetchall()]
