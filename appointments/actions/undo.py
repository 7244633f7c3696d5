"""The wrong visit was marked: what was recorded is taken back on the same day."""

from __future__ import annotations

from datetime import datetime

from django.db import IntegrityError, transaction
from django.db.models import Q
from django.utils.translation import gettext as _

from appointments.actions.ask import withdraw
from appointments.actions.hold import end_offers
from appointments.actions.refusal import Refusal
from appointments.actions.tell import tell
from appointments.actions.visit import READ_WITHIN, lock_visit
from appointments.codes import MARKED, EntryStatus, Missed, Status
from appointments.models import Appointment, WaitlistEntry
from appointments.models.treatment import keep_for
from massage_portal.accounts.models import User
from massage_portal.audit.models import AuditEvent
from massage_portal.audit.record import record
from massage_portal.outbox import actions as outbox
from massage_portal.outbox.models import Message
from massage_portal.outbox.models.message import LEASE
from referrals.actions import NotClearable, reopen

KEPT = [
    *("uid", "entry_id", "patient_id", "therapist_id", "room_id", "technique_id"),
    *("starts_at", "ends_at", "blocked_until", "offered_at", "booked_at"),
    *("by_telephone", "confirmed_at", "move_asked_at", "move_words"),
]
# What is said of a visit that is booked, and goes on being true of it.
OF_A_BOOKING = [
    *("appointments.booked", "appointments.moved", "appointments.reminder"),
]


class NotUndoable(Refusal):
    """Nothing was recorded, it was not today, or something was built on it since."""


@transaction.atomic
def undo_mark(*, appointment: Appointment, by: User, now: datetime) -> Appointment:
    """
    Take back what was recorded of a visit today, as if nobody had recorded it.

    The row stays as it is, entered in error, with its notes; one like it, booked again,
    takes its place, and the request is booked again. To the patient it is the visit it
    always was: it keeps its name in their calendar, and its messages, sent and owed, so
    that each reminder goes once. If they were told that they missed it, that is put
    right. The next visit of the plan, which the record had listed, leaves the line; a
    referral that it completed is open again. Undoing twice is undoing once.

    :returns: the visit as it is booked again.
    :raises NotUndoable: if it was recorded on another day, as the place counts days; if
        the next visit is booked; if a new time was agreed, or its own was taken.
    """
    appointment, entry = lock_visit(appointment)
    if appointment.status == Status.ENTERED_IN_ERROR:
        again = appointment.replaced_by.ever_booked().order_by("pk").first()
        if again is not None:
            return again  # pressed twice
    if appointment.status not in MARKED or not marked_today(appointment, now=now):
        raise NotUndoable(
            _("There is nothing to undo: only what was recorded today can be undone.")
        )
    _put_the_request_back(appointment, entry, by=by, now=now)
    before, appointment.status = appointment.status, Status.ENTERED_IN_ERROR
    appointment.save(update_fields=["status"])
    change = f"{before}>{appointment.status}"
    record("visit.undone", appointment, by=by, at=now, change=change)
    again = _book_again(appointment, now=now)
    outbox.hand_on(appointment, to=again, kinds=OF_A_BOOKING, now=now)
    outbox.void(appointment, now=now)
    if before == Status.NOSHOW:
        _correct_what_was_told(appointment, entry, now=now)
    record("visit.booked_again", again, by=by, at=now, change=">booked")
    return again


def marked_today(appointment: Appointment, *, now: datetime) -> bool:
    """
    Say by the trail whether the last record of the visit was made today.

    A reason given later is no new record: it does not make an old one new.
    """
    rows = AuditEvent.objects.filter(
        record_type=appointment._meta.label_lower,
        record_id=str(appointment.pk),
        action__in=[f"visit.{one.name.lower()}" for one in MARKED],
    )
    at = rows.order_by("-pk").values_list("at", flat=True).first()
    zone = appointment.zone
    return at is not None and at.astimezone(zone).date() == now.astimezone(zone).date()


def _put_the_request_back(
    appointment: Appointment, entry: WaitlistEntry, *, by: User, now: datetime
) -> None:
    """Have a locked request be booked, whatever the record had made of it."""
    if appointment.status in (Status.ARRIVED, Status.CHECKED_IN):
        return  # it is booked still
    if appointment.missed_because == Missed.CLINIC:
        if entry.status != EntryStatus.ACCEPTED:
            raise NotUndoable(
                _("It is too late to undo this: the request has gone on since.")
            )
        end_offers(Appointment.objects.filter(entry=entry), by=by, now=now)
    else:
        _take_next_back(entry, by=by, now=now)
        try:
            entry.referral = reopen(referral=entry.referral, by=by, now=now)
        except NotClearable as refusal:
            raise NotUndoable(refusal) from refusal
    entry.status = EntryStatus.IN_PROGRESS
    entry.version += 1
    entry.save(update_fields=["status", "version", *keep_for(entry, None)])


def _take_next_back(entry: WaitlistEntry, *, by: User, now: datetime) -> None:
    """Take the plan's next visit off the line; one on a renewal was due anyhow."""
    gone = [EntryStatus.REJECTED, EntryStatus.CANCELLED]
    following = entry.referral.waitlist_entries.filter(session=entry.session + 1)
    later = following.exclude(status__in=gone).first()
    if later is None:
        return
    if later.status in (EntryStatus.IN_PROGRESS, EntryStatus.COMPLETED):
        raise NotUndoable(
            _("The next visit of this plan is booked already. Cancel that one first.")
        )
    withdraw(entry=later, by=by, now=now)


def _correct_what_was_told(
    appointment: Appointment, entry: WaitlistEntry, *, now: datetime
) -> None:
    """Owe a word that the visit was not missed, if the patient was told that it was."""
    told = Message.objects.filter(
        kind="appointments.missed", about=outbox.about(appointment)
    )
    began, called = Q(began_at__isnull=False), Q(handled_at__isnull=False)
    if not told.filter(began | called).exists():
        return
    tell(
        "appointments.not_missed",
        appointment,
        patient=entry.patient,
        now=now,
        due_at=now + LEASE,  # by then it is known whether what was on its way went
        expires_at=now + READ_WITHIN,
    )


def _book_again(appointment: Appointment, *, now: datetime) -> Appointment:
    """Return a booking like the one given, in its place; a calendar reads it anew."""
    kept = {name: getattr(appointment, name) for name in KEPT}
    kept |= {"sequence": appointment.sequence + 1, "revised_at": now}
    try:
        with transaction.atomic():
            return Appointment.objects.create(
                status=Status.BOOKED, replaces=appointment, **kept
            )
    except IntegrityError as fault:
        raise NotUndoable(
            _("It is too late to undo this: its time is taken by another visit now.")
        ) from fault
