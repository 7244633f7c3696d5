"""Search over thousands of texts goes through its indexes, whatever is typed."""

from __future__ import annotations

import re

import pytest
from django.db import connection

from services import search as search_module
from services.actions.words import add_words
from services.search import search

pytestmark = pytest.mark.django_db
# 5,000 pages, each of words that are its own and of some that all have.
MANY = """
WITH made AS (
    INSERT INTO services_article (kind, slug, position)
    SELECT 'page', 'many-' || number, 0 FROM generate_series(1, 5000) AS number
    RETURNING id, split_part(slug, '-', 2) AS number
)
INSERT INTO services_version (article_id, language, number, status, title, summary,
    body, other_words, note, reason, reviewed_by, active_from)
SELECT id, 'en', 1, 'active', 'Title ' || number, 'Summary', 'About word' || number
       || 'x and massage', '', '', '', '', now() FROM made
"""


def titles(text, language):
    return [hit.title for hit in search(text, language).hits]


def plan(sql, params):
    """Return how PostgreSQL would answer, as text."""
    with connection.cursor() as cursor:
        cursor.execute("EXPLAIN " + sql, params)
        return "\n".join(line for (line,) in cursor.fetchall())


def test_of_5000_texts_both_searches_go_through_their_indexes(monkeypatch):
    with connection.cursor() as cursor:
        cursor.execute(MANY)
    add_words()
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE services_version, services_article, services_word")
    asked, rows = [], search_module._rows
    monkeypatch.setattr(
        *(search_module, "_rows"),
        lambda sql, params: asked.append((sql, params)) or rows(sql, params),
    )

    for language in ("en", "es"):
        assert titles("word4321x", language) == ["Title 4321"]
        assert search("wordd4321x", language).instead == "word4321x"

    plans = [plan(*one) for one in asked]
    assert len(plans) == 8
    for one in plans:
        assert "Bitmap Index Scan on version_words" in one
        assert not re.search(r"Seq Scan on services_(version|word)\b", one)
    assert any("Bitmap Index Scan on word_likeness" in one for one in plans)
