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
from massage_portal.audit.models import AuditEvent
from massage_portal.invariants import Found, Invariant, ask, count
from massage_portal.outbox.models import Message

# Between the moment that a request reads the clock and its commit: two locks at most.
COMMITTED_BY = timedelta(seconds=30)
# Said because a visit ended, or was entered in error.
OF_AN_END = ["appointments.cancelled", "appointments.not_missed"]

# What may make a visit possible that the clinic could not give before.
FREED = [
    *("time_off.changed", "time_off.ended", "time_off.taken_back"),
    *("closure.changed", "closure.ended", "closure.taken_back"),
    *("holidays.set", "holiday.worked", "certificate.added", "certificate.changed"),
    "therapist.begun",
]

# Each reminder that policy asked for as the visit was booked, and whose moment was yet
# to come then and is past now. A visit booked again, for it was recorded by mistake,
# has the messages that were owed of it before.
REMINDERS = """
    SELECT visit.id, visit.status, visit.entry_id, lead.hours,
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

# How often each is owed, how much of that waits, and when it was withdrawn, if it was
# from a visit that is booked still, for a patient who wants to be reminded.
BECAME_OF_THEM = f"""
    SELECT due.id, due.hours, count(message.id) AS messages,
           count(*) FILTER (WHERE message.sent_at IS NULL
                              AND message.failed_at IS NULL
                              AND message.voided_at IS NULL
                              AND (message.quiet_until IS NULL
                                   OR message.quiet_until < %s)
                              AND message.id IS NOT NULL) AS unsent,
           max(message.voided_at) FILTER (
               WHERE due.status = 'booked' AND referral.status = 'active'
                 AND coalesce(preference.optional, true)) AS withdrawn_at
      FROM ({REMINDERS}) due
      LEFT JOIN outbox_message message
        ON message.about = 'appointments.appointment:' || due.id
       AND message.kind = 'appointments.reminder' AND message.due_at = due.due_at
      JOIN appointments_waitlistentry entry ON entry.id = due.entry_id
      JOIN referrals_referral referral ON referral.id = entry.referral_id
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
            faults.append(f"{which} was withdrawn, and the visit stands")
    return Found(count(ALL_DUE, *values), faults)


def _was_right(visit: int, withdrawn_at: datetime) -> bool:
    """
    Say whether it may have been right to withdraw a reminder of a booked visit.

    The visit cannot be given, or perhaps could not be then: what has changed since may
    have been in the way. So a fault that is told is one; some may not be told.
    """
    found = Appointment.objects.with_place().select_related("entry__referral")
    booked = found.get(pk=visit)
    referral = booked.entry.referral
    since = AuditEvent.objects.filter(at__gte=withdrawn_at)
    theirs = Q(record_type="referrals.referral", record_id=str(referral.pk))
    if user := booked.patient.user_id:
        theirs |= Q(record_type="outbox.preference", record_id=str(user))
    changed = since.exclude(change="").filter(theirs) | since.filter(action__in=FREED)
    return cannot_be(booked) or changed.exists()


# A visit that was recorded by mistake ended as that was undone, which the trail knows.
ENDED = """
    SELECT visit.id, coalesce(visit.ended_at, undone.at) AS ended_at
      FROM appointments_appointment visit
      LEFT JOIN LATERAL (
            SELECT max(at) AS at FROM audit_auditevent event
             WHERE event.patient_id = visit.patient_id
               AND event.action = 'visit.undone'
               AND event.record_id = visit.id::text) undone
        ON visit.status = 'entered-in-error'
     WHERE visit.ended_at IS NOT NULL OR visit.status = 'entered-in-error'
"""


def nothing_of_what_ended(now: datetime) -> Found:
    """Nothing went about a visit or offer after it had ended, but word of that."""
    about = f"""
          FROM ({ENDED}) visit
          JOIN outbox_message message
            ON message.about = 'appointments.appointment:' || visit.id
         WHERE visit.ended_at IS NOT NULL AND message.sent_at IS NOT NULL
    """
    rows = ask(
        f"""
        SELECT message.id, message.kind, visit.id,
               extract(epoch FROM message.began_at - visit.ended_at) {about}
           AND message.began_at > visit.ended_at + %s
           AND message.kind <> ALL(%s)
         ORDER BY message.id
        """,  # noqa: S608 - no value is written into it
        COMMITTED_BY,
        OF_AN_END,
    )
    faults = [
        f"message {pk} ({kind}): it was sent {late:.0f} s after the end of "
        f"appointment {visit}"
        for pk, kind, visit, late in rows
    ]
    return Found(count(f"SELECT count(*) {about}"), faults)


INVARIANTS = [
    Invariant("each reminder of a visit went once, or visibly ended", reminded),
    Invariant("nothing was sent of a visit that had ended", nothing_of_what_ended),
]
