"""Somebody called a patient who took no offer, or missed visits."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from appointments.models import WaitlistEntry
from appointments.models.booking import lock_entry
from massage_portal.accounts.models import User
from massage_portal.audit.record import record


@transaction.atomic
def record_call(*, entry: WaitlistEntry, by: User, now: datetime) -> WaitlistEntry:
    """
    Record that the patient was called; offers go out to them by themselves again.

    Their rank is what it was. Whoever need not be called is left as they are, so that
    a button pressed twice is one call.
    """
    entry = lock_entry(entry.pk, now=now)
    asked = WaitlistEntry.objects.filter(pk=entry.pk)
    if asked.to_call(most_missed=entry.policy.most_missed).exists():
        entry.called_at = now
        entry.save(update_fields=["called_at"])
        record("request.called", entry, by=by, at=now)
    return entry
