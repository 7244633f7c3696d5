"""Search over everything published, at 5,000 pages of 300 words."""

from __future__ import annotations

import random
import re
import statistics
from datetime import datetime
from time import perf_counter

from services.actions.content import CONTENT, load_content, read
from services.actions.words import add_words
from services.codes import VersionStatus
from services.models import Article, Version
from services.search import search
from tests.benchmarks.figures import Figure, count_queries, milliseconds, rows_of

PAGES, WORDS = 5_000, 300
TIMES = 40
SYLLABLES = ("ba", "cel", "dor", "fi", "gan", "hul", "mi", "nos", "pra", "tel", "vu")
FOUND = {
    "rare word": "granova",
    "word on every page": "massage",
    "two words": "cancer pain",
    "misspelled": "fibromialgia",
    "two misspelled": "masage fibromialgia",
    "nothing": "qqxxzzy wwvvuu",
}
# What any search must at least do: ask the index, and fetch the best twenty.
FLOOR = """
SELECT title FROM services_version
 WHERE status = 'active' AND language = 'en'
   AND search @@ websearch_to_tsquery('english', %s) LIMIT 20
"""


def fill(now: datetime) -> None:
    """Publish what a new clinic has, and pages of its sentences and of rarer words."""
    load_content(by=None, now=now)
    chance = random.Random(11)  # noqa: S311 - the same pages each time
    texts = [read(path)["body"] for path in sorted(CONTENT.glob("en/*/*.md"))]
    sentences = [one.split() for text in texts for one in re.split(r"[.:]\s", text)]
    rare = ["".join(chance.choices(SYLLABLES, k=4)) for _ in range(20_000)]
    articles = Article.objects.bulk_create(
        Article(kind="page", slug=f"bench-{number}") for number in range(PAGES)
    )
    Version.objects.bulk_create(
        (
            Version(
                article=article,
                title=f"Massage for {chance.choice(rare)} {number}",
                summary=" ".join(chance.choice(sentences))[:300],
                body=_body(chance, sentences, rare)
                + (" granova" if number % 1_000 == 0 else ""),
                status=VersionStatus.ACTIVE,
                active_from=now,
            )
            for number, article in enumerate(articles)
        ),
        batch_size=500,
    )
    add_words()


def _body(chance: random.Random, sentences: list[list[str]], rare: list[str]) -> str:
    words: list[str] = []
    while len(words) < WORDS:
        words += chance.choice(sentences)
        words.append(f"{chance.choice(rare)}.")
    return " ".join(words)


def measure(language: str) -> list[Figure]:
    """Return each kind of search beside the bare index scan, its p95 in its name."""
    return [_measure(what, typed, language) for what, typed in FOUND.items()]


def _measure(what: str, typed: str, language: str) -> Figure:
    took, floor = milliseconds(
        lambda: search(typed, language), lambda: rows_of(FLOOR, [typed]), times=TIMES
    )
    taken = []
    for _ in range(TIMES):
        began = perf_counter()
        search(typed, language)
        taken.append((perf_counter() - began) * 1000)
    slow = statistics.quantiles(taken, n=20)[-1]
    name = f"search of {PAGES:,} pages, {language}, {what} {typed!r}, p95 {slow:,.1f}"
    return Figure(
        name,
        took,
        "bare index scan",
        floor,
        queries=count_queries(lambda: search(typed, language)),
    )
