"""
Who stands before a patient in the line: the parts of statements that say so.

They are looked for only in the part of the line where anybody may. The order is that of
`Ranked.in_order_of_need`.
"""

from __future__ import annotations

from typing import NamedTuple

from appointments.codes import EntryStatus


class Stand(NamedTuple):
    """
    Whose place in the line is asked about, and what the order is made of.

    :param entry: the key of their request.
    :param exponent: of harm, by policy.
    """

    entry: int
    exponent: float


_TARGET = """appointments_targetwait target
    ON target.category_id = {category}
   AND target.in_force_from <= %(now)s
   AND coalesce(target.in_force_until > %(now)s, true)"""
_OVERRULES = "overrule.starts_at <= %(now)s AND overrule.ends_at > %(now)s"
# What the order of need is made of.
_WAITED = """greatest((extract(epoch FROM %(now)s::timestamptz - entry.received_at)
    / 86400.0)::float8, 0)"""
_WHOLE = "(target_days * (1.0 - entry.need_score / 200.0))::float8"
_ADDS = """CASE WHEN %(exponent)s::float8 = 1 THEN 1.0 / whole
    ELSE power((waited + 1.0) / whole, %(exponent)s::float8)
       - power(waited / whole, %(exponent)s::float8) END"""
MINE = f"""
    SELECT id, received_at, {_ADDS} AS adds
      FROM (SELECT entry.id, entry.received_at, {_WAITED} AS waited,
                   coalesce(overrule.target_days::float8,
                       {_WHOLE.replace("(target_days", "(target.target_days")}) AS whole
              FROM appointments_waitlistentry entry
              LEFT JOIN {_TARGET.format(category="entry.category_id")}
              LEFT JOIN appointments_overrule overrule
                ON overrule.entry_id = entry.id AND {_OVERRULES}
             WHERE entry.id = %(entry)s::bigint) entry
"""  # noqa: S608 - the names are ours
# A day adds at most e (w + 1)^(e - 1) / t^e for who has waited w of t days. So of each
# category, and each ten points of need, none who came after `since` stands before the
# patient; a little more, for what was rounded.
STEPS = f"""
    SELECT category.id AS category, tenth, target.target_days,
           CASE WHEN target.target_days IS NULL AND mine.adds IS NOT NULL
                THEN '-infinity'
                WHEN mine.adds > 0 AND %(exponent)s::float8 > 1
                THEN %(now)s::timestamptz - interval '1 day' * least(36500, power(
                    mine.adds / %(exponent)s::float8
                    * power(target.target_days * (1 - (tenth * 10 + 9) / 200.0::float8),
                            %(exponent)s::float8),
                    1 / (%(exponent)s::float8 - 1)) - 1.01)
                ELSE 'infinity' END AS since
      FROM mine
     CROSS JOIN appointments_triagecategory category
      LEFT JOIN {_TARGET.format(category="category.id")}
     CROSS JOIN generate_series(10, 0, -1) AS tenth
     ORDER BY target.target_days, tenth DESC
"""  # noqa: S608 - the names are ours


def line(*more: str) -> str:
    """
    Return the part of the line, each with what a day adds, and these columns more.

    OFFSET 0: step by step through the index, however many PostgreSQL expects; with no
    columns more, all is in the index itself. Those whom an overrule moves may stand
    anywhere.
    """
    names = ("id", "received_at", *more)
    columns = ", ".join(f"entry.{name}" for name in names)
    return f"""
    SELECT {", ".join(names)}, {_ADDS} AS adds
      FROM (SELECT {columns}, {_WAITED} AS waited, {_WHOLE} AS whole
              FROM steps
             CROSS JOIN LATERAL (
                    SELECT {columns}, need_score FROM appointments_waitlistentry entry
                     WHERE status = '{EntryStatus.ACCEPTED}'
                       AND category_id = steps.category
                       AND need_score / 10 = steps.tenth
                       AND received_at <= steps.since
                    OFFSET 0) entry
             WHERE NOT EXISTS (
                    SELECT FROM appointments_overrule overrule
                     WHERE overrule.entry_id = entry.id AND {_OVERRULES})
             UNION ALL
            SELECT {columns}, {_WAITED}, overrule.target_days::float8
              FROM appointments_overrule overrule
              JOIN appointments_waitlistentry entry ON entry.id = overrule.entry_id
             WHERE entry.status = '{EntryStatus.ACCEPTED}' AND {_OVERRULES}) entry
"""  # noqa: S608 - the names are ours


# Who stands before the patient.
BEFORE = """
    other.adds > mine.adds OR mine.adds IS NULL AND other.adds IS NOT NULL
    OR other.adds IS NOT DISTINCT FROM mine.adds
       AND (other.received_at, other.id) < (mine.received_at, mine.id)
"""
# Whether anybody does: the first of them is enough.
ANYBODY = f"""
    WITH mine AS MATERIALIZED ({MINE}), steps AS MATERIALIZED ({STEPS})
    SELECT FROM mine CROSS JOIN ({line()}) other
     WHERE other.id <> mine.id AND ({BEFORE})
"""
