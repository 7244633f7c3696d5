"""
The one statement by which a rota is read, in the forms in which it is asked.

Each is planned once in a session: planning takes longer than running it.
"""

from __future__ import annotations

from itertools import product

from appointments.codes import HOLDING_TIME, Status
from appointments.models.before import COUNTED
from appointments.models.policy import NEWEST, Policy
from massage_portal.prepared import Prepared

# What most visits are is compared first.
HOLDING = sorted(HOLDING_TIME, key=lambda status: status != Status.BOOKED)
# Each row says what it is, whose it is, and leaves empty what it does not have. What is
# the same of many is one row with all their keys: hours and the times of visits are. An
# ARRAY is read once, and spares PostgreSQL the planning of ten joins.
STATEMENT = """
WITH who AS MATERIALIZED (
    SELECT t.id AS therapist_id, t.location_id, l.time_zone
      FROM appointments_therapist t
      JOIN services_location l ON l.article_ptr_id = t.location_id
     WHERE t.active AND l.gives_massage {of_whom}
), places AS MATERIALIZED (
    SELECT DISTINCT location_id AS id FROM who
), rooms AS MATERIALIZED (
    SELECT r.id, r.location_id FROM appointments_room r
     WHERE r.active AND r.location_id = ANY(ARRAY(SELECT id FROM places))
)
SELECT 'therapist', {keys}, location_id, NULL::bigint[], NULL::time, NULL::time,
       NULL::date, NULL::date, NULL::timestamptz, NULL::timestamptz, time_zone::text
  FROM who {by_place}
UNION ALL
SELECT 'hours', {keys}, weekday::bigint, NULL, starts, ends,
       valid_from, valid_until, NULL, NULL, NULL
  FROM appointments_workinghours
 WHERE weekday = ANY(%(weekdays)s) AND valid_from <= %(last)s
   AND (valid_until IS NULL OR valid_until >= %(first)s)
   AND therapist_id = ANY({theirs})
 {by_hours}
UNION ALL
SELECT 'extra', ARRAY[therapist_id], NULL, NULL, starts, ends, day, NULL, NULL, NULL,
       NULL
  FROM appointments_extrahours
 WHERE day BETWEEN %(first)s AND %(last)s
   AND therapist_id = ANY({theirs})
UNION ALL
SELECT 'certificate', {keys}, technique_id, NULL, NULL, NULL,
       NULL, valid_until, NULL, NULL, NULL
  FROM appointments_certification
 WHERE (valid_until IS NULL OR valid_until >= %(first)s)
   AND therapist_id = ANY({theirs})
 {by_certificate}
UNION ALL
SELECT 'off', ARRAY[therapist_id], NULL, NULL, NULL, NULL, NULL, NULL,
       starts_at, ends_at, NULL
  FROM appointments_timeoff
 WHERE starts_at < %(end)s AND ends_at > %(begin)s
   AND therapist_id = ANY({theirs})
UNION ALL
SELECT 'visit', array_agg(therapist_id), NULL, array_agg(room_id), NULL, NULL,
       NULL, NULL, starts_at, blocked_until, NULL
  FROM appointments_appointment
 WHERE status IN ({holding})
   AND NOT (status = '{proposed}' AND held_until <= %(now)s)
   AND starts_at >= %(earliest)s AND starts_at < %(until)s
   AND blocked_until > %(since)s {of_theirs}
 GROUP BY starts_at, blocked_until
UNION ALL
SELECT 'room', array_agg(id), location_id, NULL, NULL, NULL, NULL, NULL, NULL, NULL,
       NULL
  FROM rooms GROUP BY location_id
UNION ALL
SELECT 'fit', array_agg(room_id), technique_id, NULL, NULL, NULL, NULL, NULL, NULL,
       NULL, NULL
  FROM appointments_room_techniques
 WHERE room_id = ANY(ARRAY(SELECT id FROM rooms))
 GROUP BY technique_id
UNION ALL
SELECT 'closure', ARRAY[location_id], NULL, NULL, NULL, NULL, first_day, last_day, NULL,
       NULL, NULL
  FROM appointments_closure
 WHERE first_day <= %(last)s AND last_day >= %(first)s
   AND location_id = ANY(ARRAY(SELECT id FROM places))
UNION ALL
SELECT 'holidays', ARRAY[location_id], NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL,
       country || '-' || subdivision
  FROM appointments_holidaycalendar
 WHERE location_id = ANY(ARRAY(SELECT id FROM places))
UNION ALL
SELECT 'kept', ARRAY[c.location_id], NULL, NULL, NULL, NULL, w.day, NULL, NULL, NULL,
       NULL
  FROM appointments_holidayworked w
  JOIN appointments_holidaycalendar c ON c.id = w.calendar_id
 WHERE w.day BETWEEN %(first)s AND %(last)s
   AND c.location_id = ANY(ARRAY(SELECT id FROM places))
"""
WHO = "SELECT therapist_id FROM who"
# Of a part of the clinic; looked up by hash, as often as there are visits.
OF_THEIRS = f"""AND (therapist_id IN ({WHO})
    OR room_id IN (SELECT id FROM rooms))"""  # noqa: S608 - the names are ours
MANY = {
    "keys": "array_agg(therapist_id)",
    "theirs": f"ARRAY({WHO})",
    "by_place": "GROUP BY location_id, time_zone",
    "by_hours": "GROUP BY weekday, starts, ends, valid_from, valid_until",
    "by_certificate": "GROUP BY technique_id, valid_until",
}
# Of one therapist each row is its own: as many hash tables less to be made ready.
ONE = dict.fromkeys(MANY, "") | {
    "keys": "ARRAY[therapist_id]",
    "theirs": "%(therapists)s",
}
# One row, if anybody who might use a time stands before a patient.
BEFORE = f"""
UNION ALL
SELECT 'before', counted, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL
  FROM ({COUNTED}) before (counted)
"""  # noqa: S608 - the names are ours
NUMBERS = [  # of policy: those that are whole
    field.attname
    for field in Policy._meta.concrete_fields
    if field.get_internal_type() == "PositiveSmallIntegerField"
]
# One row, if any policy has begun.
POLICY = f"""
UNION ALL
SELECT 'policy', ARRAY[{", ".join(NUMBERS)}]::bigint[], id, NULL, quiet_from,
       quiet_until, NULL, NULL, in_force_from, NULL,
       harm_exponent || ' ' || same_therapist_harm
  FROM ({NEWEST}) newest
"""  # noqa: S608 - the names are ours
SOME, ONE_PLACE = " AND t.id = ANY(%(therapists)s)", " AND t.location_id = %(location)s"


def _statement(of_whom: str, *more: str, as_for: dict[str, str]) -> str:
    parts = as_for | {"of_whom": of_whom, "of_theirs": OF_THEIRS if of_whom else ""}
    parts["holding"] = ", ".join(f"'{one.value}'" for one in HOLDING)
    parts["proposed"] = Status.PROPOSED.value
    return STATEMENT.format(**parts) + "".join(more)


# By whether some therapists are asked about, whether one place is, and whether policy
# is read with it.
STATEMENTS = {
    (some, place, policy): Prepared(
        f"rota{'_some' * some}{'_place' * place}{'_policy' * policy}",
        _statement(SOME * some + ONE_PLACE * place, POLICY * policy, as_for=MANY),
    )
    for some, place, policy in product((False, True), repeat=3)
}
LOCK_THERAPISTS = """
    SELECT FROM appointments_therapist WHERE id = ANY(%(therapists)s)
     ORDER BY id FOR NO KEY UPDATE
"""
LOCK = Prepared("lock_therapists", LOCK_THERAPISTS)
# Of one therapist, by whether somebody's place in the line is asked about as well. They
# are parts of another statement too.
OF_ONE = {
    in_turn: _statement(SOME, BEFORE * in_turn, as_for=ONE) for in_turn in (False, True)
}
LOCKED = {
    in_turn: Prepared(name, OF_ONE[in_turn], first=LOCK)
    for in_turn, name in {False: "rota_locked", True: "rota_before"}.items()
}
# Of a row that says nothing but what it is, and one word.
NOTHING = ", ".join(["NULL"] * 9)
