"""
The order of need as parts of prepared statements, and the front of the line.

The formula is that of `priority.py`, and the order that of `Ranked.in_order_of_need`,
which a test holds the two to. Of a long line only as much is read as may stand before
somebody: the index by category, need and date received leads to them. All parts take
the value `now`; the exponent is a column of `mine`, for where it is asked for by a
subquery, PostgreSQL makes one ready for each place where the formula names it.
"""

from __future__ import annotations

from datetime import datetime

from appointments.changes import Stand
from appointments.codes import EntryStatus
from massage_portal.prepared import Prepared

TARGET = """appointments_targetwait target
    ON target.category_id = {category}
   AND target.in_force_from <= %(now)s
   AND coalesce(target.in_force_until > %(now)s, true)"""
OVERRULES = "overrule.starts_at <= %(now)s AND overrule.ends_at > %(now)s"
# date_part reckons in floats, as Python does, where extract takes decimals, slowly.
WAITED = """greatest(
    date_part('epoch', %(now)s::timestamptz - entry.received_at) / 86400, 0)"""
WHOLE = "(target_days * (1 - entry.need_score / 200::float8))"
ADDS = """CASE WHEN exponent = 1 THEN 1.0 / whole
    ELSE power((waited + 1.0) / whole, exponent)
       - power(waited / whole, exponent) END"""
_TENTHS = f"""
    SELECT category.id AS category, tenth, target.target_days
      FROM appointments_triagecategory category
      LEFT JOIN {TARGET.format(category="category.id")}
     CROSS JOIN generate_series(10, 0, -1) AS tenth
"""  # noqa: S608 - the names are ours
# To whom has waited w of t days, a day adds e m^(e - 1) / t^e. There m is the mean of
# the day, in this sense; it lies over w by 1/2 at the most, or where e is above 2 by
# what it is at a wait of 0, e^(-1 / (e - 1)), for then it falls. So of each category,
# and each ten points of need, none who came after `since` stands before whom `mine`
# knows by what a day adds for them; a little more, for what was rounded. That is of the
# most need among the ten. The mean that is needed falls with need, and ever less so:
# by each point less it is longer by `each` at least, as a tangent lies below its curve.
STEPS = f"""
    SELECT category, tenth, target_days, exponent, tenth * 10 + 9 AS most,
           CASE WHEN target_days IS NULL AND adds IS NOT NULL THEN '-infinity'
                -- Whose clock lies ahead has waited nothing, however far ahead it lies.
                WHEN mean > over THEN %(now)s::timestamptz
                                      - interval '24 hours' * least(36500, mean - over)
                ELSE 'infinity' END AS since,
           coalesce(interval '24 hours'
                    * least(36500, mean * exponent / (exponent - 1)
                                   / (191 - tenth * 10)),
                    interval '0') AS each
      FROM (SELECT tenths.*, adds, exponent, over,
                   CASE WHEN adds > 0 AND exponent > 1 THEN power(
                       adds / exponent
                       * power(target_days * (1 - (tenth * 10 + 9) / 200.0::float8),
                               exponent),
                       1 / (exponent - 1)) END AS mean
              FROM (SELECT adds, exponent, CASE WHEN exponent > 1 THEN 0.01
                           + greatest(0.5, power(exponent, -1 / (exponent - 1)))
                           END AS over
                      FROM mine
                    OFFSET 0) mine
             CROSS JOIN ({_TENTHS}) tenths) tenths
     ORDER BY target_days, tenth DESC
"""  # noqa: S608 - the names are ours
_IN_STEP = f"""
    SELECT * FROM appointments_waitlistentry entry
     WHERE status = '{EntryStatus.ACCEPTED}'
       AND category_id = steps.category
       AND need_score / 10 = steps.tenth
"""  # noqa: S608 - the names are ours
# Looked up by hash: to join them would go through them once for each who waits.
_OVERRULED = f"""
    SELECT overrule.entry_id FROM appointments_overrule overrule WHERE {OVERRULES}
"""  # noqa: S608 - the names are ours
# OFFSET 0: step by step through the index, however many PostgreSQL expects. Those whom
# an overrule moves may stand anywhere.
LINE = f"""
    SELECT entry.*, {ADDS} AS adds
      FROM (SELECT entry.*, {WAITED} AS waited, {WHOLE} AS whole,
                   steps.target_days, NULL::float8 AS overruled, steps.exponent
              FROM steps
             CROSS JOIN LATERAL (
                    {_IN_STEP}
                       AND received_at <= steps.since
                       AND received_at <= steps.since
                           - steps.each * (steps.most - need_score)
                    OFFSET 0) entry
             WHERE entry.id NOT IN ({_OVERRULED})
             UNION ALL
            SELECT entry.*, {WAITED}, overrule.target_days::float8,
                   target.target_days, overrule.target_days::float8, mine.exponent
              FROM mine
             CROSS JOIN appointments_overrule overrule
              JOIN appointments_waitlistentry entry ON entry.id = overrule.entry_id
              LEFT JOIN {TARGET.format(category="entry.category_id")}
             WHERE entry.status = '{EntryStatus.ACCEPTED}' AND {OVERRULES}) entry
"""  # noqa: S608 - the names are ours
# How much a day adds for the last of the best of some who wait: as many as the front is
# long, or nothing. They are a part of the line, so the last of the front adds no less.
_LEAST = f"""
    SELECT CASE WHEN count(*) = %(until)s::int THEN min(adds) END
      FROM (SELECT {ADDS} AS adds
              FROM (SELECT {WAITED} AS waited, {WHOLE} AS whole,
                           %(exponent)s::float8 AS exponent
                      FROM ({_TENTHS}) steps
                     CROSS JOIN LATERAL (
                            {_IN_STEP}
                               AND entry.id NOT IN ({_OVERRULED})
                             ORDER BY received_at
                             LIMIT {{of_each}}) entry
                     WHERE target_days IS NOT NULL) entry
             ORDER BY adds DESC
             LIMIT %(until)s::int) best
"""  # noqa: S608 - the names are ours
# A few of each step tell it, unless most wait in few of the steps.
_FRONT = f"""
    WITH mine AS MATERIALIZED (
        SELECT coalesce(({_LEAST.format(of_each="%(until)s::int / 8 + 1")}),
                        ({_LEAST.format(of_each="%(until)s::int")})) AS adds,
               %(exponent)s::float8 AS exponent
    ), steps AS MATERIALIZED ({STEPS})
    SELECT id, received_at, need_score, waited, target_days, overruled, whole, adds,
           category_id
      FROM ({LINE}) line
     ORDER BY adds DESC NULLS LAST, received_at, id
    OFFSET %(begin)s::int
     LIMIT %(until)s::int - %(begin)s::int
"""  # noqa: S608 - the names are ours
FRONT = Prepared("front_of_the_line", _FRONT)


def front(*, begin: int, until: int, now: datetime, exponent: float) -> list[Stand]:
    """
    Return the places `begin` (the first is 0) to `until`, which is not among them.

    They are what `Ranked.stands` returns of all who wait, in a time that grows with
    `until` and hardly with the line.
    """
    rows = FRONT.rows(begin=begin, until=until, now=now, exponent=exponent)
    return [Stand._make(row) for row in rows]
