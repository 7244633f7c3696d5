"""The words that are published: what a misspelled one is compared to."""

from __future__ import annotations

from django.db import connection

# "simple" leaves each word in the form it was written in.
ADD = """
INSERT INTO services_word (word)
SELECT DISTINCT word FROM (
    SELECT unnest(tsvector_to_array(to_tsvector('simple', unaccented(
        concat_ws(' ', title, other_words, summary, body)))))
      FROM services_version
     WHERE status = 'active' AND (%(only)s IS NULL OR id = %(only)s)
) AS published(word) WHERE length(word) BETWEEN 4 AND 100
ON CONFLICT DO NOTHING
"""


def add_words(version: int | None = None) -> None:
    """Add the words of one active version, or of all, that are not there yet."""
    with connection.cursor() as cursor:
        cursor.execute(ADD, {"only": version})
