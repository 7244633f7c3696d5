"""
How many in greater need could use a time that somebody is given by hand.

By hand, and planned once: it is asked while a therapist is locked. Each opening is
looked at for every kind of visit that could be there (technique, length, a fit room);
then those who stand before the patient, and whom one of these suits, are counted, up to
MOST. It says of all who wait what `matching.fits` says of one; a test holds the two
together, and the order is that of `Ranked.in_order_of_need`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from appointments.codes import HOLDING_TIME, EntryStatus, Status
from appointments.models.supply import Supply
from appointments.models.waitlist import WaitlistEntry
from appointments.openings import Opening
from massage_portal.prepared import Prepared
from referrals.codes import Status as ReferralStatus

MOST = 50  # counted, and no more

_HOLDING = ", ".join(f"'{one.value}'" for one in HOLDING_TIME)
_FILLS = f"""visit.status IN ({_HOLDING})
    AND NOT (visit.status = '{Status.PROPOSED}' AND visit.held_until <= %(now)s)"""
_ADDS = """CASE WHEN %(exponent)s::float8 = 1 THEN 1.0 / whole
    ELSE power((waited + 1.0) / whole, %(exponent)s::float8)
       - power(waited / whole, %(exponent)s::float8) END"""
# What the order of need is made of, for the requests that `{which}` names.
_RANKED = f"""
    SELECT entry.*, {_ADDS} AS adds
      FROM (SELECT entry.*,
                   greatest((extract(epoch FROM %(now)s::timestamptz
                             - entry.received_at) / 86400.0)::float8, 0) AS waited,
                   coalesce(overrule.target_days::float8,
                       (target.target_days
                        * (1.0 - entry.need_score / 200.0))::float8) AS whole
              FROM appointments_waitlistentry entry
              LEFT JOIN appointments_targetwait target
                ON target.category_id = entry.category_id
               AND target.in_force_from <= %(now)s
               AND coalesce(target.in_force_until > %(now)s, true)
              LEFT JOIN appointments_overrule overrule
                ON overrule.entry_id = entry.id
               AND overrule.starts_at <= %(now)s AND overrule.ends_at > %(now)s
             WHERE {{which}}) entry
"""  # noqa: S608 - the names are ours
_MINE = _RANKED.format(which="entry.id = %(entry)s::bigint")
_WAITING = _RANKED.format(which=f"entry.status = '{EntryStatus.ACCEPTED}'")
IN_GREATER_NEED = Prepared(
    "in_greater_need",
    f"""
    WITH asked AS MATERIALIZED (
        SELECT one.*, one.starts_at AT TIME ZONE one.zone AS local_start
          FROM unnest(%(therapists)s::bigint[], %(locations)s::bigint[],
                      %(starts)s::timestamptz[], %(until)s::timestamptz[],
                      %(zones)s::text[]) WITH ORDINALITY
               AS one (therapist, location, starts_at, work_until, zone, place)
    ), kinds AS MATERIALIZED (
        SELECT asked.*, kind.technique, asked.local_start::date AS day,
               asked.local_start::time AS opens,
               (asked.starts_at + kind.length) AT TIME ZONE asked.zone AS local_end,
               asked.starts_at + kind.held AS free_at
          FROM asked
         CROSS JOIN (
                SELECT technique, minutes * interval '1 minute' AS length,
                       minutes * interval '1 minute' + %(turnover)s::interval AS held
                  FROM (SELECT NULL::bigint, %(minutes)s::int UNION ALL
                        SELECT article_ptr_id, minutes FROM services_technique)
                       AS one (technique, minutes)) AS kind
         WHERE asked.starts_at + kind.length <= asked.work_until
           AND (kind.technique IS NULL OR EXISTS (
                SELECT FROM appointments_certification held
                 WHERE held.therapist_id = asked.therapist
                   AND held.technique_id = kind.technique
                   AND coalesce(held.valid_until >= asked.local_start::date, true)))
           AND NOT EXISTS (
                SELECT FROM appointments_appointment visit
                 WHERE visit.therapist_id = asked.therapist AND {_FILLS}
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
                         WHERE visit.room_id = room.id AND {_FILLS}
                           AND tstzrange(visit.starts_at, visit.blocked_until)
                            && tstzrange(asked.starts_at,
                                asked.starts_at + kind.held)))
    ), mine AS MATERIALIZED ({_MINE})
    SELECT (SELECT count(*)
              FROM (SELECT
                      FROM kinds
                     CROSS JOIN mine
                      JOIN ({_WAITING}) other ON other.id <> mine.id
                      JOIN referrals_referral referral
                        ON referral.id = other.referral_id
                       AND referral.technique_id IS NOT DISTINCT FROM kinds.technique
                      LEFT JOIN services_insurer insurer
                        ON insurer.id = referral.insurer_id
                      LEFT JOIN referrals_authorization allowed
                        ON allowed.referral_id = referral.id
                     WHERE kinds.place = asked.place
                       AND (other.adds > mine.adds
                            OR mine.adds IS NULL AND other.adds IS NOT NULL
                            OR other.adds IS NOT DISTINCT FROM mine.adds
                               AND (other.received_at, other.id)
                                 < (mine.received_at, mine.id))
                       AND strpos(other.weekdays,
                               substr('MTWRFSU', extract(isodow FROM day)::int, 1)) > 0
                       AND other.from_time <= opens AND local_end::time <= other.to_time
                       AND local_end::date = day
                       AND coalesce(other.therapist_id = therapist, true)
                       AND coalesce(other.location_id = kinds.location, true)
                       AND coalesce(other.earliest <= day, true)
                       AND coalesce(other.latest >= day, true)
                       AND kinds.starts_at - %(now)s >= greatest(
                           other.notice_hours * interval '1 hour', %(notice)s::interval)
                       AND referral.status = '{ReferralStatus.ACTIVE}'
                       AND referral.valid_from <= day AND referral.valid_until >= day
                       AND coalesce(allowed.valid_until >= day, true)
                       AND other.session
                           <= least(referral.sessions, allowed.visits)
                       AND NOT coalesce(insurer.needs_authorization
                           AND coalesce(allowed.number, '') = '', false)
                       AND NOT coalesce(insurer.needs_referral
                           AND coalesce(allowed.referral_number, '') = '', false)
                       AND NOT EXISTS (
                            SELECT FROM appointments_appointment visit
                             WHERE visit.entry_id = other.id
                               AND (visit.status = '{Status.PROPOSED}'
                                    AND visit.held_until > %(now)s
                                    AND visit.starts_at > %(now)s
                                    OR visit.therapist_id = kinds.therapist
                                       AND visit.starts_at = kinds.starts_at))
                       AND NOT EXISTS (
                            SELECT FROM appointments_appointment visit
                             WHERE visit.patient_id = other.patient_id AND {_FILLS}
                               AND visit.starts_at < kinds.free_at
                               AND visit.blocked_until > kinds.starts_at)
                     LIMIT {MOST}) counted)
      FROM asked ORDER BY place
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
