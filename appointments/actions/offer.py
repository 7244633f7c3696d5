"""Free time is held for a patient by an offer, and becomes theirs when they accept."""

from __future__ import annotations

from datetime import date, datetime, timedelta

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from appointments.actions.refusal import Refusal
from appointments.codes import TAKING_THE_ENTRY, Ending, EntryStatus, Status
from appointments.models import (
    Appointment,
    Policy,
    Room,
    Supply,
    Therapist,
    WaitlistEntry,
)
from appointments.models.appointment import AppointmentQuerySet
from appointments.openings import Opening
from massage_portal.accounts.models import User
from massage_portal.audit.record import record
from massage_portal.outbox import actions as outbox
from referrals.codes import Status as ReferralStatus
from referrals.models import Patient, Referral

SHORTEST_HOLD = timedelta(minutes=30)


class NotWaiting(Refusal):
    """The patient is not waiting for a time, or the referral does not cover it."""


class TimeTaken(Refusal):
    """The time was free a moment ago, and is not any more."""


class OfferGone(Refusal):
    """The offer was answered, taken back, or its hold has ended."""


def _taken() -> TimeTaken:
    return TimeTaken(_("That time has just been taken. Please choose another."))


def _lock_waiting(entry: WaitlistEntry, *, day_of: Opening) -> WaitlistEntry:
    """
    Lock the entry and see that it may have this time.

    Patient, entry, therapist, room: the same order everywhere, so nobody deadlocks.

    :raises NotWaiting: if it is not waiting, or its referral does not cover the day.
    """
    Patient.objects.select_for_update(no_key=True).get(pk=entry.patient_id)
    entry = (
        WaitlistEntry.objects.select_for_update(of=("self",), no_key=True)
        .select_related("referral__technique", "patient__user")
        .get(pk=entry.pk)
    )
    if entry.status != EntryStatus.ACCEPTED:
        raise NotWaiting(_("This patient is not waiting for a time any more."))
    if not _covers(entry, day_of.local_start.date()):
        raise NotWaiting(_("The referral does not cover that day."))
    return entry


def _covers(entry: WaitlistEntry, day: date) -> bool:
    """Lock the referral and say whether it covers this visit on `day`."""
    locked = Referral.objects.select_for_update(of=("self",), no_key=True)
    mine = locked.in_force_on(day, visit=entry.session)
    return mine.filter(pk=entry.referral_id).first() is not None


def _still_free(entry: WaitlistEntry, opening: Opening, *, now: datetime) -> Opening:
    """
    Lock therapist and room, and return the opening as it can be had now.

    :raises TimeTaken: if the therapist is away or taken then, or no room is free.
    """
    Therapist.objects.select_for_update(of=("self",), no_key=True).get(
        pk=opening.therapist
    )
    # Those who lose a race learn it by one query, and do not hold the others up.
    busy = Appointment.objects.filling_time(now).filter(therapist=opening.therapist)
    if busy.between(opening.starts_at, opening.blocked_until).exists():
        raise _taken()
    day = opening.local_start.date()
    policy = Policy.objects.in_force(now)
    # Rooms in order of their keys: two therapists after one room never deadlock.
    rooms = Room.objects.filter(location=opening.location, active=True)
    list(rooms.select_for_update(no_key=True).order_by("pk").values_list("pk"))
    supply = Supply(
        now=now, policy=policy, first=day, last=day, therapist=opening.therapist
    )
    free = supply.at(
        entry.referral.technique,
        therapist=opening.therapist,
        starts_at=opening.starts_at,
    )
    if free is None:
        raise _taken()
    return free


def _hold(*, entry: WaitlistEntry, opening: Opening, now: datetime) -> Appointment:
    """Make the appointment, as an offer; the constraints have the last word."""
    free = _still_free(entry, opening, now=now)
    in_the_way = Appointment.objects.offers_lapsed(now).between(
        free.starts_at, free.blocked_until
    )
    end_offers(in_the_way, by=None, now=now, ending=Ending.LAPSED)
    policy = Policy.objects.in_force(now)
    until = max(
        min(now + policy.hold, free.starts_at - policy.notice), now + SHORTEST_HOLD
    )
    try:
        with transaction.atomic():
            return Appointment.objects.create(
                entry=entry,
                patient_id=entry.patient_id,
                therapist_id=free.therapist,
                room_id=free.room,
                technique=entry.referral.technique,
                starts_at=free.starts_at,
                ends_at=free.ends_at,
                blocked_until=free.blocked_until,
                held_until=min(until, free.starts_at),
                offered_at=now,
            )
    except IntegrityError as error:
        raise _taken() from error


@transaction.atomic
def offer(
    *, entry: WaitlistEntry, opening: Opening, by: User | None, now: datetime
) -> Appointment:
    """
    Hold `opening` for the patient behind `entry`, and owe them the offer.

    :param by: None when the system itself passes freed time on.
    :raises NotWaiting: if the patient is not waiting, has an offer already, or the
        referral does not cover the day.
    :raises TimeTaken: if the time is not free any more.
    """
    entry = _lock_waiting(entry, day_of=opening)
    open_offer = entry.appointments.offers_open(now).with_place().first()
    if open_offer is not None:
        if open_offer.is_at(opening):  # the same button, pressed twice
            return open_offer
        raise NotWaiting(_("This patient already has an offer to answer."))
    appointment = _hold(entry=entry, opening=opening, now=now)
    record("appointment.offered", appointment, by=by, at=now, change=">proposed")
    if entry.patient.user:
        outbox.owe(
            "appointments.offer",
            appointment,
            to=entry.patient.user,
            now=now,
            expires_at=appointment.held_until or appointment.starts_at,
        )
    return appointment


@transaction.atomic
def book(
    *, entry: WaitlistEntry, opening: Opening, by: User, now: datetime
) -> Appointment:
    """
    Book `opening` at once for a patient who has said yes, as on the telephone.

    :raises NotWaiting, TimeTaken: as `offer`.
    """
    entry = _lock_waiting(entry, day_of=opening)
    appointment = _hold(entry=entry, opening=opening, now=now)
    return _book(appointment, entry, by=by, now=now)


@transaction.atomic
def accept(*, appointment: Appointment, by: User, now: datetime) -> Appointment:
    """
    Make an offer a booking, and owe the reminders. Accepting twice books once.

    :raises OfferGone: if it was declined, taken back, or its hold has ended.
    :raises NotWaiting: if another time was booked for the same visit, or the referral
        does not cover the day any more.
    """
    Patient.objects.select_for_update(no_key=True).get(pk=appointment.patient_id)
    entry = (
        WaitlistEntry.objects.select_for_update(of=("self",), no_key=True)
        .select_related("patient__user")
        .get(pk=appointment.entry_id)
    )
    appointment = (
        Appointment.objects.select_for_update(of=("self",), no_key=True)
        .select_related("therapist__location")
        .get(pk=appointment.pk)
    )
    if appointment.status == Status.BOOKED:
        return appointment
    if not Appointment.objects.offers_open(now).filter(pk=appointment.pk).exists():
        raise _gone(entry)
    if entry.status != EntryStatus.ACCEPTED:
        raise NotWaiting(_("You already have a time for this visit."))
    if not _covers(entry, appointment.local_start.date()):
        raise NotWaiting(
            _("Your referral does not cover that day any more. Please call the clinic.")
        )
    return _book(appointment, entry, by=by, now=now)


def _gone(entry: WaitlistEntry) -> OfferGone:
    """Return the refusal of an offer that has ended, true for where the patient is."""
    if entry.referral.status != ReferralStatus.ACTIVE:
        return OfferGone(
            _("Your referral does not cover that day any more. Please call the clinic.")
        )
    if entry.status == EntryStatus.ACCEPTED:
        return OfferGone(
            _(
                "This offer has ended, so the time is no longer held for you. You "
                "have kept your place, and we will offer you another time."
            )
        )
    return OfferGone(_("This offer has ended, so the time is no longer held for you."))


def _book(
    appointment: Appointment, entry: WaitlistEntry, *, by: User, now: datetime
) -> Appointment:
    """Book what is locked, end the patient's other offers, and owe the messages."""
    appointment.status = Status.BOOKED
    appointment.booked_at = now
    appointment.held_until = None
    appointment.sequence += 1  # a calendar that holds the offer must replace it
    appointment.save(update_fields=["status", "booked_at", "held_until", "sequence"])
    entry.status = EntryStatus.IN_PROGRESS
    entry.version += 1
    entry.save(update_fields=["status", "version"])
    end_offers(entry.appointments.exclude(pk=appointment.pk), by=by, now=now)
    record("appointment.booked", appointment, by=by, at=now, change="proposed>booked")
    outbox.void(appointment, now=now)
    if entry.patient.user:
        owe_booking(appointment, to=entry.patient.user, now=now)
    return appointment


def owe_booking(appointment: Appointment, *, to: User, now: datetime) -> None:
    """Owe the confirmation, and each reminder whose moment is still ahead."""
    starts_at = appointment.starts_at
    outbox.owe("appointments.booked", appointment, to=to, now=now, expires_at=starts_at)
    for lead in Policy.objects.in_force(now).reminder_leads:
        if starts_at - lead > now:
            outbox.owe(
                "appointments.reminder",
                appointment,
                to=to,
                now=now,
                due_at=starts_at - lead,
                expires_at=starts_at,
                key=f"{lead.total_seconds() / 3600:.0f}h",
            )


@transaction.atomic
def decline(*, appointment: Appointment, by: User, now: datetime) -> Appointment:
    """
    Turn an offer down: the patient keeps their place, the time goes to the next.

    :raises OfferGone: if it is not an open offer any more.
    """
    return _end(
        appointment,
        by=by,
        now=now,
        ending=Ending.DECLINED,
        gone=_("This offer has already ended."),
    )


@transaction.atomic
def withdraw_offer(*, appointment: Appointment, by: User, now: datetime) -> Appointment:
    """
    Take back an offer that nobody has answered. An accepted one is never taken so.

    :raises OfferGone: if the patient was quicker, or it has ended.
    """
    return _end(
        appointment,
        by=by,
        now=now,
        ending=Ending.WITHDRAWN,
        gone=_("This offer has been answered or has ended."),
    )


def _end(
    appointment: Appointment, *, by: User, now: datetime, ending: Ending, gone: str
) -> Appointment:
    """Lock and end one offer; ending it the same way twice is no fault."""
    appointment = Appointment.objects.select_for_update(of=("self",), no_key=True).get(
        pk=appointment.pk
    )
    if appointment.ending == ending:
        return appointment
    if appointment.status in TAKING_THE_ENTRY:
        raise OfferGone(_("This offer was accepted: the visit is booked."))
    if appointment.status != Status.PROPOSED:
        raise OfferGone(gone)
    end_offers(
        Appointment.objects.filter(pk=appointment.pk), by=by, now=now, ending=ending
    )
    appointment.refresh_from_db()
    return appointment


def end_offers(
    offers: AppointmentQuerySet,
    *,
    by: User | None,
    now: datetime,
    ending: Ending = Ending.WITHDRAWN,
) -> int:
    """
    End those of `offers` that are still proposed, inside the caller's transaction.

    Their time is free from then on, and owed to the next in line. Returns how many.
    """
    locked = offers.filter(status=Status.PROPOSED).select_for_update(
        of=("self",), no_key=True
    )
    ended = 0
    for appointment in locked.order_by("pk"):
        appointment.status = Status.CANCELLED
        appointment.ended_at = now
        appointment.ending = ending
        appointment.reoffer_owed = appointment.starts_at > now
        appointment.sequence += 1
        appointment.save(
            update_fields=["status", "ended_at", "ending", "reoffer_owed", "sequence"]
        )
        outbox.void(appointment, now=now)
        record(
            f"appointment.{ending.name.lower()}",
            appointment,
            by=by,
            at=now,
            change="proposed>cancelled",
        )
        ended += 1
    return ended
