"""
Search over everything published, in the words of the reader's language.

PostgreSQL's full text finds words and their forms, and what editors say means the same.
If it finds nothing, each word is replaced by the published word that looks most like it
(trigrams), so that "fibromialgia" finds fibromyalgia; what was looked for instead is
said.
"""

from __future__ import annotations

import re
from typing import Any, NamedTuple

from django.db import connection
from django.db.models import Model, QuerySet
from django.urls import reverse
from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe

from services.models import ENGLISH, SAFETY, Article, Precaution, Version
from services.models.version import CONFIGS, OTHERWISE

MOST = 20  # hits shown
LIKE_ENOUGH = 0.35  # trigram similarity, 0 to 1: "canser" is 0.40 like "cancer"
BEGIN, END = "\x02", "\x03"  # around a word found; no text that was typed has them
PASSAGE = (
    f'StartSel="{BEGIN}", StopSel="{END}", MinWords=15, MaxWords=30, '
    'MaxFragments=2, FragmentDelimiter=" … "'
)
# What Markdown adds to a text: headings, bullets, numbers, stars, brackets, addresses.
MARKS = r"(?n)^#+ .*$|^(-|\d+\.) +|[*_`\[\]]|\(/[^)[:space:]]*\)"
UNWANTED = r'(?<!\S)-("[^"]*"|\S+)'  # -word or -"some words"

# Words that mean the same, each as a query. A typed one is replaced by a mark of its
# row ('=7', which nobody can type), and then the mark by all words of the row: a word
# put in is so never taken for one that was typed.
_SAME = """
WITH same AS (
    SELECT id, regexp_split_to_table(unaccented(words), '\\s*,\\s*') AS word
      FROM services_synonym
), queries AS (
    SELECT id, format('''=%s''', id)::tsquery AS mark,
           phraseto_tsquery('{config}', word) AS phrase,
           plainto_tsquery('{config}', word) AS apart
      FROM same WHERE numnode(phraseto_tsquery('{config}', word)) > 0
)"""
MARKED = f"""{_SAME}
SELECT typed, meant FROM (
    SELECT phrase, mark FROM queries
    UNION ALL SELECT apart, apart || mark FROM queries WHERE numnode(apart) > 1
) AS rules(typed, meant) ORDER BY numnode(typed) DESC"""  # noqa: S608 - our words
MEANT = f"""{_SAME}
SELECT mark, string_agg(format('(%s)', phrase), '|')::tsquery FROM queries GROUP BY mark
"""  # noqa: S608 - our words

# What may be found: the texts that the reader is shown; and those of them that count
# the words of records: a location's place, and on the page about safety the questions.
# The studies, in English, are a small table.
PUBLISHED = """
WITH asked(language, config, query) AS MATERIALIZED ({asked}),
shown AS NOT MATERIALIZED ({shown}),
records(article_id, words) AS (
    SELECT article_ptr_id, concat_ws(', ', city, state, address, name)
      FROM services_location
    UNION ALL
    SELECT id, (SELECT string_agg(told, '. ') FROM ({questions}) AS questions)
      FROM services_article WHERE kind = 'page' AND slug = %s
),
own AS MATERIALIZED (
    SELECT shown.id, title, shown.language, words, search || setweight(
               to_tsvector(config, unaccented(coalesce(words, ''))), 'B') AS search
      FROM shown JOIN records USING (article_id) JOIN asked USING (language)
)
"""
FIND = """
, found AS (
    SELECT 'text' AS kind, shown.id, title, '' AS words, config, query,
           ts_rank(search, query) AS rank
      FROM asked JOIN shown ON shown.language = asked.language AND search @@ query
     WHERE shown.id NOT IN (SELECT id FROM own)
    UNION ALL
    SELECT 'text', id, title, words, config, query, ts_rank(search, query)
      FROM asked JOIN own ON own.language = asked.language AND search @@ query
    UNION ALL
    SELECT 'study', id, title, '', config, query, ts_rank(search, query)
      FROM services_publication JOIN asked ON language = %s AND search @@ query
    ORDER BY rank DESC, title, id LIMIT %s
)
SELECT found.title, coalesce(version.language, %s), article.kind, article.slug,
       found.id, ts_headline(config, concat_ws(
           ' ', coalesce(version.summary, study.summary), words,
           regexp_replace(body, %s, '', 'g'), study.authors, study.journal
       ), query, %s)
  FROM found
  LEFT JOIN services_version AS version
         ON found.kind = 'text' AND version.id = found.id
  LEFT JOIN services_article AS article ON article.id = version.article_id
  LEFT JOIN services_publication AS study
         ON found.kind = 'study' AND study.id = found.id
 ORDER BY rank DESC, found.title, found.id
"""
# Each typed word beside the published one most like it. A word stays published for
# search until it no longer finds anything; one too common to be looked for is right.
NEAREST = """
SELECT typed, (
    SELECT word FROM (
        SELECT word FROM services_word
         WHERE length(typed) > 3 AND word %% lower(unaccented(typed))
           AND similarity(word, lower(unaccented(typed))) >= %s
         ORDER BY similarity(word, lower(unaccented(typed))) DESC, word OFFSET 0
    ) AS alike
     WHERE EXISTS (SELECT FROM asked WHERE numnode(plainto_tsquery(config, word)) = 0)
        OR EXISTS (SELECT FROM asked JOIN shown ON shown.language = asked.language
                      AND search @@ plainto_tsquery(config, word))
        OR EXISTS (SELECT FROM asked JOIN own ON own.language = asked.language
                      AND search @@ plainto_tsquery(config, word))
        OR EXISTS (SELECT FROM asked JOIN services_publication ON language = %s
                      AND search @@ plainto_tsquery(config, word))
     LIMIT 1), lower(unaccented(typed))
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
    """
    Return at most MOST hits for `text`; four queries at most.

    Quotes, minus and "or" mean what they mean to search engines.
    """
    if not text:
        return Found([], "")
    if hits := _find(text, language):
        return Found(hits, "")
    parts = re.split(r"(\w+)", text)  # words, and what stands between them
    parts[1::2] = _nearest(parts[1::2], language)
    instead = "".join(parts)
    for tried in (instead, _any_of(instead)):
        if tried != text and (hits := _find(tried, language)):
            return Found(hits, instead if instead != text else "")
    return Found([], "")


def marked(passage: str) -> SafeString:
    """Return the passage as HTML, each word found made <strong>."""
    begun = "… " if passage[:1].islower() else ""  # it starts inside a sentence
    safe = escape(begun + passage).replace(BEGIN, "<strong>").replace(END, "</strong>")
    return mark_safe(safe)  # noqa: S308 - escaped, then our own marks


def _any_of(text: str) -> str:
    """Return a search for any of the words, and still for none of the -unwanted."""
    wanted = re.sub(UNWANTED, " ", text)
    without = "".join(f" {one[0]}" for one in re.finditer(UNWANTED, text))
    return " or ".join(f"{word}{without}" for word in re.findall(r"\w+", wanted))


def _find(text: str, language: str) -> list[Hit]:
    sql, params = _published(text, language)
    found = _rows(sql + FIND, [*params, ENGLISH, MOST, ENGLISH, MARKS, PASSAGE])
    return [
        Hit(title, marked(passage), _address(kind, slug, key), of)
        for title, of, kind, slug, key, passage in found
    ]


def _nearest(words: list[str], language: str) -> list[str]:
    """Return each word as it is published, or as it was typed if none is like it."""
    sql, params = _published("", language)
    found = _rows(sql + NEAREST, [*params, LIKE_ENOUGH, ENGLISH, words])
    return [
        typed if published in (None, plain) else published
        for typed, published, plain in found
    ]


def _published(text: str, language: str) -> tuple[str, list[Any]]:
    """Return the SQL that both searches begin with, and its parameters."""
    asked, params = [], []
    for code in dict.fromkeys([language, ENGLISH]):
        config = CONFIGS.get(code, OTHERWISE)
        asked.append(
            "SELECT %s::text, %s::regconfig, ts_rewrite(ts_rewrite("
            "websearch_to_tsquery(%s::regconfig, unaccented(%s)), %s), %s)"
        )
        # Not str.format: both have braces and percent signs of their own.
        same = [rules.replace("{config}", config) for rules in (MARKED, MEANT)]
        params += [code, config, config, text, *same]
    texts: Any = Version.objects.read_in(language).order_by()
    columns = ("id", "article_id", "language", "title", "search")
    shown, of_shown = _sql(texts.values(*columns))
    told: Any = Precaution.objects.for_patients(language).order_by()
    questions, of_questions = _sql(told.values("told"))
    sql = PUBLISHED.format(
        asked=" UNION ALL ".join(asked), shown=shown, questions=questions
    )
    return sql, [*params, *of_shown, *of_questions, SAFETY]


def _sql(rows: QuerySet[Model, Any]) -> tuple[str, tuple[Any, ...]]:
    return rows.query.sql_with_params()


def _rows(sql: str, params: list[Any]) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(sql, params)
        return cursor.fetchall()


def _address(kind: str | None, slug: str, key: int) -> str:
    """Return where a hit is read; the studies share a page."""
    if kind is None:
        return f"{reverse('services:research')}#study-{key}"
    return Article(kind=kind, slug=slug).get_absolute_url()
