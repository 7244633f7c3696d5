"""What happens here when a referral stops, resumes, or another takes its place."""

from __future__ import annotations

from datetime import datetime

from appointments.actions.hold import end_offers
from appointments.codes import IN_LINE
from appointments.models import Appointment, WaitlistEntry
from massage_portal.accounts.models import User
from massage_portal.audit.record import record
from massage_portal.outbox import actions as outbox
from referrals.followers import (
    follows_clocks,
    follows_renewals,
    follows_resumptions,
    follows_stops,
)
from referrals.models import Referral


@follows_stops
def take_offers_back(referral: Referral, /, *, by: User, now: datetime) -> None:
    """
    End the open offers, so that the time goes to somebody who may come.

    A reminder that is just being sent is judged anew: the patient is not to come.
    """
    visits = Appointment.objects.filter(entry__referral=referral)
    end_offers(visits, by=by, now=now)
    outbox.let_go(*visits.booked_now(now).order_by("pk"))


@follows_resumptions
def remind_after_all(referral: Referral, /, *, by: User, now: datetime) -> None:
    """Owe the reminders again that came due while the patient was not to come."""
    ahead = Appointment.objects.booked_now(now).filter(entry__referral=referral)
    for visit in ahead.order_by("pk"):
        outbox.owe_again(visit, kinds=["appointments.reminder"], now=now)


@follows_renewals
def carry_the_request_on(
    old: Referral, new: Referral, /, *, by: User, now: datetime
) -> None:
    """
    Have a request without a visit wait on `new`, as its first, with its clock.

    One that is booked stays. Once that visit is recorded, the next one waits on `new`;
    if it is canceled, the request itself does.
    """
    waiting = old.waitlist_entries.filter(status__in=IN_LINE)
    entry = waiting.select_for_update(of=("self",), no_key=True).first()
    if entry is not None:
        carry_on(entry, new, by=by, now=now)


def carry_on(
    entry: WaitlistEntry, new: Referral, *, by: User, now: datetime
) -> WaitlistEntry:
    """Have a locked request wait on `new`, unless the patient has asked there too."""
    if new.waitlist_entries.exists():
        return entry
    change = f"{entry.referral_id}>{new.pk}"
    entry.referral, entry.session = new, 1
    entry.version += 1
    entry.save(update_fields=["referral", "session", "version"])
    record("request.carried_on", entry, by=by, at=now, change=change)
    return entry


@follows_clocks
def put_the_clock_right(
    referral: Referral, before: datetime, /, *, by: User, now: datetime
) -> None:
    """Give the request that took its clock from the referral the right one."""
    waiting = referral.waitlist_entries.filter(
        status__in=IN_LINE, session=1, received_at=before
    )
    entry = waiting.select_for_update(of=("self",), no_key=True).first()
    if entry is None:
        return
    entry.received_at = referral.received_at
    entry.version += 1
    entry.save(update_fields=["received_at", "version"])
    record("request.clock_corrected", entry, by=by, at=now)
