"""
What must hold of the messages about visits: nobody is forgotten, nobody misled.

Read from the rows of visits, of policy and of messages, as `invariants.py` does it.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db.models import Q

from appointments.codes import SEEING_THE_PATIENT, Status
from appointments.models import Appointment, Policy
from appointments.models.outside import cannot_be
from massage_portal.audit.models import AuditEvent, AuditEventQuerySet
from massage_portal.invariants import Found, Invariant, ask, count
from massage_portal.outbox.models import Message
from referrals.codes import Status as InForce
from referrals.models import Referral

# Between the moment that a request reads the clock and its commit: two locks at most.
COMMITTED_BY = timedelta(seconds=30)
# Said because a visit ended, or was entered in error.
OF_AN_END = ["appointments.cancelled", "appointments.not_missed"]
# Owed in the transaction that ended it; of a moved visit, about that in its place.
WORDS_OF_AN_END = [*OF_AN_END, "appointments.moved"]

# What may make a visit possible that the clinic could not give before; of what is past
# nobody can take absences back.
FREED_AT_ANY_TIME = [
    *("holidays.set", "holiday.worked", "certificate.added", "certificate.changed"),
    "therapist.begun",
]
FREED_AHEAD = [
    *("time_off.changed", "time_off.ended", "time_off.taken_back"),
    *("closure.changed", "closure.ended", "closure.taken_back"),
]

# Each reminder that policy asked for as the visit was booked, and whose moment was yet
# to come then and is past now. A visit booked again, for it was recorded by mistake,
# has the messages that were owed of it before.
REMINDERS = """
    SELECT visit.id, lead.hours,
           visit.starts_at - lead.hours * interval '1 hour' AS due_at
      FROM appointments_appointment visit
      LEFT JOIN LATERAL (
            SELECT first_reminder_hours, second_reminder_hours
              FROM appointments_policy
             WHERE in_force_from <= visit.booked_at
             ORDER BY in_force_from DESC LIMIT 1) policy ON true
     CROSS JOIN LATERAL (
            SELECT DISTINCT hours FROM (VALUES
                (coalesce(policy.first_reminder_hours, %s)),
                (coalesce(policy.second_reminder_hours, %s))) given (hours)
             WHERE hours > 0) lead
     WHERE visit.status = ANY(%s)
       AND visit.starts_at - lead.hours * interval '1 hour' > visit.booked_at
       AND visit.starts_at - lead.hours * interval '1 hour' < %s
"""

# How often each is owed, how much of that waits, and when it was withdrawn, if its
# patient wants to be reminded.
BECAME_OF_THEM = f"""
    SELECT due.id, due.hours, count(message.id) AS messages,
           count(*) FILTER (WHERE message.sent_at IS NULL
                              AND message.failed_at IS NULL
                              AND message.voided_at IS NULL
                              AND (message.quiet_until IS NULL
                                   OR message.quiet_until < %s)
                              AND message.id IS NOT NULL) AS unsent,
           max(message.voided_at) FILTER (
               WHERE coalesce(preference.optional, true)) AS withdrawn_at
      FROM ({REMINDERS}) due
      LEFT JOIN outbox_message message
        ON message.about = 'appointments.appointment:' || due.id
       AND message.kind = 'appointments.reminder' AND message.due_at = due.due_at
      LEFT JOIN outbox_preference preference
        ON preference.user_id = message.recipient_id
     GROUP BY due.id, due.hours
"""  # noqa: S608 - no value is written into it
ODD = f"""
    SELECT id, hours, messages, unsent, withdrawn_at
      FROM ({BECAME_OF_THEM}) one
     WHERE messages <> 1 OR unsent > 0 OR withdrawn_at IS NOT NULL
     ORDER BY id, hours DESC
"""  # noqa: S608 - the same


ALL_DUE = f"SELECT count(*) FROM ({REMINDERS}) due"  # noqa: S608 - the same


def reminded(now: datetime) -> Found:
    """Each reminder of a visit was sent once, or was visibly ended."""
    late = now - Message.objects.none().LATE
    policy = Policy(in_force_from=now)
    values = [
        policy.first_reminder_hours,
        policy.second_reminder_hours,
        [*SEEING_THE_PATIENT, Status.NOSHOW],
        late,
    ]
    faults = []
    for visit, hours, messages, unsent, withdrawn_at in ask(ODD, late, *values):
        which = f"appointment {visit}: its reminder of {hours} h before"
        if messages != 1:
            faults.append(f"{which} is owed {messages} times, not once")
        elif unsent:
            faults.append(f"{which} is 15 minutes late (is its channel down?)")
        elif withdrawn_at and not _was_right(visit, withdrawn_at):
            faults.append(f"{which} was withdrawn, and the visit stood")
    return Found(count(ALL_DUE, *values), faults)


def _was_right(visit: int, withdrawn_at: datetime) -> bool:
    """
    Say whether it may have been right to withdraw a reminder of a visit.

    It was not booked then, or its referral not in force, as the trail tells. Or it
    cannot be given, or perhaps could not be then: what has changed since may have been
    in the way. So a fault that is told is one; some may not be told.
    """
    found = Appointment.objects.with_place().select_related("entry__referral")
    made = found.get(pk=visit)
    since = AuditEvent.objects.filter(at__gt=withdrawn_at)
    trail = since.of_patient(made.patient_id)
    if (
        _state_before(trail, made, Status.values) != Status.BOOKED
        or _state_before(trail, made.entry.referral, InForce.values) != InForce.ACTIVE
    ):
        return True
    by_then = made.ends_at + timedelta(days=1)  # closures are of whole days
    freed = Q(action__in=FREED_AHEAD, at__lt=by_then) | Q(action__in=FREED_AT_ANY_TIME)
    if user := made.patient.user_id:
        freed |= Q(record_type="outbox.preference", record_id=str(user)) & ~Q(change="")
    return cannot_be(made) or since.filter(freed).exists()


def _state_before(
    trail: AuditEventQuerySet, subject: Appointment | Referral, states: list[str]
) -> str:
    """
    Return a row's state before what the trail tells of it first; as it is, if nothing.

    It is "" where the row did not exist before.
    """
    mine = trail.filter(
        record_type=subject._meta.label_lower, record_id=str(subject.pk)
    )
    changes = mine.filter(change__contains=">").order_by("at", "pk")
    for change in changes.values_list("change", flat=True):
        before = change.partition(">")[0]
        if before in ["", *states]:
            return before
    return subject.status


# A visit that was recorded by mistake ended as that was undone, which the trail knows.
# When that was committed, no row says. But whoever sends the word of it, owed in the
# same transaction, has seen it committed; until then, or without one, there is doubt.
ENDED = """
    SELECT visit.id, ended.at AS ended_at,
           least(ended.at + %s, (
               SELECT min(word.began_at) FROM outbox_message word
                WHERE word.kind = ANY(%s) AND word.created_at = ended.at
                  AND word.about = ANY(ARRAY(
                      SELECT 'appointments.appointment:' || heir.id
                        FROM appointments_appointment heir
                       WHERE heir.id = visit.id OR heir.replaces_id = visit.id)))
           ) AS committed_by
      FROM appointments_appointment visit
      LEFT JOIN LATERAL (
            SELECT max(at) AS at FROM audit_auditevent event
             WHERE event.patient_id = visit.patient_id
               AND event.action = 'visit.undone'
               AND event.record_id = visit.id::text) undone
        ON visit.status = 'entered-in-error'
     CROSS JOIN LATERAL (SELECT coalesce(visit.ended_at, undone.at) AS at) ended
     WHERE ended.at IS NOT NULL
"""


def nothing_of_what_ended(now: datetime) -> Found:
    """Nothing went about a visit or offer after it had ended, but word of that."""
    about = f"""
          FROM ({ENDED}) visit
          JOIN outbox_message message
            ON message.about = 'appointments.appointment:' || visit.id
         WHERE message.sent_at IS NOT NULL
    """
    values = [COMMITTED_BY, WORDS_OF_AN_END]
    rows = ask(
        f"""
        SELECT message.id, message.kind, visit.id,
               extract(epoch FROM message.began_at - visit.ended_at) {about}
           AND message.began_at > visit.ended_at
           AND message.began_at > visit.committed_by
           AND message.kind <> ALL(%s)
         ORDER BY message.id
        """,  # noqa: S608 - no value is written into it
        *values,
        OF_AN_END,
    )
    faults = [
        f"message {pk} ({kind}): it was sent {late:.0f} s after the end of "
        f"appointment {visit}"
        for pk, kind, visit, late in rows
    ]
    return Found(count(f"SELECT count(*) {about}", *values), faults)


INVARIANTS = [
    Invariant("each reminder of a visit went once, or visibly ended", reminded),
    Invariant("nothing was sent of a visit that had ended", nothing_of_what_ended),
]
