"""What became of a booking: the visit was made, or missed; then the plan goes on."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import transaction
from django.utils.translation import gettext as _

from appointments.actions.cancel import wait_again
from appointments.actions.hold import end_offers
from appointments.actions.refusal import Refusal
from appointments.actions.tell import tell
from appointments.codes import AHEAD, Ending, EntryStatus, Missed, Status
from appointments.course import days_after
from appointments.models import Appointment, Policy, WaitlistEntry
from massage_portal.accounts.models import User
from massage_portal.audit.record import record
from massage_portal.outbox import actions as outbox
from referrals.actions import complete
from referrals.actions.locks import lock_patient_of
from referrals.codes import OPEN

SECOND_THOUGHT = timedelta(hours=1)
READ_WITHIN = timedelta(days=7)


class TooEarly(Refusal):
    """The visit has not begun yet, or was recorded otherwise before."""


def lock_visit(appointment: Appointment) -> tuple[Appointment, WaitlistEntry]:
    """Lock patient, entry and appointment, in that order."""
    lock_patient_of(Appointment.objects.all(), pk=appointment.pk)
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


def recorded_already(appointment: Appointment) -> TooEarly:
    """Return the refusal of who records what somebody else has recorded otherwise."""
    return TooEarly(
        _("This visit is already recorded: %(state)s.")
        % {"state": appointment.get_status_display()}
    )


@transaction.atomic
def record_visit(
    *,
    appointment: Appointment,
    outcome: Status,
    by: User,
    now: datetime,
    because: Missed = Missed.NOT_SAID,
) -> Appointment:
    """
    Record that the patient came, or did not; then the plan's next visit waits.

    Missed by a mistake of ours, it is not used up: the request waits, with its clock.

    :param outcome: `Status.FULFILLED` or `Status.NOSHOW`.
    :param because: why it was missed, as far as anybody knows. Said later, it is kept.
    :raises TooEarly: if the visit has not begun, or another outcome stands.
    """
    appointment, entry = lock_visit(appointment)
    if appointment.status == outcome:
        return _say_why(appointment, because, by=by, now=now)
    _refuse(appointment, outcome, now=now)
    before, appointment.status = appointment.status, outcome
    missed = outcome == Status.NOSHOW
    appointment.missed_because = because if missed else ""
    appointment.save(update_fields=["status", "missed_because"])
    outbox.void(appointment, now=now)
    end_offers(entry.appointments.all(), by=None, now=now, ending=Ending.LAPSED)
    change = f"{before}>{outcome}"
    record(f"visit.{outcome.name.lower()}", appointment, by=by, at=now, change=change)
    if missed:
        _tell_of_missed(appointment, entry, now=now)
    if missed and because == Missed.CLINIC:
        policy = Policy.objects.in_force(now)
        wait_again(entry, appointment, policy=policy, by=by, now=now)
        return appointment
    entry.status = EntryStatus.COMPLETED
    entry.version += 1
    entry.save(update_fields=["status", "version"])
    _plan_next(appointment, entry, by=by, now=now)
    return appointment


def _refuse(appointment: Appointment, outcome: Status, *, now: datetime) -> None:
    """Raise TooEarly where this outcome cannot be recorded."""
    if outcome not in (Status.FULFILLED, Status.NOSHOW):
        raise ValueError(f"not an outcome of a visit: {outcome}")
    if appointment.status not in AHEAD:
        raise recorded_already(appointment)
    if appointment.starts_at > now:
        raise TooEarly(_("This visit has not begun yet."))
    if outcome == Status.NOSHOW and appointment.status != Status.BOOKED:
        raise TooEarly(
            _(
                "The patient is marked as here. If that is wrong, undo it first, and "
                "then record that they did not come."
            )
        )


def _say_why(
    appointment: Appointment, because: Missed, *, by: User, now: datetime
) -> Appointment:
    """Keep a reason that became known later; whose fault it was stays as recorded."""
    before = appointment.missed_because
    if appointment.status != Status.NOSHOW or because in (Missed.NOT_SAID, before):
        return appointment
    if Missed.CLINIC in (because, before):
        raise TooEarly(
            _(
                "Undo what is recorded first: a visit missed by our mistake is not "
                "used up, and any other one is."
            )
        )
    appointment.missed_because = because
    appointment.save(update_fields=["missed_because"])
    record("visit.reason_given", appointment, by=by, at=now)
    return appointment


def _tell_of_missed(
    appointment: Appointment, entry: WaitlistEntry, *, now: datetime
) -> None:
    """Owe a kind word, but not at once: the wrong visit may have been marked."""
    tell(
        "appointments.missed",
        appointment,
        patient=entry.patient,
        now=now,
        due_at=now + SECOND_THOUGHT,
        expires_at=now + READ_WITHIN,
    )


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
    planned = days_after(appointment.local_start, referral.interval_days)
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
        earliest=appointment.local_start.date()
        + timedelta(days=referral.interval_days),
        weekdays=entry.weekdays,
        from_time=entry.from_time,
        to_time=entry.to_time,
        therapist_id=entry.therapist_id,
        location_id=entry.location_id,
        notice_hours=entry.notice_hours,
    )
    record("request.planned", later, by=by, at=now, change=f">{later.status}")
