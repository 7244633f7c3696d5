"""Search over everything published: words first, then likeness for misspellings."""

from __future__ import annotations

from dataclasses import dataclass

from django.contrib.postgres.search import (
    SearchQuery,
    SearchRank,
    SearchVector,
    TrigramWordSimilarity,
)
from django.db import models
from django.db.models import F, Value
from django.db.models.functions import Greatest
from django.urls import reverse

from services.models import Condition, Page, Technique

LONGEST = 100  # characters of a query that are read
LIKE_ENOUGH = 0.45  # trigram word similarity, 0 to 1; tried on misspelled conditions
MOST = 20


@dataclass(frozen=True)
class Hit:
    """One page found."""

    title: str
    summary: str
    address: str
    rank: float


SOURCES: list[tuple[type[models.Model], str, list[str], str]] = [
    (Condition, "name", ["name", "synonyms", "summary", "body"], "condition"),
    (Page, "title", ["title", "summary", "body"], "page"),
    (Technique, "name", ["name", "summary", "body"], "technique"),
]


def search(text: str) -> list[Hit]:
    """
    Return what fits `text`, best first, at most MOST hits.

    Full text in English finds words and their forms; if it finds nothing, trigrams find
    what looks alike, so that "fibromialgia" finds fibromyalgia.
    """
    text = " ".join(text.replace("\0", " ").split())[:LONGEST]
    if not text:
        return []
    hits = [hit for source in SOURCES for hit in _words(*source, text)]
    if not hits:
        hits = [hit for source in SOURCES for hit in _alike(*source, text)]
    return sorted(hits, key=lambda hit: (-hit.rank, hit.title))[:MOST]


def _words(
    model: type[models.Model], title: str, fields: list[str], view: str, text: str
) -> list[Hit]:
    weights = dict(zip(fields, "AABC" if len(fields) == 4 else "ABC", strict=True))
    vector = SearchVector(Value(""), config="english")
    for field, weight in weights.items():
        vector = vector + SearchVector(field, weight=weight, config="english")
    query = SearchQuery(text, config="english", search_type="websearch")
    found = (
        model._default_manager.annotate(vector=vector, rank=SearchRank(vector, query))
        .filter(vector=query)
        .order_by("-rank")
    )
    return _hits(found, title, view)


def _alike(
    model: type[models.Model], title: str, fields: list[str], view: str, text: str
) -> list[Hit]:
    likeness = [
        TrigramWordSimilarity(text, field) for field in fields if field != "body"
    ]
    found = (
        model._default_manager.annotate(rank=Greatest(*likeness))
        .filter(rank__gte=LIKE_ENOUGH)
        .order_by("-rank")
    )
    return _hits(found, title, view)


def _hits(found: models.QuerySet[models.Model], title: str, view: str) -> list[Hit]:
    rows = found.annotate(heading=F(title)).values_list(
        "heading", "summary", "slug", "rank"
    )
    return [
        Hit(heading, summary, address(view, slug), rank)
        for heading, summary, slug, rank in rows[:MOST]
    ]


def address(view: str, slug: str) -> str:
    """Return where a hit is read; techniques share one page."""
    if view == "technique":
        return f"{reverse('services:techniques')}#{slug}"
    return reverse(f"services:{view}", args=[slug])
