"""
What must hold of requests, offers, visits and free time, whatever happened.

Each is a read of its own, of rows and not of what the actions think they wrote: the
guards may be at fault, or somebody may have written past them.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from appointments.accounted import time_adds_up
from appointments.codes import (
    AHEAD,
    ENTRY_TRANSITIONS,
    HOLDING_TIME,
    TAKING_THE_ENTRY,
    TRANSITIONS,
    EntryStatus,
    Missed,
    Status,
)
from appointments.models import Appointment, Policy, WaitlistEntry
from appointments.passed_over import nobody_passed_over
from massage_portal.audit.histories import histories
from massage_portal.invariants import Found, Invariant, ask, count
from massage_portal.nights import awake_since

PATIENCE = timedelta(seconds=60)  # the sweep ends a lapsed hold by then
MADE_AS = [Status.PROPOSED, Status.PENDING, Status.BOOKED, Status.WAITLIST]
# By time, for one therapist, room or patient, whoever overlaps anybody before them does
# not begin after all those are over: one sort, however many there are. With whom is
# asked of those few alone.
IN_TWO_PLACES = """
      WITH held AS (
           SELECT id, {who}_id AS who, starts_at, blocked_until,
                  max(blocked_until) OVER (
                      PARTITION BY {who}_id ORDER BY starts_at, id
                      ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS over_at
             FROM appointments_appointment WHERE status = ANY(%s))
    SELECT least(a.id, b.id), greatest(a.id, b.id), a.who
      FROM held a
      JOIN held b ON b.who = a.who
       AND (b.starts_at, b.id) < (a.starts_at, a.id) AND b.blocked_until > a.starts_at
     WHERE a.over_at > a.starts_at
     ORDER BY 1, 2
"""


def in_one_place(now: datetime) -> Found:
    """No therapist, room or patient is held by two appointments at once."""
    faults = [
        f"appointments {one} and {other} keep {who} {key} in two places at once"
        for who in ("therapist", "room", "patient")
        for one, other, key in ask(IN_TWO_PLACES.format(who=who), HOLDING_TIME)
    ]
    return Found(Appointment.objects.holding_time().count(), faults)


def one_patient(now: datetime) -> Found:
    """Visit, request and referral name one patient, who was not merged away."""
    rows = ask(
        """
        SELECT visit.id, entry.id, referral.id
          FROM appointments_waitlistentry entry
          JOIN referrals_referral referral ON referral.id = entry.referral_id
          JOIN referrals_patient patient ON patient.id = entry.patient_id
          LEFT JOIN appointments_appointment visit ON visit.entry_id = entry.id
         WHERE referral.patient_id <> entry.patient_id
            OR visit.patient_id <> entry.patient_id
            OR patient.merged_into_id IS NOT NULL
         ORDER BY entry.id, visit.id
        """
    )
    faults = [
        f"request {entry} of referral {referral}"
        + (f" and appointment {visit}" if visit else "")
        + ": they are not of one patient, or of one who was merged into another"
        for visit, entry, referral in rows
    ]
    return Found(WaitlistEntry.objects.count(), faults)


def holds_end(now: datetime) -> Found:
    """No offer keeps its time, and no freed time is kept back, over a minute late."""
    rows = ask(
        """
        SELECT visit.id, CASE WHEN status = 'proposed' THEN 'its hold ended'
                        ELSE 'its time was freed, and not offered on' END,
               least(held_until, starts_at), ended_at, status, place.time_zone
          FROM appointments_appointment visit
          JOIN appointments_therapist therapist ON therapist.id = therapist_id
          JOIN services_location place ON place.article_ptr_id = location_id
         WHERE (status = 'proposed' AND least(held_until, starts_at) < %s)
            OR (reoffer_owed AND ended_at < %s AND starts_at > %s)
         ORDER BY visit.id
        """,
        now - PATIENCE,
        now - PATIENCE,
        now,
    )
    faults = []
    quiet = Policy.objects.in_force(now).quiet
    for pk, what, held_until, ended_at, status, zone in rows:
        since = held_until
        if status != Status.PROPOSED:  # at night nothing is offered on
            since = awake_since(ended_at, now, zone=ZoneInfo(zone), quiet=quiet)
        if now - since <= PATIENCE:
            continue
        late = (now - since).total_seconds()
        faults.append(f"appointment {pk}: {what} {late:.0f} s ago (does beat run?)")
    waiting = "SELECT count(*) FROM appointments_appointment"
    return Found(count(f"{waiting} WHERE status = 'proposed' OR reoffer_owed"), faults)


def legal_appointments(now: datetime) -> Found:
    """Offers and visits went through legal states only, by their trail."""
    return histories(
        Appointment, steps=TRANSITIONS, begin=MADE_AS, made_at="offered_at"
    )


def legal_requests(now: datetime) -> Found:
    """Requests went through legal states only; the steps of a visit tell some."""
    visits = [
        (EntryStatus.ACCEPTED, EntryStatus.IN_PROGRESS),
        (EntryStatus.IN_PROGRESS, EntryStatus.ACCEPTED),
        (EntryStatus.IN_PROGRESS, EntryStatus.COMPLETED),
    ]
    return histories(
        WaitlistEntry,
        steps=ENTRY_TRANSITIONS,
        begin=[EntryStatus.REQUESTED, EntryStatus.ACCEPTED],
        made_at="asked_at",
        elsewhere=visits,
        no_steps=["request.retriaged"],
    )


def requests_and_visits(now: datetime) -> Found:
    """A request is booked where one visit of it is, and only there."""
    rows = ask(
        """
        SELECT * FROM (
            SELECT entry.id, entry.status,
                   count(visit.id) FILTER (WHERE visit.status = ANY(%s)) AS ahead,
                   count(visit.id) FILTER (WHERE visit.status = ANY(%s)
                                             AND visit.missed_because <> %s) AS taking
              FROM appointments_waitlistentry entry
              LEFT JOIN appointments_appointment visit ON visit.entry_id = entry.id
             GROUP BY entry.id) request
         WHERE (status = %s) <> (ahead = 1) OR taking > 1
         ORDER BY id
        """,
        AHEAD,
        TAKING_THE_ENTRY,
        Missed.CLINIC,
        EntryStatus.IN_PROGRESS,
    )
    faults = [
        f"request {entry}: it is {status}, and has {ahead} visits agreed"
        for entry, status, ahead, _taking in rows
        if (status == EntryStatus.IN_PROGRESS) != (ahead == 1)
    ]
    faults += [
        f"request {entry}: {taking} visits are booked or were made of it, not one"
        for entry, _status, _ahead, taking in rows
        if taking > 1
    ]
    return Found(WaitlistEntry.objects.count(), faults)


def messages(now: datetime) -> Found:
    """No message is owed of a visit that is over, but that it is so."""
    owed = """
          FROM outbox_message message
          JOIN appointments_appointment visit
            ON message.about = 'appointments.appointment:' || visit.id
         WHERE message.sent_at IS NULL AND message.failed_at IS NULL
           AND message.voided_at IS NULL
    """
    rows = ask(
        f"""
        SELECT message.id, message.kind, visit.id, visit.status {owed}
           AND visit.status = ANY(%s)
           AND (message.kind, visit.status) NOT IN (
                ('appointments.cancelled', 'cancelled'),
                ('appointments.missed', 'noshow'),
                ('appointments.not_missed', 'entered-in-error'))
         ORDER BY message.id
        """,
        [Status.CANCELLED, Status.FULFILLED, Status.NOSHOW, Status.ENTERED_IN_ERROR],
    )
    faults = [
        f"message {pk} ({kind}): it is still owed, and appointment {visit} is {status}"
        for pk, kind, visit, status in rows
    ]
    return Found(count(f"SELECT count(*) {owed}"), faults)


INVARIANTS = [
    Invariant("nobody and no room is in two places at once", in_one_place),
    Invariant("visit, request and referral are of one patient", one_patient),
    Invariant("free + held + booked + blocked = all time worked", time_adds_up),
    Invariant("no hold or freed time is a minute late", holds_end),
    Invariant("nobody in greater need was passed over", nobody_passed_over),
    Invariant("offers and visits went through legal states only", legal_appointments),
    Invariant("requests went through legal states only", legal_requests),
    Invariant("a request is booked where its visit is", requests_and_visits),
    Invariant("no message is owed of what is over", messages),
]
