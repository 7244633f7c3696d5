"""The words that are published: what a misspelled one is compared to."""

from __future__ import annotations

from django.db import connection

# "simple" leaves each word in the form it was written in.
ADD = """
INSERT INTO services_word (word)
SELECT DISTINCT word FROM (
    SELECT unnest(tsvector_to_array(to_tsvector('simple', unaccented(text))))
      FROM ({texts}) AS published(text)
) AS published(word) WHERE length(word) BETWEEN 4 AND 100
ON CONFLICT DO NOTHING
"""
VERSIONS = """
SELECT concat_ws(' ', title, other_words, summary, body) FROM services_version
 WHERE status = 'active' AND (%(only)s::bigint IS NULL OR id = %(only)s)
"""
RECORDS = """
SELECT concat_ws(' ', name, city, state, address) FROM services_location
UNION ALL SELECT plain FROM services_precaution WHERE active
UNION ALL SELECT plain FROM services_wording
UNION ALL SELECT concat_ws(' ', title, authors, journal, summary)
            FROM services_publication
"""


def add_words(version: int | None = None) -> None:
    """Add the words of one active version, or of all, that are not there yet."""
    with connection.cursor() as cursor:
        cursor.execute(ADD.format(texts=VERSIONS), {"only": version})


def add_record_words() -> None:
    """Add the words of locations, safety questions and studies, if not there yet."""
    with connection.cursor() as cursor:
        cursor.execute(ADD.format(texts=RECORDS))
