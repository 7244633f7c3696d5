"""A patient says that they will come."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext as _

from appointments.actions.refusal import Refusal
from appointments.codes import Ending
from appointments.models import Appointment
from massage_portal.accounts.models import User
from massage_portal.audit.record import record
from referrals.actions.locks import lock_patient_of


class NotConfirmable(Refusal):
    """The visit has begun, is over, was canceled or moved, or was never booked."""


@transaction.atomic
def confirm(*, appointment: Appointment, by: User, now: datetime) -> Appointment:
    """
    Keep that the patient will come. Confirming twice is confirming once.

    It is a word to the clinic and changes nothing else: whoever does not confirm keeps
    the visit. Another time is another visit, which is not confirmed yet.

    :raises NotConfirmable: if it is not booked, or has begun.
    """
    lock_patient_of(Appointment.objects.all(), pk=appointment.pk)
    visit = (
        Appointment.objects.select_for_update(of=("self",), no_key=True)
        .select_related("therapist__location")
        .get(pk=appointment.pk)
    )
    if visit.ending == Ending.MOVED:
        raise NotConfirmable(
            _("This visit has been moved to another time, so it stands no more.")
        )
    if not visit.is_booked_ahead(now):
        raise NotConfirmable(_("This visit can no longer be confirmed."))
    if visit.confirmed_at is None:
        visit.confirmed_at = now
        visit.save(update_fields=["confirmed_at"])
        record("appointment.confirmed", visit, by=by, at=now)
    return visit
