"""The patient is here: they arrive, and are checked in."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext as _

from appointments.actions.hold import end_offers
from appointments.actions.refusal import Refusal
from appointments.actions.visit import lock_visit, recorded_already
from appointments.codes import AHEAD, Status
from appointments.models import Appointment
from massage_portal.accounts.models import User
from massage_portal.audit.record import record


class NotToday(Refusal):
    """The visit is on another day."""


@transaction.atomic
def arrive(*, appointment: Appointment, by: User, now: datetime) -> Appointment:
    """
    Record that the patient is here. Who is here or was seen already stays so.

    :raises NotToday: on any day but that of the visit, as its place counts days.
    :raises TooEarly: if the visit was missed or canceled, or was never booked.
    """
    appointment, _entry = lock_visit(appointment)
    past_it = [Status.ARRIVED, Status.CHECKED_IN, Status.FULFILLED]
    if appointment.status in past_it:
        return appointment
    appointment.arrived_at = now
    return _step(appointment, Status.ARRIVED, by=by, now=now)


@transaction.atomic
def check_in(*, appointment: Appointment, by: User, now: datetime) -> Appointment:
    """
    Record that the patient is ready for the therapist; that they arrived, with it.

    :raises NotToday, TooEarly: as `arrive` does.
    """
    appointment, _entry = lock_visit(appointment)
    if appointment.status in (Status.CHECKED_IN, Status.FULFILLED):
        return appointment
    appointment.arrived_at = appointment.arrived_at or now
    appointment.checked_in_at = now
    return _step(appointment, Status.CHECKED_IN, by=by, now=now)


def _step(
    appointment: Appointment, to: Status, *, by: User, now: datetime
) -> Appointment:
    """Move a locked visit, if it is of today; an offer of another time is over."""
    if appointment.status not in AHEAD:
        raise recorded_already(appointment)
    if not appointment.is_on_the_day(now):
        raise NotToday(_("This visit is not today."))
    before, appointment.status = appointment.status, to
    appointment.save(update_fields=["status", "arrived_at", "checked_in_at"])
    end_offers(Appointment.objects.filter(entry=appointment.entry_id), by=by, now=now)
    action = f"visit.{to.name.lower()}"
    record(action, appointment, by=by, at=now, change=f"{before}>{to}")
    return appointment
