"""
How many in greater need could use a time that somebody is given by hand.

By hand, and planned once: it is asked while a therapist is locked. Each opening is
looked at for every kind of visit that could be there (technique, length, a fit room);
then those who stand before the patient, and whom one of these suits, are counted, up to
MOST, in the part of the line where anybody may. It says of all who wait what
`matching.fits` says of one; a test holds the two together, and the order is that of
`Ranked.in_order_of_need`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

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
from appointments.models.rota import LONGEST
from appointments.models.supply import Supply
from appointments.models.waitlist import WaitlistEntry
from appointments.openings import Opening
from massage_portal.prepared import Prepared
from referrals.codes import Status as ReferralStatus

MOST = 50  # counted, and no more

_HOLDING = ", ".join(f"'{one.value}'" for one in HOLDING_TIME)
_FILLS = f"""visit.status IN ({_HOLDING})
    AND NOT (visit.status = '{Status.PROPOSED}' AND visit.held_until <= %(now)s)"""
_HOURS = f"interval '{LONGEST.total_seconds() / 3600:.0f} hours'"  # for the indexes
_NEAR = f"""visit.starts_at > asked.starts_at - {_HOURS}
    AND visit.starts_at < asked.starts_at + {_HOURS}"""
# For every kind of visit that could be there: when it ends, and when both are free.
_KINDS = f"""
    SELECT asked.place, kind.technique, kind.minutes, kind.kept,
           (asked.starts_at + kind.length) AT TIME ZONE asked.zone AS local_end,
           asked.starts_at + kind.held AS free_at
      FROM asked
     CROSS JOIN (
            SELECT one.*, minutes * interval '1 minute' AS length,
                   minutes * interval '1 minute' + %(turnover)s::interval AS held
              FROM (SELECT NULL::bigint, %(minutes)s::int, false UNION ALL
                    SELECT article_ptr_id, minutes, false FROM services_technique
                     UNION ALL
                    SELECT DISTINCT kept_technique_id, kept_minutes::int, true
                      FROM appointments_waitlistentry
                     WHERE kept_minutes IS NOT NULL)
                   AS one (technique, minutes, kept)) AS kind
     WHERE asked.starts_at + kind.length <= asked.work_until
       AND (kind.technique IS NULL OR EXISTS (
            SELECT FROM appointments_certification held
             WHERE held.therapist_id = asked.therapist
               AND held.technique_id = kind.technique
               AND coalesce(held.valid_until >= asked.local_start::date, true)))
       AND NOT EXISTS (
            SELECT FROM appointments_appointment visit
             WHERE visit.therapist_id = asked.therapist AND {_FILLS} AND {_NEAR}
               AND visit.starts_at < asked.starts_at + kind.held
               AND visit.blocked_until > asked.starts_at)
       AND NOT EXISTS (
            SELECT FROM appointments_timeoff off
             WHERE off.therapist_id = asked.therapist
               AND off.starts_at < asked.starts_at + kind.held
               AND off.ends_at > asked.starts_at)
       AND EXISTS (
            SELECT FROM appointments_room room
             WHERE room.location_id = asked.location AND room.active
               AND (kind.technique IS NULL
                    OR NOT EXISTS (SELECT FROM appointments_room_techniques fit
                                    WHERE fit.room_id = room.id)
                    OR EXISTS (SELECT FROM appointments_room_techniques fit
                                WHERE fit.room_id = room.id
                                  AND fit.technique_id = kind.technique))
               AND NOT EXISTS (
                    SELECT FROM appointments_appointment visit
                     WHERE visit.room_id = room.id AND {_FILLS} AND {_NEAR}
                       AND visit.starts_at < asked.starts_at + kind.held
                       AND visit.blocked_until > asked.starts_at))
"""  # noqa: S608 - the names are ours
_MINE = f"""
    SELECT id, received_at, {ADDS} AS adds
      FROM (SELECT entry.id, entry.received_at, {WAITED} AS waited,
                   coalesce(overrule.target_days::float8,
                       {WHOLE.replace("target_days", "target.target_days")}) AS whole
              FROM appointments_waitlistentry entry
              LEFT JOIN {TARGET.format(category="entry.category_id")}
              LEFT JOIN appointments_overrule overrule
                ON overrule.entry_id = entry.id AND {OVERRULES}
             WHERE entry.id = %(entry)s::bigint) entry
"""  # noqa: S608 - the names are ours
# What of a time does not depend on the kind of the visit; and that the shortest kind
# ends in time, which spares looking at the referral of whoever goes home earlier.
_WISHED = """
    strpos(other.weekdays, substr('MTWRFSU', extract(isodow FROM day)::int, 1)) > 0
    AND other.from_time <= opens AND other.to_time >= soonest_end
    AND coalesce(other.therapist_id = therapist, true)
    AND coalesce(other.location_id = location, true)
    AND coalesce(other.earliest <= day, true)
    AND coalesce(other.latest >= day, true)
    AND starts_at - %(now)s >= greatest(
        other.notice_hours * interval '1 hour', %(notice)s::interval)
"""
# What was chosen for a visit that was canceled, if it may still be so: see `kept_for`.
_KEEPS = """
    other.kept_minutes IS NOT NULL
    AND coalesce(referral.technique_id = other.kept_technique_id,
                 referral.technique_id IS NULL AND (
                     other.kept_technique_id IS NULL
                     OR EXISTS (SELECT FROM services_technique technique
                                 WHERE article_ptr_id = other.kept_technique_id
                                   AND technique.active)))
"""
_USABLE = f"""
    SELECT FROM referrals_referral referral
      JOIN kinds ON kinds.kept = ({_KEEPS})
       AND CASE WHEN kinds.kept
                THEN kinds.technique IS NOT DISTINCT FROM other.kept_technique_id
                     AND kinds.minutes = other.kept_minutes
                ELSE kinds.technique IS NOT DISTINCT FROM referral.technique_id END
      LEFT JOIN services_insurer insurer ON insurer.id = referral.insurer_id
      LEFT JOIN referrals_authorization allowed ON allowed.referral_id = referral.id
     WHERE referral.id = other.referral_id AND kinds.place = asked.place
       AND local_end::time <= other.to_time AND local_end::date = asked.day
       AND referral.status = '{ReferralStatus.ACTIVE}'
       AND referral.valid_from <= asked.day AND referral.valid_until >= asked.day
       AND coalesce(allowed.valid_until >= asked.day, true)
       AND other.session <= least(referral.sessions, allowed.visits)
       AND NOT coalesce(insurer.needs_authorization
           AND coalesce(allowed.number, '') = '', false)
       AND NOT coalesce(insurer.needs_referral
           AND coalesce(allowed.referral_number, '') = '', false)
       AND NOT EXISTS (
            SELECT FROM appointments_appointment visit
             WHERE visit.entry_id = other.id
               AND (visit.status = '{Status.PROPOSED}'
                    AND visit.held_until > %(now)s AND visit.starts_at > %(now)s
                    OR visit.therapist_id = asked.therapist
                       AND visit.starts_at = asked.starts_at))
       AND NOT EXISTS (
            SELECT FROM appointments_appointment visit
             WHERE visit.patient_id = other.patient_id AND {_FILLS}
               AND visit.starts_at < kinds.free_at
               AND visit.blocked_until > asked.starts_at)
"""  # noqa: S608 - the names are ours
# Who stands before the patient.
_BEFORE = """
    other.adds > mine.adds OR mine.adds IS NULL AND other.adds IS NOT NULL
    OR other.adds IS NOT DISTINCT FROM mine.adds
       AND (other.received_at, other.id) < (mine.received_at, mine.id)
"""
# CASE has it asked in this order: what costs most comes last.
IN_GREATER_NEED = Prepared(
    "in_greater_need",
    f"""
    WITH asked AS MATERIALIZED (
        SELECT *, local_start::date AS day, local_start::time AS opens
          FROM (SELECT *, starts_at AT TIME ZONE zone AS local_start
                  FROM unnest(%(therapists)s::bigint[], %(locations)s::bigint[],
                              %(starts)s::timestamptz[], %(until)s::timestamptz[],
                              %(zones)s::text[]) WITH ORDINALITY
                       AS one (therapist, location, starts_at, work_until, zone,
                               place)) AS one
    ), kinds AS MATERIALIZED ({_KINDS}), mine AS MATERIALIZED ({_MINE}),
    steps AS MATERIALIZED ({STEPS})
    SELECT (SELECT count(*)
              FROM (SELECT FROM mine CROSS JOIN ({LINE}) other
                     WHERE other.id <> mine.id AND CASE WHEN {_BEFORE} THEN
                           CASE WHEN {_WISHED} THEN EXISTS ({_USABLE}) END END
                     LIMIT {MOST}) counted)
      FROM (SELECT asked.*,
                   (SELECT min(local_end::time) FROM kinds
                     WHERE kinds.place = asked.place AND local_end::date = asked.day)
                   AS soonest_end
              FROM asked OFFSET 0) asked
     ORDER BY place
    """,  # noqa: S608 - the names are ours
)


def in_greater_need(
    entry: WaitlistEntry, openings: Sequence[Opening], *, supply: Supply
) -> list[int]:
    """
    Return, for each of `openings`, how many who wait, in greater need, could use it.

    MOST stands for MOST or more.

    :param supply: in which they were found.
    """
    if not openings:
        return []
    policy = supply.policy
    values: dict[str, Any] = {
        "entry": entry.pk,
        "now": supply.now,
        "exponent": float(policy.harm_exponent),
        "minutes": policy.visit_minutes,
        "turnover": policy.turnover,
        "notice": policy.notice,
        "therapists": [one.therapist for one in openings],
        "locations": [one.location for one in openings],
        "starts": [one.starts_at for one in openings],
        "until": [supply.work_until(one) for one in openings],
        "zones": [one.zone.key for one in openings],
    }
    return [number for (number,) in IN_GREATER_NEED.rows(**values)]
