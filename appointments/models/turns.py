"""
How many in greater need could use a time that somebody is given by hand.

By hand, and planned once: it is asked while a therapist is locked. Each opening is
looked at for every kind of visit that could be there (technique, length, a fit room);
then those who stand before the patient (`models/before.py`), and whom one of these
suits, are counted, up to MOST. It says of all who wait what `matching.fits` says of
one; a test holds the two together.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from appointments.models.before import (
    COVER,
    COVERED,
    FILLS,
    HOURS,
    MOST,
    NOT_HAD,
    WISHED,
    before,
    mine,
    not_elsewhere,
)
from appointments.models.need_order import LINE, STEPS
from appointments.models.supply import Supply
from appointments.models.waitlist import WaitlistEntry
from appointments.openings import Opening, worked
from massage_portal.prepared import Prepared

_NEAR = f"""visit.starts_at > asked.starts_at - {HOURS}
    AND visit.starts_at < asked.starts_at + {HOURS}"""
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
             WHERE visit.therapist_id = asked.therapist AND {FILLS} AND {_NEAR}
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
                     WHERE visit.room_id = room.id AND {FILLS} AND {_NEAR}
                       AND visit.starts_at < asked.starts_at + kind.held
                       AND visit.blocked_until > asked.starts_at))
"""  # noqa: S608 - the names are ours
# What was chosen for a visit that was not to be, if it may still be so: see `kept_for`.
_KEEPS = """
    other.kept_minutes IS NOT NULL
    AND coalesce(referral.technique_id = other.kept_technique_id,
                 referral.technique_id IS NULL AND (
                     other.kept_technique_id IS NULL
                     OR EXISTS (SELECT FROM services_technique technique
                                 WHERE article_ptr_id = other.kept_technique_id
                                   AND technique.active)))
"""
# Where hundreds cannot have it, it is the referral alone that tells: that the visits it
# covers are used up is asked of it before it is joined, and of visits comes last.
_USABLE = f"""
    SELECT FROM referrals_referral referral
      JOIN kinds ON kinds.kept = ({_KEEPS})
       AND CASE WHEN kinds.kept
                THEN kinds.technique IS NOT DISTINCT FROM other.kept_technique_id
                     AND kinds.minutes = other.kept_minutes
                ELSE kinds.technique IS NOT DISTINCT FROM referral.technique_id END
      {COVER}
     WHERE referral.id = other.referral_id AND kinds.place = asked.place
       AND local_end::time <= other.to_time AND local_end::date = asked.day
       AND other.session <= referral.sessions
       AND CASE WHEN {COVERED} THEN {NOT_HAD} AND {not_elsewhere("kinds.free_at")} END
"""  # noqa: S608 - the names are ours
# That the shortest kind ends in time spares looking at the referral of whoever goes
# home earlier.
_WISHED = f"{WISHED} AND other.to_time >= soonest_end"
# CASE has it asked in this order: what costs most comes last.
IN_GREATER_NEED = Prepared(
    "in_greater_need",
    f"""
    WITH asked AS MATERIALIZED (
        SELECT *, %(notice)s::interval AS notice, local_start::date AS day,
               local_start::time AS opens
          FROM (SELECT *, starts_at AT TIME ZONE zone AS local_start
                  FROM unnest(%(therapists)s::bigint[], %(locations)s::bigint[],
                              %(starts)s::timestamptz[], %(until)s::timestamptz[],
                              %(zones)s::text[]) WITH ORDINALITY
                       AS one (therapist, location, starts_at, work_until, zone,
                               place)) AS one
    ), kinds AS MATERIALIZED ({_KINDS}), mine AS MATERIALIZED (
        {mine("%(exponent)s::float8")}),
    steps AS MATERIALIZED ({STEPS})
    SELECT (SELECT count(*)
              FROM (SELECT FROM mine CROSS JOIN ({LINE}) other
                     WHERE other.id <> mine.id AND CASE WHEN {before("other")} THEN
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
        "until": [_work_until(supply, one) for one in openings],
        "zones": [one.zone.key for one in openings],
    }
    return [number for (number,) in IN_GREATER_NEED.rows(**values)]


def _work_until(supply: Supply, opening: Opening) -> datetime:
    """Return when the work during which an opening lies ends."""
    day = opening.local_start.date()
    for diary in supply.diaries:
        if diary.therapist == opening.therapist:
            for work in worked(diary, day, day).spans:
                if work.start <= opening.starts_at < work.end:
                    return work.end
    return opening.ends_at
