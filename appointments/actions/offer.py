"""Free time is held for a patient by an offer, which they or the clinic may end."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

from django.db import transaction
from django.utils.translation import gettext as _

from appointments.actions.hold import (
    NotWaiting,
    OfferGone,
    end_offers,
    lock_waiting,
    make_in,
    ready,
)
from appointments.actions.tell import tell
from appointments.actions.terms import NOTHING_SAID, Terms
from appointments.codes import TAKING_THE_ENTRY, Ending, Status
from appointments.holding import lapse_notice
from appointments.models import Appointment, WaitlistEntry
from appointments.openings import Opening
from massage_portal.accounts.models import User
from massage_portal.audit.record import record
from massage_portal.outbox import actions as outbox
from massage_portal.prepared import together


@transaction.atomic
def offer(
    *,
    entry: WaitlistEntry,
    opening: Opening,
    by: User | None,
    now: datetime,
    terms: Terms = NOTHING_SAID,
) -> Appointment:
    """
    Hold `opening` for the patient behind `entry`, and owe them the offer.

    :param by: None when the system itself passes freed time on.
    :param terms: what is said with it.
    :raises NotWaiting: if the patient is not waiting, has an offer already, or the
        referral does not cover the day.
    :raises TimeTaken: if the time is not free any more.
    :raises NotForThem: if the referral does not allow the treatment that was chosen.
    :raises NotWished: if it is not what the patient asked for, and they did not agree.
    :raises NotTheirTurn: if others in greater need could use it, and no reason is said.
    """
    entry, known = lock_waiting(entry, opening, now=now, terms=terms, by=by)
    if entry.offer_out and (out := entry.appointments.offers_open(now).first()):
        if out.is_at(opening):  # the same button, pressed twice
            return out
        raise NotWaiting(_("This patient already has an offer to answer."))
    with together():
        appointment, rooms = ready(
            entry=entry, opening=opening, by=by, now=now, terms=terms, known=known
        )
        send(appointment, entry, zone=opening.zone, by=by, now=now)
        make_in(rooms, appointment, now=now)
    return appointment


def send(
    appointment: Appointment,
    entry: WaitlistEntry,
    *,
    zone: ZoneInfo,
    by: User | None,
    now: datetime,
) -> None:
    """
    Leave the trail of an offer that is just made, and owe it to the patient.

    They are told once more before it ends; answering withdraws that. Whoever has no
    account is called about the offer, and once is enough.

    :param zone: of the place.
    """
    record("appointment.offered", appointment, by=by, at=now, change=">proposed")
    until = appointment.held_until or appointment.starts_at
    patient = entry.patient
    tell("appointments.offer", appointment, patient=patient, now=now, expires_at=until)
    policy = entry.policy
    again = lapse_notice(
        now=now,
        held_until=until,
        zone=zone,
        notice=policy.lapse_notice,
        quiet=policy.quiet,
    )
    if patient.user and again:
        outbox.owe(
            "appointments.lapsing",
            appointment,
            to=patient.user,
            now=now,
            due_at=again,
            expires_at=until,
        )


@transaction.atomic
def decline(*, appointment: Appointment, by: User, now: datetime) -> Appointment:
    """
    Turn an offer down: the patient keeps their place, the time goes to the next.

    Who was offered another time for a booked visit keeps that visit.

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
