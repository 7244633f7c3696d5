"""Who waits says anew when they can come."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from appointments.actions.ask import Availability, NotAskable, from_planned_day
from appointments.actions.triage import ChangedMeanwhile
from appointments.codes import IN_LINE
from appointments.models import WaitlistEntry
from appointments.models.wish import lost_wish_of
from massage_portal.accounts.models import User
from massage_portal.audit.record import record
from massage_portal.outbox import actions as outbox
from referrals.actions.locks import lock_patient_of


@transaction.atomic
def change_availability(
    *,
    entry: WaitlistEntry,
    availability: Availability,
    version: int,
    by: User,
    now: datetime,
) -> WaitlistEntry:
    """
    Keep when the patient can come. The place in line and an open offer stay.

    The next visit of a plan never comes before its planned day, whatever is said. The
    same answers sent twice are kept once.

    :param version: of the request as the page showed it.
    :raises ChangedMeanwhile: if somebody changed the request since.
    :raises NotAskable: if it does not wait any more, or ends before its planned day.
    """
    lock_patient_of(WaitlistEntry.objects.all(), pk=entry.pk)
    locked = WaitlistEntry.objects.select_for_update(of=("self",), no_key=True)
    entry = locked.get(pk=entry.pk)
    wanted = vars(from_planned_day(availability, entry.received_at, now=now))
    if entry.version == version + 1 and _is_so(entry, wanted):
        return entry  # the same button, pressed twice
    _refuse(entry, version)
    if _is_so(entry, wanted):
        return entry
    today = timezone.localdate(now)
    was_lost = entry.is_waiting and lost_wish_of(entry, today=today)
    for name, value in wanted.items():
        setattr(entry, name, value)
    if was_lost and not lost_wish_of(entry, today=today):
        outbox.void(entry, now=now)  # we asked them to say this, or would call them
    entry.version += 1
    entry.save(update_fields=[*wanted, "version"])
    record("request.availability_changed", entry, by=by, at=now)
    return entry


def _refuse(entry: WaitlistEntry, version: int) -> None:
    """Refuse a request that waits no more, or was changed since `version`."""
    if entry.status not in IN_LINE:
        raise NotAskable(
            _("This request does not wait any more, so there is nothing to change.")
        )
    if entry.version != version:
        raise ChangedMeanwhile(
            _(
                "Your request changed after you opened this page. Look at your "
                "answers once more, and send them again."
            )
        )


def _is_so(entry: WaitlistEntry, wanted: dict[str, object]) -> bool:
    return all(getattr(entry, name) == value for name, value in wanted.items())
