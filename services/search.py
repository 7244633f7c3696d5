"""
Search over everything published.

PostgreSQL's full text finds words and their forms. If it finds nothing, each word is
replaced by the published word that looks most like it (trigrams), so that
"fibromialgia" finds fibromyalgia; what was looked for instead is said.
"""

from __future__ import annotations

import re
from typing import Any, NamedTuple

from django.contrib.postgres.expressions import ArraySubquery
from django.contrib.postgres.lookups import Unaccent
from django.contrib.postgres.search import (
    SearchHeadline,
    SearchQuery,
    SearchRank,
    SearchVector,
)
from django.db import connection
from django.db.models import Case, F, Func, QuerySet, TextField, Value, When
from django.db.models.functions import Cast, Concat
from django.urls import reverse
from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe

from services.models import (
    SAFETY,
    Condition,
    Location,
    Page,
    Precaution,
    Publication,
    Technique,
)

MOST = 20  # hits shown
LIKE_ENOUGH = 0.35  # trigram similarity, 0 to 1: "canser" is 0.40 like "cancer"
BEGIN, END = "\x02", "\x03"  # around a word found; no text that was typed has them
CONFIG = "english"
# What Markdown adds to a text: headings, bullets, numbers, stars, brackets, addresses.
MARKS = r"(?n)^#+ .*$|^(-|\d+\.) +|[*_`\[\]]|\(/[^)[:space:]]*\)"
# Each typed word beside the published one most like it. ts_stat lists the published
# words; the "simple" configuration leaves each in the form it was written in.
NEAREST = """
SELECT typed, (
    SELECT word FROM ts_stat($published$
        SELECT to_tsvector('simple', unaccent(text)) FROM (
            SELECT concat_ws(' ', name, synonyms, summary, body) FROM services_condition
            UNION ALL SELECT concat_ws(' ', title, summary, body) FROM services_page
            UNION ALL SELECT concat_ws(' ', name, summary, body) FROM services_technique
            UNION ALL SELECT concat_ws(' ', name, city, state) FROM services_location
            UNION ALL SELECT plain FROM services_precaution
        ) AS published(text) $published$)
     WHERE length(typed) > 3 AND similarity(word, lower(unaccent(typed))) >= %s
     ORDER BY similarity(word, lower(unaccent(typed))) DESC, word LIMIT 1)
  FROM unnest(%s::text[]) WITH ORDINALITY AS words(typed, place) ORDER BY place
"""


class Hit(NamedTuple):
    """One page found; `passage` is HTML, the words found made <strong>."""

    title: str
    passage: SafeString
    address: str


class Found(NamedTuple):
    """The hits, best first; `instead` is what was looked for if it was not `text`."""

    hits: list[Hit]
    instead: str


def search(text: str) -> Found:
    """Return at most MOST hits for `text`; four queries at most."""
    if not text:
        return Found([], "")
    if hits := _find(text):
        return Found(hits, "")
    words = re.findall(r"\w+", text)
    nearest = _nearest(words)
    instead = " ".join(nearest)
    hits = _find(instead) or _find(" or ".join(nearest))
    misspelled = instead.casefold() != " ".join(words).casefold()
    return Found(hits, instead if hits and misspelled else "")


def marked(passage: str) -> SafeString:
    """Return the passage as HTML, each word found made <strong>."""
    begun = "… " if passage[:1].islower() else ""  # it starts inside a sentence
    safe = escape(begun + passage).replace(BEGIN, "<strong>").replace(END, "</strong>")
    return mark_safe(safe)  # noqa: S308 - escaped, then our own marks


class Source(NamedTuple):
    """Rows to search, and what of them; titles weigh most, texts least."""

    kind: str
    rows: QuerySet[Any]
    key: str
    title: str
    summary: Any
    text: Any
    synonyms: Any = Value("")


def _sources() -> list[Source]:
    """Return all that is published; the safety questions count as their page's text."""
    asked = Precaution.objects.asked().values("plain")
    questions = Func(
        *(ArraySubquery(asked), Value(". ")),
        function="array_to_string",
        output_field=TextField(),
    )
    text = Case(When(slug=SAFETY, then=_joined("body", questions)), default="body")
    place = _joined("city", "state")
    travel = _joined("transport", "lodging")
    about = _joined("authors", "journal")
    offered = Technique.objects.offered()
    return [
        Source("page", Page.objects.all(), "slug", "title", F("summary"), text),
        Source(
            *("condition", Condition.objects.all(), "slug", "name"),
            *(F("summary"), F("body"), F("synonyms")),
        ),
        Source("technique", offered, "slug", "name", F("summary"), F("body")),
        Source("location", Location.objects.all(), "slug", "name", place, travel),
        Source(
            *("study", Publication.objects.all(), "pk", "title"),
            *(F("summary"), Value(""), about),
        ),
    ]


def _find(text: str) -> list[Hit]:
    query = SearchQuery(Unaccent(Value(text)), config=CONFIG, search_type="websearch")
    first, *others = [_rows(source, query) for source in _sources()]
    found = first.union(*others, all=True).order_by("-rank", "heading")[:MOST]
    return [
        Hit(row["heading"], marked(row["passage"]), _address(row["kind"], row["key"]))
        for row in found
    ]


def _rows(source: Source, query: SearchQuery) -> QuerySet[Any]:
    vector = _vector(source.title, "A") + _vector(source.synonyms, "A")
    vector += _vector(source.summary, "B") + _vector(source.text, "C")
    plain = Func(
        *(source.text, Value(MARKS), Value(""), Value("g")),
        function="regexp_replace",
        output_field=TextField(),
    )
    passage = SearchHeadline(
        _joined(source.summary, plain),
        query,
        config=CONFIG,
        start_sel=BEGIN,
        stop_sel=END,
        max_words=30,
        min_words=15,
        max_fragments=2,
        fragment_delimiter=" … ",
    )
    return (
        source.rows.order_by()
        .annotate(vector=vector, rank=SearchRank(vector, query))
        .filter(vector=query)
        .annotate(
            kind=Value(source.kind),
            key=Cast(source.key, TextField()),
            heading=F(source.title),
            passage=passage,
        )
        .values("kind", "key", "heading", "passage", "rank")
    )


def _joined(first: Any, second: Any) -> Concat:
    return Concat(first, Value(" "), second, output_field=TextField())


def _vector(field: Any, weight: str) -> SearchVector:
    return SearchVector(Unaccent(field), weight=weight, config=CONFIG)


def _address(kind: str, key: str) -> str:
    """Return where a hit is read; techniques, locations and studies share a page."""
    if kind == "page":
        return Page(slug=key).get_absolute_url()
    if kind == "condition":
        return Condition(slug=key).get_absolute_url()
    shared = {"technique": "techniques", "location": "locations", "study": "research"}
    return f"{reverse(f'services:{shared[kind]}')}#{kind}-{key}"


def _nearest(words: list[str]) -> list[str]:
    """Return each word as it is published, or as it was typed if none is like it."""
    with connection.cursor() as cursor:
        cursor.execute(NEAREST, [LIKE_ENOUGH, words])
        return [published or typed for typed, published in cursor.fetchall()]
