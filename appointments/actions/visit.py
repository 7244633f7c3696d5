"""What becomes of a booking: cancelled, made, or missed."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import transaction
from django.utils.translation import gettext as _

from appointments.actions.follow import carry_on
from appointments.actions.refusal import Refusal
from appointments.codes import AHEAD, Ending, EntryStatus, Status
from appointments.models import Appointment, WaitlistEntry
from massage_portal.accounts.models import User
from massage_portal.audit.record import record
from massage_portal.outbox import actions as outbox
from referrals.actions import complete
from referrals.codes import OPEN, TAKEN_BACK
from referrals.models import Patient


class NotCancellable(Refusal):
    """The visit has begun, is over, or was never booked."""


class TooEarly(Refusal):
    """The visit has not begun yet, or was recorded otherwise before."""


def _lock(appointment: Appointment) -> tuple[Appointment, WaitlistEntry]:
    """Lock patient, entry and appointment, in that order."""
    Patient.objects.select_for_update(no_key=True).get(pk=appointment.patient_id)
    entry = (
        WaitlistEntry.objects.select_for_update(of=("self",), no_key=True)
        .select_related("referral", "patient__user")
        .get(pk=appointment.entry_id)
    )
    locked = (
        Appointment.objects.select_for_update(of=("self",), no_key=True)
        .select_related("therapist__location")
        .get(pk=appointment.pk)
    )
    return locked, entry


@transaction.atomic
def cancel(
    *, appointment: Appointment, ending: Ending, by: User, now: datetime
) -> Appointment:
    """
    Cancel a booking, by either side. The patient keeps their place in line.

    No reminder of it goes out from then on, and the time is owed to the next patient.

    :param ending: `Ending.BY_PATIENT` or `Ending.BY_CLINIC`.
    :raises NotCancellable: if it is not booked, or has begun.
    """
    appointment, entry = _lock(appointment)
    if appointment.status == Status.CANCELLED and appointment.ending == ending:
        return appointment
    if appointment.status != Status.BOOKED or appointment.starts_at <= now:
        raise NotCancellable(
            _("This visit can no longer be canceled here. Please call the clinic.")
        )
    appointment.status = Status.CANCELLED
    appointment.ended_at = now
    appointment.ending = ending
    appointment.reoffer_owed = True
    appointment.sequence += 1
    appointment.save(
        update_fields=["status", "ended_at", "ending", "reoffer_owed", "sequence"]
    )
    _wait_again(entry, by=by, now=now)
    outbox.void(appointment, now=now)
    record(
        "appointment.cancelled", appointment, by=by, at=now, change="booked>cancelled"
    )
    if user := entry.patient.user:
        until = appointment.starts_at
        outbox.owe(
            "appointments.cancelled", appointment, to=user, now=now, expires_at=until
        )
    return appointment


def _wait_again(entry: WaitlistEntry, *, by: User, now: datetime) -> None:
    """Give the place in line back, on the referral that took the old one's place."""
    entry.status = EntryStatus.ACCEPTED
    entry.version += 1
    entry.save(update_fields=["status", "version"])
    renewal = entry.referral.carried_on_by()
    if renewal is not None and entry.referral.status in TAKEN_BACK:
        carry_on(entry, renewal, by=by, now=now)


@transaction.atomic
def record_visit(
    *, appointment: Appointment, outcome: Status, by: User, now: datetime
) -> Appointment:
    """
    Record that the patient came, or did not; then the plan's next visit waits.

    :param outcome: `Status.FULFILLED` or `Status.NOSHOW`.
    :raises TooEarly: if the visit has not begun, or another outcome stands.
    """
    if outcome not in (Status.FULFILLED, Status.NOSHOW):
        raise ValueError(f"not an outcome of a visit: {outcome}")
    appointment, entry = _lock(appointment)
    if appointment.status == outcome:
        return appointment
    if appointment.status not in AHEAD:
        raise TooEarly(
            _("This visit is already recorded: %(state)s.")
            % {"state": appointment.get_status_display()}
        )
    if appointment.starts_at > now:
        raise TooEarly(_("This visit has not begun yet."))
    before, appointment.status = appointment.status, outcome
    appointment.save(update_fields=["status"])
    entry.status = EntryStatus.COMPLETED
    entry.version += 1
    entry.save(update_fields=["status", "version"])
    outbox.void(appointment, now=now)
    record(
        f"visit.{outcome.name.lower()}",
        appointment,
        by=by,
        at=now,
        change=f"{before}>{outcome}",
    )
    _plan_next(appointment, entry, by=by, now=now)
    return appointment


def _plan_next(
    appointment: Appointment, entry: WaitlistEntry, *, by: User, now: datetime
) -> None:
    """List the plan's next visit, its clock on the planned day, or end the plan."""
    referral, session = entry.referral, entry.session + 1
    renewal = referral.carried_on_by()
    if renewal is not None and renewal.status in OPEN and referral.status not in OPEN:
        referral, session = renewal, 1
        if renewal.waitlist_entries.exists():
            return  # the patient has asked for it already
    if referral.status not in OPEN:
        return  # its provider took it back, so nothing more is planned
    if session > referral.sessions:
        complete(referral=referral, by=by, now=now)
        return
    planned = appointment.starts_at + timedelta(days=referral.interval_days)
    later = WaitlistEntry.objects.create(
        referral=referral,
        patient_id=entry.patient_id,
        session=session,
        status=EntryStatus.ACCEPTED,
        received_at=planned,
        asked_at=now,
        category_id=entry.category_id,
        triaged_at=now,
        need_score=entry.need_score,
        earliest=planned.astimezone(appointment.zone).date(),
        weekdays=entry.weekdays,
        from_time=entry.from_time,
        to_time=entry.to_time,
        therapist_id=entry.therapist_id,
        notice_hours=entry.notice_hours,
    )
    record("request.planned", later, by=by, at=now, change=f">{later.status}")
