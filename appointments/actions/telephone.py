"""A patient calls, and staff do for them what they could have done themselves."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any, TypeVar

from django.db import transaction

from appointments.models import Appointment, WaitlistEntry
from massage_portal.accounts.models import User
from massage_portal.audit.context import at_the_telephone
from referrals.models import Patient

Made = TypeVar("Made")


@transaction.atomic
def by_telephone(
    act: Callable[..., Made],
    *,
    patient: Patient,
    by: User,
    now: datetime,
    **what: Any,
) -> Made:
    """
    Do `act`, an action of this app, for the patient who is on the telephone.

    The same locks, rules and trail hold as where the patient does it; the trail is
    marked, and so is the request that was made or the visit that was answered. What
    stood so before keeps the mark that it had.

    :param by: who has the patient on the line.
    :param what: whatever else the action takes.
    :raises Refusal: whatever the action refuses.
    """
    Patient.objects.select_for_update(no_key=True).get(pk=patient.pk)
    before = _states(patient)
    with at_the_telephone():
        made = act(by=by, now=now, **what)
    if isinstance(made, Appointment | WaitlistEntry):
        _mark(made, before)
    return made


def _states(patient: Patient) -> dict[tuple[str, int], str]:
    """Return the state of each visit and request of the patient."""
    return {
        (rows.model.__name__, key): status
        for rows in (patient.appointments.all(), patient.waitlist_entries.all())
        for key, status in rows.values_list("pk", "status")
    }


def _mark(row: Appointment | WaitlistEntry, before: dict[tuple[str, int], str]) -> None:
    """Mark a request that is new, and a visit that was booked, moved or answered."""
    was = before.get((type(row).__name__, row.pk))
    new_request = isinstance(row, WaitlistEntry) and was is None
    answered = isinstance(row, Appointment) and was != row.status
    if new_request or answered:
        row.by_telephone = True
        row.save(update_fields=["by_telephone"])
