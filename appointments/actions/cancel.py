"""A booked visit is canceled: by the patient, or by the clinic, one or many at once."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext as _

from appointments.actions.follow import carry_on
from appointments.actions.hold import end_offers
from appointments.actions.refusal import Refusal
from appointments.actions.tell import tell
from appointments.codes import Ending, EntryStatus, Status
from appointments.models import Appointment, Policy, WaitlistEntry
from appointments.models.treatment import chosen_for, keep_for
from massage_portal.accounts.models import User
from massage_portal.audit.record import record
from massage_portal.outbox import actions as outbox
from referrals.codes import TAKEN_BACK
from referrals.models import Patient


class NotCancellable(Refusal):
    """The visit has begun, is over, was moved, or was never booked."""


def _lock(appointments: list[Appointment]) -> list[Appointment]:
    """Lock patients, entries and appointments, each by key; return the last, fresh."""
    patients = Patient.objects.filter(pk__in=[one.patient_id for one in appointments])
    list(patients.select_for_update(no_key=True).order_by("pk").values_list("pk"))
    entries = WaitlistEntry.objects.filter(
        pk__in=[one.entry_id for one in appointments]
    )
    list(entries.select_for_update(no_key=True).order_by("pk").values_list("pk"))
    rows = Appointment.objects.filter(pk__in=[one.pk for one in appointments])
    rows = rows.select_for_update(of=("self",), no_key=True)
    rows = rows.select_related("therapist__location", "entry__patient__user")
    rows = rows.select_related("technique", "entry__referral__technique")
    return list(rows.order_by("pk"))


class LateByNow(NotCancellable):
    """It counts as canceled late, and the patient was not told so before."""


@transaction.atomic
def cancel(
    *,
    appointment: Appointment,
    ending: Ending,
    by: User,
    now: datetime,
    late_is_known: bool = True,
) -> Appointment:
    """
    Cancel a booking, by either side. The patient keeps their place in line.

    No reminder of it goes out from then on, and the time is owed to the next patient.
    A patient's own cancellation is late by the policy under which the visit was booked:
    it costs no rank, and counts among the visits after which somebody calls them.

    :param ending: `Ending.BY_PATIENT` or `Ending.BY_CLINIC`.
    :param late_is_known: whether they were told that it is late, if it is.
    :raises NotCancellable: if it is not booked, or has begun.
    :raises LateByNow: if it is late, and they do not know.
    """
    [appointment] = _lock([appointment])
    if appointment.status == Status.CANCELLED and appointment.ending == ending:
        return appointment
    if appointment.ending == Ending.MOVED:
        raise NotCancellable(
            _("This visit has been moved to another time, so it stands no more.")
        )
    if not appointment.is_booked_ahead(now):
        raise NotCancellable(
            _("This visit can no longer be canceled here. Please call the clinic.")
        )
    if ending == Ending.BY_PATIENT:
        _judge_late(appointment, now=now, known=late_is_known)
    policy = Policy.objects.in_force(now)
    _cancel(appointment, ending=ending, policy=policy, by=by, now=now)
    return appointment


def _judge_late(appointment: Appointment, *, now: datetime, known: bool) -> None:
    """Note whether it is late; refuse if it is, and the patient does not know."""
    policy = Policy.objects.agreed(appointment.booked_at, now=now)
    appointment.late = policy.is_late(appointment.starts_at, now)
    if appointment.late and not known:
        raise LateByNow(
            _(
                "Nothing is canceled yet. While this page was open, it became late to "
                "cancel this visit. Please read what that means, and then decide."
            )
        )


@transaction.atomic
def cancel_for_clinic(
    *,
    appointments: Iterable[Appointment],
    by: User,
    now: datetime,
    pass_on: bool = True,
) -> list[Appointment]:
    """
    End many visits and offers at once, as when a therapist falls ill; all or none.

    Each patient keeps their place and their clock and is owed one message. What has
    begun, is over or was canceled before stays as it is. Time in which the therapist is
    away is offered to nobody: write the time off first, in the same transaction.

    :param pass_on: whether the freed times are owed to the next in line at all.
    :returns: those that this call ended, by key.
    """
    ended = []
    policy = Policy.objects.in_force(now)
    for one in _lock(list(appointments)):
        if one.starts_at <= now:
            continue
        if one.status == Status.PROPOSED:
            end_offers(Appointment.objects.filter(pk=one.pk), by=by, now=now)
            one.refresh_from_db()
        elif one.status == Status.BOOKED:
            _cancel(one, ending=Ending.BY_CLINIC, policy=policy, by=by, now=now)
        else:
            continue
        ended.append(one)
    if not pass_on:
        keys = [one.pk for one in ended]
        Appointment.objects.filter(pk__in=keys).update(reoffer_owed=False)
    return ended


def _cancel(
    appointment: Appointment,
    *,
    ending: Ending,
    policy: Policy,
    by: User,
    now: datetime,
) -> None:
    """Cancel a locked booking, give the place in line back, and owe the message."""
    appointment.status = Status.CANCELLED
    appointment.ended_at = now
    appointment.ending = ending
    appointment.reoffer_owed = True
    appointment.sequence += 1
    changed = ["status", "ended_at", "ending", "reoffer_owed", "sequence", "late"]
    appointment.save(update_fields=changed)
    entry = appointment.entry
    wait_again(entry, appointment, policy=policy, by=by, now=now)
    outbox.void(appointment, now=now)
    record(
        "appointment.cancelled", appointment, by=by, at=now, change="booked>cancelled"
    )
    tell(
        "appointments.cancelled",
        appointment,
        patient=entry.patient,
        now=now,
        expires_at=appointment.starts_at,
    )


def wait_again(
    entry: WaitlistEntry,
    visit: Appointment,
    *,
    policy: Policy,
    by: User,
    now: datetime,
) -> None:
    """
    Give the place in line back, on the referral that took the old one's place.

    What was chosen for the visit, which is not to be, is kept for the next one.
    """
    kept = keep_for(entry, chosen_for(visit, entry, policy))
    entry.status = EntryStatus.ACCEPTED
    entry.version += 1
    entry.save(update_fields=["status", "version", *kept])
    renewal = entry.referral.carried_on_by()
    if renewal is not None and entry.referral.status in TAKEN_BACK:
        carry_on(entry, renewal, by=by, now=now)
