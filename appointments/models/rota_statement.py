"""
The one statement by which a rota is read, in the forms in which it is asked.

Each is planned once in a session: planning takes longer than running it.
"""

from __future__ import annotations

from itertools import product

from appointments.codes import HOLDING_TIME, Status
from appointments.keys import BLOCK, SHIFT
from appointments.models.before import COUNTED
from appointments.models.policy import NEWEST, Policy
from massage_portal.prepared import Prepared

ALWAYS = [one for one in HOLDING_TIME if one not in (Status.BOOKED, Status.PROPOSED)]
# Of all visits; what most of them are is compared first, and nothing more of these.
HOLDING = f"""(status = '{Status.BOOKED}'
    OR status IN ({", ".join(f"'{one.value}'" for one in ALWAYS)})
    OR status = '{Status.PROPOSED}' AND held_until > %(now)s)"""


def _block(key: str) -> str:
    """Return the words for the block in which a key stands; see `keys.py`."""
    return f"{key} >> {SHIFT}"


def _bit(key: str) -> str:
    """Return those for its bit there."""
    return f"1::bigint << ({key} & {BLOCK - 1})::int"


def _bits(key: str) -> str:
    """Return those for the bits of all that are one row."""
    return f"bit_or({_bit(key)})"


# Each row says what it is, whose it is, and leaves empty what it does not have. What is
# the same of many is one row for each block of their keys, with a bit for each: hours
# and the times of visits are. An ARRAY is read once, and spares PostgreSQL the planning
# of ten joins.
STATEMENT = f"""
WITH who AS MATERIALIZED (
    SELECT t.id AS therapist_id, t.location_id, l.time_zone
      FROM appointments_therapist t
      JOIN services_location l ON l.article_ptr_id = t.location_id
     WHERE t.active AND l.gives_massage {{of_whom}}
), places AS MATERIALIZED (
    SELECT DISTINCT location_id AS id FROM who
), rooms AS MATERIALIZED (
    SELECT r.id, r.location_id FROM appointments_room r
     WHERE r.active AND r.location_id = ANY(ARRAY(SELECT id FROM places))
)
SELECT 'therapist', {{whose}}, location_id, NULL::bigint, NULL::time, NULL::time,
       NULL::date, NULL::date, NULL::timestamptz, NULL::timestamptz, time_zone::text
  FROM who {{by_place}}
UNION ALL
SELECT 'hours', {{whose}}, weekday::bigint, NULL, starts, ends,
       valid_from, valid_until, NULL, NULL, NULL
  FROM appointments_workinghours
 WHERE weekday = ANY(%(weekdays)s) AND valid_from <= %(last)s
   AND (valid_until IS NULL OR valid_until >= %(first)s)
   AND therapist_id = ANY({{theirs}})
 {{by_hours}}
UNION ALL
SELECT 'extra', {_block("therapist_id")}, {_bit("therapist_id")}, NULL, NULL,
       starts, ends, day, NULL, NULL, NULL, NULL
  FROM appointments_extrahours
 WHERE day BETWEEN %(first)s AND %(last)s
   AND therapist_id = ANY({{theirs}})
UNION ALL
SELECT 'certificate', {{whose}}, technique_id, NULL, NULL, NULL,
       NULL, valid_until, NULL, NULL, NULL
  FROM appointments_certification
 WHERE (valid_until IS NULL OR valid_until >= %(first)s)
   AND therapist_id = ANY({{theirs}})
 {{by_certificate}}
UNION ALL
SELECT 'off', therapist_id, NULL, NULL, NULL, NULL, NULL, NULL, NULL,
       starts_at, ends_at, NULL
  FROM appointments_timeoff
 WHERE starts_at < %(end)s AND ends_at > %(begin)s
   AND therapist_id = ANY({{theirs}})
UNION ALL
SELECT 'visit', {_block("therapist_id")}, {_bits("therapist_id")},
       {_block("room_id")} AS room_block, {_bits("room_id")}, NULL, NULL,
       NULL, NULL, starts_at, blocked_until, NULL
  FROM appointments_appointment
 WHERE {HOLDING}
   AND starts_at >= %(earliest)s AND starts_at < %(until)s
   AND blocked_until > %(since)s {{of_theirs}}
 GROUP BY starts_at, blocked_until, {_block("therapist_id")}, room_block
UNION ALL
SELECT 'room', {_block("id")}, {_bits("id")}, location_id, NULL, NULL, NULL, NULL, NULL,
       NULL, NULL, NULL
  FROM rooms GROUP BY {_block("id")}, location_id
UNION ALL
SELECT 'fit', {_block("room_id")}, {_bits("room_id")}, technique_id, NULL, NULL, NULL,
       NULL, NULL, NULL, NULL, NULL
  FROM appointments_room_techniques
 WHERE room_id = ANY(ARRAY(SELECT id FROM rooms))
 GROUP BY {_block("room_id")}, technique_id
UNION ALL
SELECT 'closure', location_id, NULL, NULL, NULL, NULL, NULL, first_day, last_day, NULL,
       NULL, NULL
  FROM appointments_closure
 WHERE first_day <= %(last)s AND last_day >= %(first)s
   AND location_id = ANY(ARRAY(SELECT id FROM places))
UNION ALL
SELECT 'holidays', location_id, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL,
       country || '-' || subdivision
  FROM appointments_holidaycalendar
 WHERE location_id = ANY(ARRAY(SELECT id FROM places))
UNION ALL
SELECT 'kept', c.location_id, NULL, NULL, NULL, NULL, NULL, w.day, NULL, NULL, NULL,
       NULL
  FROM appointments_holidayworked w
  JOIN appointments_holidaycalendar c ON c.id = w.calendar_id
 WHERE w.day BETWEEN %(first)s AND %(last)s
   AND c.location_id = ANY(ARRAY(SELECT id FROM places))
"""  # noqa: S608 - the names are ours
WHO = "SELECT therapist_id FROM who"
# Of some of the clinic; looked up by hash, as often as there are visits.
ARE_THEIRS = f"""therapist_id IN ({WHO})
    OR room_id IN (SELECT id FROM rooms)"""  # noqa: S608 - the names are ours
OF_SOME = f"AND ({ARE_THEIRS})"
# Of a place at which most work it takes longer to leave out the others' visits than to
# read them; they are in nobody's way.
OF_PLACE = f"""AND ((SELECT (SELECT count(*) FROM who) * 2
                  > (SELECT count(*) FROM appointments_therapist))
    OR {ARE_THEIRS})"""  # noqa: S608 - the names are ours
BLOCK_OF_ONE, VALID = _block("therapist_id"), "valid_from, valid_until"
MANY = {
    "whose": f"{BLOCK_OF_ONE}, {_bits('therapist_id')}",
    "theirs": f"ARRAY({WHO})",
    "by_place": f"GROUP BY {BLOCK_OF_ONE}, location_id, time_zone",
    "by_hours": f"GROUP BY {BLOCK_OF_ONE}, weekday, starts, ends, {VALID}",
    "by_certificate": f"GROUP BY {BLOCK_OF_ONE}, technique_id, valid_until",
}
# Of one therapist each row is its own: as many hash tables less to be made ready.
ONE = dict.fromkeys(MANY, "") | {
    "whose": f"{BLOCK_OF_ONE}, {_bit('therapist_id')}",
    "theirs": "%(therapists)s",
}
# One row, if anybody who might use a time stands before a patient.
BEFORE = f"""
UNION ALL
SELECT 'before', counted[1], counted[2], NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL,
       NULL
  FROM ({COUNTED}) before (counted)
"""  # noqa: S608 - the names are ours
NUMBERS = [  # of policy: those that are whole
    field.attname
    for field in Policy._meta.concrete_fields
    if field.get_internal_type() == "PositiveSmallIntegerField"
]
# One row, if any policy has begun; its numbers as one text.
POLICY = f"""
UNION ALL
SELECT 'policy', id, NULL, NULL, NULL, quiet_from, quiet_until, NULL, NULL,
       in_force_from, NULL,
       concat_ws(' ', harm_exponent, same_therapist_harm, {", ".join(NUMBERS)})
  FROM ({NEWEST}) newest
"""  # noqa: S608 - the names are ours
SOME, ONE_PLACE = " AND t.id = ANY(%(therapists)s)", " AND t.location_id = %(location)s"


def _statement(
    *more: str, as_for: dict[str, str], some: bool = False, place: bool = False
) -> str:
    theirs = OF_SOME if some else OF_PLACE if place else ""
    of_whom = SOME * some + ONE_PLACE * place
    parts = as_for | {"of_whom": of_whom, "of_theirs": theirs}
    return STATEMENT.format(**parts) + "".join(more)


# By whether some therapists are asked about, whether one place is, and whether policy
# is read with it.
STATEMENTS = {
    (some, place, policy): Prepared(
        f"rota{'_some' * some}{'_place' * place}{'_policy' * policy}",
        _statement(POLICY * policy, as_for=MANY, some=some, place=place),
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
    in_turn: _statement(BEFORE * in_turn, as_for=ONE, some=True)
    for in_turn in (False, True)
}
LOCKED = {
    in_turn: Prepared(name, OF_ONE[in_turn], first=LOCK)
    for in_turn, name in {False: "rota_locked", True: "rota_before"}.items()
}
# Of a row that says nothing but what it is, and one word.
NOTHING = ", ".join(["NULL"] * 10)
