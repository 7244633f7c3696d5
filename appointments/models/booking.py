"""
What every offer and every booking locks, reads and changes, by hand.

Django takes longer to write such statements, and PostgreSQL to plan the greatest, than
it takes to run them; and a therapist and a room are locked all that time.
"""

from __future__ import annotations

from datetime import date, datetime, time
from decimal import Decimal
from json import JSONDecoder
from typing import Any

from django.db import connection
from django.db.models import (
    BooleanField,
    CharField,
    DateField,
    DateTimeField,
    DecimalField,
    Field,
    ForeignKey,
    GeneratedField,
    IntegerField,
    Model,
    TextField,
    TimeField,
)

from appointments.codes import HOLDING_TIME, EntryStatus, Status
from appointments.models.appointment import Appointment
from appointments.models.policy import NEWEST, Policy
from appointments.models.rota import Rota, Row, asked
from appointments.models.rota_statement import (
    LOCK_THERAPISTS,
    NOTHING,
    OF_ONE,
)
from appointments.models.waitlist import WaitlistEntry
from appointments.openings import Opening
from appointments.spans import Span
from massage_portal.accounts.models import User
from massage_portal.outbox.models.statements import TO_WITHDRAW
from massage_portal.prepared import (
    Prepared,
    array,
    as_model,
    columns,
    know,
    unsaved,
    usual,
)
from referrals.models import Authorization, Patient, Referral
from services.models import Insurer, Technique

PARTS: dict[str, type[Model]] = {  # by what the statement calls them
    "entry": WaitlistEntry,
    "referral": Referral,
    "patient": Patient,
    "account": User,
    "technique": Technique,
    "insurer": Insurer,
    "allowed": Authorization,
    "policy": Policy,
}


# What no booking asks of them is read when somebody does: each column costs time.
SOME = {
    "referral": """patient technique insurer status valid_from valid_until sessions
        interval_days version""",
    "account": "email",
    "technique": "minutes",
    "insurer": "needs_referral needs_authorization",
    "allowed": "referral referral_number number visits valid_until",
}
NAMES = {  # of the fields of each table, the key first
    name: [
        field.attname
        for field in model._meta.local_concrete_fields
        if field.primary_key or name not in SOME or field.name in SOME[name].split()
    ]
    for name, model in PARTS.items()
}
# Of what JSON knows no type.
AS_TEXT: dict[type[Field[Any, Any]], Any] = {
    DateTimeField: datetime.fromisoformat,
    DateField: date.fromisoformat,
    TimeField: time.fromisoformat,
    DecimalField: Decimal,
}
AS_IT_IS = (  # and the kinds that are made of these
    BooleanField,
    CharField,
    ForeignKey,
    GeneratedField,
    IntegerField,
    TextField,
)


def _told_as_text(name: str) -> list[tuple[str, Any]]:
    """
    Return the fields of a part that JSON tells as text, and what reads each.

    :raises TypeError: if a field is of a kind of which it is not known.
    """
    found = []
    for field in PARTS[name]._meta.local_concrete_fields:
        if field.attname in NAMES[name]:
            if type(field) in AS_TEXT:
                found.append((field.attname, AS_TEXT[type(field)]))
            elif not isinstance(field, AS_IT_IS):
                raise TypeError(f"how JSON tells of {field} is not known")
    return found


TOLD_AS_TEXT = {name: _told_as_text(name) for name in PARTS}
LOCK_PATIENT = Prepared(
    "lock_patient",
    """
    SELECT FROM referrals_patient
     WHERE id = (SELECT patient_id FROM appointments_waitlistentry
                  WHERE id = %(entry)s)
       FOR NO KEY UPDATE
    """,
)
LOCK_ROOM = """
SELECT id FROM appointments_room WHERE id = ANY(%s) AND active
 ORDER BY id LIMIT 1 FOR NO KEY UPDATE
"""
# Of a visit, what its time and its terms say. The room is the one that was locked, and
# all else is as usual: stated once, for each value that is sent takes its time.
_SAID = """id uid entry_id patient_id therapist_id technique_id status starts_at ends_at
    blocked_until held_until offered_at booked_at replaces_id by_telephone agreed_to
    sequence"""
SAID = _SAID.split()
USUAL = usual(Appointment, but=(*SAID, "room_id"))
# Two therapists' visits that begin together are given at almost one moment, and both
# have read that the first room is free. So it is looked at once more, for what the
# constraint refuses takes several statements to make good. OFFSET keeps PostgreSQL from
# looking at all rooms.
EMPTY = f"""NOT EXISTS (
    SELECT FROM appointments_appointment other
     WHERE other.room_id = appointments_room.id
       AND other.status IN ({", ".join(f"'{one}'" for one in HOLDING_TIME)})
       AND tstzrange(other.starts_at, other.blocked_until, '[)')
           && tstzrange(%(starts_at)s, %(blocked_until)s, '[)')
       AND NOT (other.status = '{Status.PROPOSED}'
                AND other.held_until <= %(offered_at)s)
    OFFSET 0)"""
# One room that somebody is just booking, most likely for another time, is left for the
# next: so bookings at one place do not wait for each other.
ADDED = f"""
    WITH room AS MATERIALIZED (
        SELECT id FROM appointments_room
         WHERE id = ANY(%(rooms)s) AND active AND {EMPTY}
         ORDER BY id LIMIT 1 FOR NO KEY UPDATE SKIP LOCKED
    )
    INSERT INTO appointments_appointment
           (room_id, {", ".join((*SAID, *USUAL))})
    SELECT room.id, {", ".join(f"%({name})s" for name in SAID)},
           {", ".join(USUAL.values())}
      FROM room
 RETURNING room_id
"""  # noqa: S608 - the names are ours
ADD_VISIT = Prepared("add_visit", ADDED, first="SAVEPOINT room")
TAKE_ENTRY = Prepared(
    "take_entry",
    """
    UPDATE appointments_waitlistentry
       SET status = %(status)s, version = %(version)s,
           kept_technique_id = NULL, kept_minutes = NULL
     WHERE id = %(entry)s
    """,
)
ROWS = ", ".join(
    f"json_build_array({columns(PARTS[name], name, only)})"
    for name, only in NAMES.items()
)
# As Django has PostgreSQL name it.
NEXT_VISIT = f"{Appointment._meta.db_table}_id_seq"
# The entry, with all that is judged of it. As one value: to tell and to hear the name
# and the kind of each of so many columns takes as long as to read them all.
ENTRY = f"""
    SELECT json_build_array(EXISTS (
               SELECT FROM appointments_appointment
                WHERE entry_id = entry.id AND status = '{Status.PROPOSED}'
           ), EXISTS (
               SELECT FROM outbox_message
                WHERE about = '{WaitlistEntry._meta.label_lower}:' || entry.id
                  AND {TO_WITHDRAW}
           ), nextval('{NEXT_VISIT}'), {ROWS})::text
      FROM appointments_waitlistentry entry
      JOIN referrals_referral referral ON referral.id = entry.referral_id
      JOIN referrals_patient patient ON patient.id = entry.patient_id
      LEFT JOIN accounts_user account ON account.id = patient.user_id
      LEFT JOIN services_technique technique
        ON technique.article_ptr_id = referral.technique_id
      LEFT JOIN services_insurer insurer ON insurer.id = referral.insurer_id
      LEFT JOIN referrals_authorization allowed ON allowed.referral_id = referral.id
      LEFT JOIN LATERAL ({NEWEST}) policy ON true
     WHERE entry.id = %(entry)s
"""  # noqa: S608 - the names are ours
HEARD = JSONDecoder(parse_float=Decimal).decode
LOCK = "FOR NO KEY UPDATE OF entry, referral"
LOCK_ENTRY = Prepared("lock_entry", f"{ENTRY} {LOCK}", first=LOCK_PATIENT)
# The same with the time that it is to have: who is locked is locked before all is read.
LOCK_BOTH = Prepared(
    "lock_entry_and_therapists",
    LOCK_THERAPISTS,
    first=Prepared(
        "lock_entry_alone",
        f"""
        SELECT FROM appointments_waitlistentry entry
          JOIN referrals_referral referral ON referral.id = entry.referral_id
         WHERE entry.id = %(entry)s {LOCK}
        """,
        first=LOCK_PATIENT,
    ),
)
WITH_TIME = {
    in_turn: Prepared(
        f"lock_entry_with_time{'_in_turn' * in_turn}",
        f"{rota} UNION ALL SELECT 'entry', {NOTHING}, word FROM ({ENTRY}) one (word)",  # noqa: S608 - the names are ours
        first=LOCK_BOTH,
    )
    for in_turn, rota in OF_ONE.items()
}


def lock_entry(pk: int, *, now: datetime) -> WaitlistEntry:
    """
    Lock the patient, and then their entry with its referral; return it as it stands.

    With the policy in force at `now`, by which all is judged that is done to it.

    `offer_out` says whether an offer is still proposed for it: whoever makes one locks
    the patient first. `told_of` says whether there are messages about it to be
    withdrawn, and is for `lock_with_time`, which reads it once all is locked. Who owes
    one without that lock owes it of a request that waits: it is not written when the
    request does so no more.

    `visit_key` is the key of the visit that may be made for it now. It is known before
    the visit is there, so what speaks of that can be sent with it.

    What the referral is covered by is read with it: whoever writes to that locks the
    patient first, so it cannot change meanwhile.
    """
    for (heard,) in LOCK_ENTRY.rows(entry=pk, now=now):
        return _with_all(heard, now=now)
    raise WaitlistEntry.DoesNotExist(f"there is no request {pk}")


def lock_with_time(
    pk: int, opening: Opening, *, now: datetime, in_turn: bool
) -> tuple[WaitlistEntry, Rota]:
    """
    Lock the same, and then the therapist of a time; return what both have.

    In one message, for each takes longer on the way than there.

    :param opening: as it was found; what is read may have been taken since.
    :param in_turn: whether it is read as well who stands before the patient.
    """
    day = opening.local_start.date()
    within = Span(opening.starts_at, opening.blocked_until)
    values = asked(now=now, first=day, last=day, within=within)
    values["therapists"] = [opening.therapist]
    entry, known = None, Rota(day, day, within=within)
    for row in map(Row._make, WITH_TIME[in_turn].rows(**values, entry=pk)):
        if row.kind == "entry":
            entry = _with_all(row.word, now=now)
        else:
            known.add(row)
    if entry is None:
        raise WaitlistEntry.DoesNotExist(f"there is no request {pk}")
    return entry, known


def _with_all(heard: str, *, now: datetime) -> WaitlistEntry:
    """Return the entry, with its referral and patient and what those point to."""
    offer_out, told_of, visit_key, *rows = HEARD(heard)
    found = {name: _made(name, row) for name, row in zip(NAMES, rows, strict=True)}
    entry, referral, patient = found["entry"], found["referral"], found["patient"]
    entry.offer_out, entry.told_of, entry.visit_key = offer_out, told_of, visit_key
    entry.policy = found["policy"] or unsaved(Policy, {"in_force_from": now})
    know(entry, referral=referral, patient=patient)
    know(patient, user=found["account"])
    # Also that there is none.
    of_referral = ("technique", "insurer")
    know(referral, authorization=found["allowed"], **{n: found[n] for n in of_referral})
    return entry


def _made(name: str, values: list[Any]) -> Any:
    """Return one row as its model; None where nothing was joined."""
    if values[0] is None:
        return None
    row = dict(zip(NAMES[name], values, strict=True))
    for one, read in TOLD_AS_TEXT[name]:
        if row[one] is not None:
            row[one] = read(row[one])
    return as_model(PARTS[name], row)


def add_visit(visit: Appointment, rooms: list[int]) -> bool:
    """
    Lock one of `rooms` that nobody else is booking, and insert the visit there.

    Rooms that were given for this time since they were found free are passed over.
    Returns whether there was one. `unlock_room` undoes it, but not what waited to be
    sent and went ahead in the same message.

    :param visit: new, of which nothing is known but what is SAID.

    :raises IntegrityError: if the constraints refuse it; `unlock_room` comes next then.
    """
    said = {name: getattr(visit, name) for name in SAID}
    for (visit.room_id,) in ADD_VISIT.rows(rooms=array(rooms), **said):
        visit._state.adding, visit._state.db = False, connection.alias
        return True
    return False


def lock_room(rooms: list[int]) -> int | None:
    """
    Lock the first of `rooms` that can be locked, and return it; None if there is none.

    Only where all are being booked one is waited for.
    """
    with connection.cursor() as cursor:
        for sql in (f"SAVEPOINT room; {LOCK_ROOM} SKIP LOCKED", LOCK_ROOM):
            cursor.execute(sql, [rooms])
            for (room,) in cursor.fetchall():
                return room
    return None


def unlock_room() -> None:
    """Unlock the room that was locked last, and undo what was done since."""
    with connection.cursor() as cursor:
        cursor.execute("ROLLBACK TO SAVEPOINT room; RELEASE SAVEPOINT room")


def take_entry(entry: WaitlistEntry) -> None:
    """
    Take the locked entry out of the line: its visit is booked.

    Of which kind that is, the visit itself tells from then on.
    """
    entry.status = EntryStatus.IN_PROGRESS
    entry.kept_technique_id, entry.kept_minutes = None, None
    entry.version += 1
    TAKE_ENTRY.run(status=str(entry.status), version=entry.version, entry=entry.pk)
