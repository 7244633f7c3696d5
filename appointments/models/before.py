"""
Who stands before a patient in the line, and could use a time: parts of statements.

They are looked for only in the part of the line where anybody may (`need_order.py`).
"""

from __future__ import annotations

from datetime import timedelta

from appointments.codes import HOLDING_TIME, Status
from appointments.models.need_order import (
    ADDS,
    LINE,
    OVERRULES,
    STEPS,
    TARGET,
    WAITED,
    WHOLE,
)
from appointments.models.policy import MOST_MINUTES, MOST_TURNOVER, NEWEST, Policy
from referrals.codes import Status as ReferralStatus

MOST = 50  # counted, and no more
# As long as a visit and what follows it can hold time, by the constraints of policy.
LONGEST = timedelta(minutes=MOST_MINUTES + MOST_TURNOVER)


def mine(exponent: str, *, more: str = "", of: str = "") -> str:
    """
    Return the words for the place of the patient in the line, one row.

    :param exponent: the words for it.
    :param more: further columns.
    :param of: what is joined for these.
    """
    return f"""
    SELECT one.*, {ADDS} AS adds
      FROM (SELECT entry.id, entry.received_at, {WAITED} AS waited,
                   coalesce(overrule.target_days::float8,
                       {WHOLE.replace("target_days", "target.target_days")}) AS whole,
                   {exponent} AS exponent{more}
              FROM appointments_waitlistentry entry
              LEFT JOIN {TARGET.format(category="entry.category_id")}
              LEFT JOIN appointments_overrule overrule
                ON overrule.entry_id = entry.id AND {OVERRULES}
              {of}
             WHERE entry.id = %(entry)s::bigint) one
"""  # noqa: S608 - the names are ours


def before(other: str, mine: str = "mine") -> str:
    """Return the words for that `other` of the line stands before the patient."""
    return f"""
    {other}.adds > {mine}.adds OR {mine}.adds IS NULL AND {other}.adds IS NOT NULL
    OR {other}.adds IS NOT DISTINCT FROM {mine}.adds
       AND ({other}.received_at, {other}.id) < ({mine}.received_at, {mine}.id)
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


_WITH_KIND = mine(
    "ruling.exponent",
    more=""", notice, turnover, referral.technique_id AS technique,
                   coalesce(technique.minutes, ruling.minutes) * interval '1 minute'
                   AS length, who.therapist_id AS therapist,
                   who.location_id AS location,
                   who.time_zone AS zone, %(since)s::timestamptz AS starts_at""",
    of="""JOIN referrals_referral referral ON referral.id = entry.referral_id
              LEFT JOIN services_technique technique
                ON technique.article_ptr_id = referral.technique_id
             CROSS JOIN ruling CROSS JOIN who""",
)
# Of one time and request, in one row where anybody stands before its patient who wishes
# such a time: how many of these could have it by the same kind of visit, and how many
# have another kind, of which it is not said. The time is free for its own kind: of one
# that somebody has, nobody is counted, for hundreds may press it. The statement that
# this is part of says `who` is asked for, and has the value `therapists`: one, named as
# such, for of several PostgreSQL would go through the visits of all.
COUNTED = f"""
    WITH ruling AS MATERIALIZED (
        SELECT {_ruling("harm_exponent")}::float8 AS exponent,
               {_ruling("visit_minutes")} AS minutes,
               {_ruling("notice_hours")} * interval '1 hour' AS notice,
               {_ruling("turnover_minutes")} * interval '1 minute' AS turnover
          FROM ({NEWEST}) newest
    ), mine AS MATERIALIZED (
        SELECT one.*, local_start::date AS day, local_start::time AS opens,
               CASE WHEN local_end::date = local_start::date THEN local_end::time END
               AS closes, starts_at + length + turnover AS free_at
          FROM ({_WITH_KIND}) one
         CROSS JOIN LATERAL (
               SELECT starts_at AT TIME ZONE zone AS local_start,
                      (starts_at + length) AT TIME ZONE zone AS local_end) clock
         WHERE NOT EXISTS (
               SELECT FROM appointments_appointment visit
                WHERE visit.therapist_id = (%(therapists)s::bigint[])[1]
                  AND {FILLS} AND visit.starts_at <= %(since)s::timestamptz
                  AND visit.starts_at > %(since)s::timestamptz - {HOURS}
                  AND visit.blocked_until > %(since)s::timestamptz)
    ), steps AS MATERIALIZED ({STEPS})
    SELECT ARRAY[count(*) FILTER (WHERE same), count(*) FILTER (WHERE NOT same)]
      FROM (SELECT same
              FROM (SELECT CASE WHEN {before("ahead", "asked")} THEN (
                           SELECT CASE
                                  WHEN other.kept_minutes IS NOT NULL
                                       OR referral.technique_id
                                          IS DISTINCT FROM asked.technique THEN false
                                  WHEN other.to_time >= asked.closes
                                       AND {COVERED} AND {NOT_HAD}
                                       AND {not_elsewhere("asked.free_at")}
                                  THEN true END
                             FROM appointments_waitlistentry other
                             JOIN referrals_referral referral
                               ON referral.id = other.referral_id
                            {COVER}
                            WHERE other.id = ahead.id AND {WISHED}) END AS same
                      FROM mine asked CROSS JOIN ({LINE}) ahead
                     WHERE ahead.id <> asked.id
                    OFFSET 0) judged
             WHERE same IS NOT NULL
             LIMIT {MOST}) counted
    HAVING count(*) > 0
"""  # noqa: S608 - the names are ours
