"""
Who stands before a patient in the line: the parts of statements that say so.

They are looked for only in the part of the line where anybody may. The order is that of
`Ranked.in_order_of_need`.
"""

from __future__ import annotations

from datetime import timedelta

from appointments.codes import HOLDING_TIME, EntryStatus, Status
from appointments.models.policy import NEWEST, Policy
from referrals.codes import Status as ReferralStatus

MOST = 50  # counted, and no more
# What holds time for longer (a visit is at most 4 hours) is left to the constraints.
LONGEST = timedelta(hours=6)


_TARGET = """appointments_targetwait target
    ON target.category_id = {category}
   AND target.in_force_from <= %(now)s
   AND coalesce(target.in_force_until > %(now)s, true)"""
_OVERRULES = "overrule.starts_at <= %(now)s AND overrule.ends_at > %(now)s"
# What the order of need is made of; by what, says a table `ruling`.
_WAITED = """greatest((extract(epoch FROM %(now)s::timestamptz - entry.received_at)
    / 86400.0)::float8, 0)"""
_WHOLE = "(target_days * (1.0 - entry.need_score / 200.0))::float8"
_ADDS = """CASE WHEN exponent = 1 THEN 1.0 / whole
    ELSE power((waited + 1.0) / whole, exponent)
       - power(waited / whole, exponent) END"""
MINE = f"""
    SELECT id, received_at, exponent, {_ADDS} AS adds
      FROM (SELECT entry.id, entry.received_at, exponent, {_WAITED} AS waited,
                   coalesce(overrule.target_days::float8,
                       {_WHOLE.replace("(target_days", "(target.target_days")}) AS whole
              FROM ruling CROSS JOIN appointments_waitlistentry entry
              LEFT JOIN {_TARGET.format(category="entry.category_id")}
              LEFT JOIN appointments_overrule overrule
                ON overrule.entry_id = entry.id AND {_OVERRULES}
             WHERE entry.id = %(entry)s::bigint) entry
"""  # noqa: S608 - the names are ours
# A day adds at most e (w + 1)^(e - 1) / t^e for who has waited w of t days. So of each
# category, and each ten points of need, none who came after `since` stands before the
# patient; a little more, for what was rounded.
STEPS = f"""
    SELECT category.id AS category, tenth, target.target_days, exponent,
           CASE WHEN target.target_days IS NULL AND mine.adds IS NOT NULL
                THEN '-infinity'
                WHEN mine.adds > 0 AND exponent > 1
                THEN %(now)s::timestamptz - interval '1 day' * least(36500, power(
                    mine.adds / exponent
                    * power(target.target_days * (1 - (tenth * 10 + 9) / 200.0::float8),
                            exponent),
                    1 / (exponent - 1)) - 1.01)
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
      FROM (SELECT {columns}, exponent, {_WAITED} AS waited, {_WHOLE} AS whole
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
            SELECT {columns}, exponent, {_WAITED}, overrule.target_days::float8
              FROM ruling CROSS JOIN appointments_overrule overrule
              JOIN appointments_waitlistentry entry ON entry.id = overrule.entry_id
             WHERE entry.status = '{EntryStatus.ACCEPTED}' AND {_OVERRULES}) entry
"""  # noqa: S608 - the names are ours


def before(other: str) -> str:
    """Return the words for that `other` of the line stands before the patient."""
    return f"""
    {other}.adds > mine.adds OR mine.adds IS NULL AND {other}.adds IS NOT NULL
    OR {other}.adds IS NOT DISTINCT FROM mine.adds
       AND ({other}.received_at, {other}.id) < (mine.received_at, mine.id)
"""


_HOLDING = ", ".join(f"'{one.value}'" for one in HOLDING_TIME)
HOURS = f"interval '{LONGEST.total_seconds() / 3600:.0f} hours'"  # for the indexes
FILLS = f"""visit.status IN ({_HOLDING})
    AND NOT (visit.status = '{Status.PROPOSED}' AND visit.held_until <= %(now)s)"""
# What of a time does not depend on the kind of the visit.
WISHED = """
    strpos(other.weekdays, substr('MTWRFSU', extract(isodow FROM day)::int, 1)) > 0
    AND other.from_time <= opens
    AND coalesce(other.therapist_id = therapist, true)
    AND coalesce(other.location_id = location, true)
    AND coalesce(other.earliest <= day, true)
    AND coalesce(other.latest >= day, true)
    AND starts_at - %(now)s >= greatest(
        other.notice_hours * interval '1 hour', notice)
"""
COVER = """
      LEFT JOIN services_insurer insurer ON insurer.id = referral.insurer_id
      LEFT JOIN referrals_authorization allowed ON allowed.referral_id = referral.id
"""
COVERED = f"""
    referral.status = '{ReferralStatus.ACTIVE}'
    AND referral.valid_from <= asked.day AND referral.valid_until >= asked.day
    AND coalesce(allowed.valid_until >= asked.day, true)
    AND other.session <= least(referral.sessions, allowed.visits)
    AND NOT coalesce(insurer.needs_authorization
        AND coalesce(allowed.number, '') = '', false)
    AND NOT coalesce(insurer.needs_referral
        AND coalesce(allowed.referral_number, '') = '', false)
"""
NOT_HAD = f"""
    NOT EXISTS (
        SELECT FROM appointments_appointment visit
         WHERE visit.entry_id = other.id
           AND (visit.status = '{Status.PROPOSED}'
                AND visit.held_until > %(now)s AND visit.starts_at > %(now)s
                OR visit.therapist_id = asked.therapist
                   AND visit.starts_at = asked.starts_at))
"""


def not_elsewhere(free_at: str) -> str:
    """Return the words for that the patient is at no other visit until `free_at`."""
    return f"""
    NOT EXISTS (
        SELECT FROM appointments_appointment visit
         WHERE visit.patient_id = other.patient_id AND {FILLS}
           AND visit.starts_at < {free_at} AND visit.blocked_until > asked.starts_at)
"""


def _ruling(name: str) -> str:
    default = getattr(Policy(), name)
    return f"coalesce(max({name}), {default})"


# Of one time and request, in one row where anybody stands before its patient who wishes
# such a time: how many of these could have it by the same kind of visit, and how many
# have another kind, of which it is not said. The time is free for its own kind: of one
# that somebody has, nobody is counted, for hundreds may press it. The statement that
# this is part of says `who` is asked for.
COUNTED = f"""
    WITH ruling AS MATERIALIZED (
        SELECT {_ruling("harm_exponent")}::float8 AS exponent,
               {_ruling("visit_minutes")} AS minutes,
               {_ruling("notice_hours")} * interval '1 hour' AS notice,
               {_ruling("turnover_minutes")} * interval '1 minute' AS turnover
          FROM ({NEWEST}) newest
    ), mine AS MATERIALIZED (
        SELECT * FROM ({MINE}) one
         WHERE NOT EXISTS (
               SELECT FROM who
                 JOIN appointments_appointment visit ON visit.therapist_id = who.id
                WHERE {FILLS} AND visit.starts_at <= %(since)s::timestamptz
                  AND visit.starts_at > %(since)s::timestamptz - {HOURS}
                  AND visit.blocked_until > %(since)s::timestamptz)
    ), steps AS MATERIALIZED ({STEPS}),
    asked AS MATERIALIZED (
        SELECT *, local_start::date AS day, local_start::time AS opens,
               CASE WHEN local_end::date = local_start::date THEN local_end::time END
               AS closes
          FROM (SELECT who.id AS therapist, who.location_id AS location, notice,
                       referral.technique_id AS technique, starts_at,
                       starts_at AT TIME ZONE who.time_zone AS local_start,
                       (starts_at + length) AT TIME ZONE who.time_zone AS local_end,
                       starts_at + length + turnover AS free_at
                  FROM ruling CROSS JOIN who
                 CROSS JOIN appointments_waitlistentry entry
                  JOIN referrals_referral referral ON referral.id = entry.referral_id
                  LEFT JOIN services_technique technique
                    ON technique.article_ptr_id = referral.technique_id
                 CROSS JOIN LATERAL (
                        SELECT %(since)s::timestamptz AS starts_at,
                               coalesce(technique.minutes, ruling.minutes)
                               * interval '1 minute' AS length) visit
                 WHERE entry.id = %(entry)s::bigint) one
    )
    SELECT ARRAY[count(*) FILTER (WHERE same), count(*) FILTER (WHERE NOT same)]
      FROM (SELECT same
              FROM (SELECT CASE WHEN {before("ahead")} THEN (
                           SELECT CASE
                                  WHEN referral.technique_id
                                       IS DISTINCT FROM asked.technique THEN false
                                  WHEN other.to_time >= asked.closes
                                       AND {COVERED} AND {NOT_HAD}
                                       AND {not_elsewhere("asked.free_at")}
                                  THEN true END
                             FROM asked
                            CROSS JOIN appointments_waitlistentry other
                             JOIN referrals_referral referral
                               ON referral.id = other.referral_id
                            {COVER}
                            WHERE other.id = ahead.id AND {WISHED}) END AS same
                      FROM mine CROSS JOIN ({line()}) ahead
                     WHERE ahead.id <> mine.id
                    OFFSET 0) judged
             WHERE same IS NOT NULL
             LIMIT {MOST}) counted
    HAVING count(*) > 0
"""  # noqa: S608 - the names are ours
