"""A visitor's page: drawn from the database, and as it is kept."""

from __future__ import annotations

from datetime import datetime

from django.test import Client, override_settings

from services.actions import load_content
from tests.benchmarks.figures import Figure, count_queries, milliseconds

PAGES = {"home page": "/", "condition": "/conditions/cancer/"}
FLOOR = "/robots.txt"  # all that stands before a view, and a few lines of text


def measure(now: datetime) -> list[Figure]:
    """Return each page drawn and kept, beside an answer that asks nothing."""
    load_content(by=None, now=now)
    return [figure for what, path in PAGES.items() for figure in _beside(what, path)]


def _beside(what: str, path: str) -> list[Figure]:
    client = Client()

    def kept() -> None:
        client.get(path)

    def drawn() -> None:
        with override_settings(KEPT_PAGES=""):
            client.get(path)

    kept()
    if count_queries(kept):
        raise RuntimeError(f"{path} is not kept, so nothing is measured")
    queries = count_queries(drawn)
    cold, warm, floor = milliseconds(drawn, kept, lambda: client.get(FLOOR), times=100)
    beside = "robots.txt, no query"
    return [
        Figure(f"{what}, drawn", cold, beside, floor, queries=queries),
        Figure(f"{what}, kept", warm, beside, floor, queries=0),
    ]
