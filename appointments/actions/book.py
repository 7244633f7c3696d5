"""An offer becomes a booking; a visit that is to move gives its place up to it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise

from django.db import transaction
from django.utils.translation import gettext as _

from appointments.actions.hold import (
    NotWaiting,
    OfferGone,
    covers,
    end_offers,
    lock_waiting,
    make_in,
    ready,
)
from appointments.actions.terms import NOTHING_SAID, NotWished, Terms, record_agreed
from appointments.codes import Ending, EntryStatus, Status
from appointments.models import Appointment, Policy, WaitlistEntry
from appointments.models.booking import lock_entry, take_entry
from appointments.models.outside import outside_of_hours
from appointments.models.treatment import Treatment
from appointments.models.wish import not_wished
from appointments.openings import Opening
from appointments.outside import Outside
from appointments.wishes import Misfit
from massage_portal.accounts.models import User
from massage_portal.audit.record import record
from massage_portal.outbox import actions as outbox
from massage_portal.prepared import together
from referrals.codes import Status as ReferralStatus

NO_TIME = timedelta(0)
NOT_TO_BE = (Outside.CLOSED, Outside.OFF, Outside.CERTIFICATE)


@transaction.atomic
def book(
    *,
    entry: WaitlistEntry,
    opening: Opening,
    by: User,
    now: datetime,
    terms: Terms = NOTHING_SAID,
) -> Appointment:
    """
    Book `opening` at once for a patient who has said yes, as on the telephone.

    :param terms: what is said with it.
    :raises NotWaiting, TimeTaken, NotForThem, NotWished, NotTheirTurn: as `offer`.
    """
    entry, known = lock_waiting(entry, opening, now=now, terms=terms, by=by)
    with together():
        appointment, rooms = ready(
            entry=entry,
            opening=opening,
            by=by,
            now=now,
            by_telephone=True,
            booked=True,
            terms=terms,
            known=known,
        )
        _take_entry(appointment, entry, by=by, now=now, change=">booked")
        _owe(appointment, entry, now=now, kind="booked")
        make_in(rooms, appointment, now=now)
    # As it was locked: no offer was sent of this one, so none is withdrawn.
    _end_what_waits(
        appointment, entry, others=entry.offer_out, told=entry.told_of, by=by, now=now
    )
    return appointment


@transaction.atomic
def accept(
    *, appointment: Appointment, by: User, now: datetime, agreed: bool = False
) -> Appointment:
    """
    Make an offer a booking, and owe the reminders. Accepting twice books once.

    Where it is another time for a booked visit, that one is freed in the same step.
    Patients who accept by themselves agree to it as it is. Who accepts for them sees
    that it is what they ask for by now.

    :param agreed: whether they agreed to what is not.
    :raises NotWished: if something is not, and they did not.
    :raises OfferGone: if it was declined, taken back, or its hold has ended; or if the
        place is closed by then, or the therapist off or not certified any more.
    :raises NotWaiting: if another time was booked for the same visit, or the referral
        does not cover the day any more.
    """
    entry = lock_entry(appointment.entry_id, now=now)
    appointment, old = lock_with_replaced(appointment)
    if appointment.status == Status.BOOKED:
        return appointment
    if not appointment.is_open_offer(now):
        raise _gone(entry)
    moving = old if old is not None and old.status == Status.BOOKED else None
    if moving is None and entry.status != EntryStatus.ACCEPTED:
        raise NotWaiting(_("You already have a time for this visit."))
    _refuse_if_outside(appointment)
    if not covers(entry, appointment.local_start.date()):
        raise NotWaiting(
            _("Your referral does not cover that day any more. Please call the clinic.")
        )
    if by.pk != entry.patient.user_id:
        _see_wish(appointment, entry, by=by, now=now, agreed=agreed)
    return book_held(appointment, entry, by=by, now=now, instead_of=moving)


def unwished(
    appointment: Appointment, entry: WaitlistEntry, *, policy: Policy
) -> list[Misfit]:
    """
    Return what of an offer is not what its patient asks for by now.

    It was offered in time, and what they agreed to then still holds.
    """
    some = not_wished(entry, appointment.opening, policy=policy, now=None)
    if not Treatment(appointment.technique).fits(entry):
        some.insert(0, Misfit.TECHNIQUE)
    known = appointment.agreed_to.split(",")
    return [one for one in some if one not in known]


def _see_wish(
    appointment: Appointment,
    entry: WaitlistEntry,
    *,
    by: User,
    now: datetime,
    agreed: bool,
) -> None:
    """
    Refuse to accept for a patient what they do not ask for, or keep that they agreed.
    """
    new = unwished(appointment, entry, policy=entry.policy)
    if not new:
        return
    if not agreed:
        raise NotWished(new)
    known = filter(None, appointment.agreed_to.split(","))
    appointment.agreed_to = ",".join([*known, *new])
    appointment.save(update_fields=["agreed_to"])
    record_agreed(appointment, new, by=by, now=now)


def _refuse_if_outside(appointment: Appointment) -> None:
    """Refuse what was offered before the capacity changed, and cannot be given."""
    if outside_of_hours([appointment]).get(appointment.pk) in NOT_TO_BE:
        raise OfferGone(
            _(
                "We cannot give you this time any more: our hours have changed. You "
                "have kept your place, and we will offer you another time."
            )
        )


def lock_with_replaced(
    appointment: Appointment,
) -> tuple[Appointment, Appointment | None]:
    """Lock an appointment and the one it is to replace, the older one first."""
    keys = [key for key in (appointment.replaces_id, appointment.pk) if key]
    rows = Appointment.objects.select_for_update(of=("self",), no_key=True)
    rows = rows.select_related("therapist__location").filter(pk__in=keys)
    found = {row.pk: row for row in rows.order_by("pk")}
    return found[appointment.pk], found.get(appointment.replaces_id or 0)


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


def book_held(
    appointment: Appointment,
    entry: WaitlistEntry,
    *,
    by: User,
    now: datetime,
    instead_of: Appointment | None = None,
    made: bool = False,
) -> Appointment:
    """
    Book what is locked, end the patient's other offers, and owe the messages.

    :param made: whether it was made just now and never offered.
    """
    if instead_of is not None:
        # First: one visit at a time may be booked for a request. Nobody sees the state
        # between, for the two are one transaction.
        _free_moved(instead_of, by=by, now=now)
        appointment.take_identity_of(instead_of)
    appointment.status = Status.BOOKED
    appointment.booked_at = now
    appointment.held_until = None
    appointment.sequence += 1  # a calendar that holds what was before must replace it
    changed = ["status", "booked_at", "held_until", "sequence", "uid"]
    appointment.save(update_fields=changed)
    with together():
        change = ">booked" if made else "proposed>booked"
        _take_entry(appointment, entry, by=by, now=now, change=change)
        _end_what_waits(appointment, entry, by=by, now=now)
        outbox.void(appointment, now=now)
        kind = "booked" if instead_of is None else "moved"
        _owe(appointment, entry, now=now, kind=kind)
    return appointment


def _take_entry(
    appointment: Appointment,
    entry: WaitlistEntry,
    *,
    by: User,
    now: datetime,
    change: str,
) -> None:
    """Take the entry out of the line, and leave the trail."""
    take_entry(entry)
    record("appointment.booked", appointment, by=by, at=now, change=change)


def _end_what_waits(
    appointment: Appointment,
    entry: WaitlistEntry,
    *,
    by: User,
    now: datetime,
    others: bool = True,
    told: bool = True,
) -> None:
    """
    End what was for a patient who waits no more.

    :param others: whether there may be other offers.
    :param told: whether there may be messages about the entry to withdraw.
    """
    if told:
        outbox.void(entry, now=now)
    if others:
        end_offers(entry.appointments.exclude(pk=appointment.pk), by=by, now=now)


def _owe(
    appointment: Appointment,
    entry: WaitlistEntry,
    *,
    now: datetime,
    kind: str,
) -> None:
    """Owe the messages of a booking, to whoever has no account as well: see below."""
    to = entry.patient.user
    owe_booking(appointment, to=to, now=now, policy=entry.policy, kind=kind)


def _free_moved(old: Appointment, *, by: User, now: datetime) -> None:
    """End a booked visit whose place another takes; its time is owed to the next."""
    old.status = Status.CANCELLED
    old.ended_at = now
    old.ending = Ending.MOVED
    old.reoffer_owed = old.starts_at > now
    old.save(update_fields=["status", "ended_at", "ending", "reoffer_owed"])
    outbox.void(old, now=now)
    record("appointment.moved", old, by=by, at=now, change="booked>cancelled")


def owe_booking(
    appointment: Appointment,
    *,
    to: User | None,
    now: datetime,
    policy: Policy,
    kind: str = "booked",
) -> None:
    """
    Owe the confirmation, and each reminder whose moment is still ahead.

    Whoever has no account said yes on the telephone, so they need no confirmation; a
    call reminds them. A reminder is of use until the next one comes due: after a long
    outage one goes, and not all at once.
    """
    # In UTC: from a local time, Python subtracts what the clock on the wall shows.
    starts_at = appointment.starts_at.astimezone(UTC)
    confirmation = outbox.Owed(f"appointments.{kind}", expires_at=starts_at)
    outbox.owe_each(
        *([confirmation] if to else []),
        *(
            outbox.Owed(
                "appointments.reminder",
                due_at=starts_at - lead,
                expires_at=starts_at - next_lead,
                key=f"{lead.total_seconds() / 3600:.0f}h",
            )
            for lead, next_lead in pairwise([*policy.reminder_leads, NO_TIME])
            if starts_at - lead > now
        ),
        subject=appointment,
        to=to,
        now=now,
    )
