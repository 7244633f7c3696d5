"""Whoever waits longer than their target hears so once, and why."""

from __future__ import annotations

from datetime import datetime, timedelta

import structlog
from django.db import transaction

from appointments.actions.tell import tell
from appointments.models import Policy, WaitlistEntry
from massage_portal.outbox.actions import about
from massage_portal.outbox.models import Message
from referrals.actions.locks import lock_patient_of

log = structlog.get_logger(__name__)
KIND = "appointments.waiting"
READ_WITHIN = timedelta(days=14)  # after that the message would only confuse


def tell_of_waits(*, now: datetime) -> int:
    """
    Owe word to each patient whose target has passed; return how many are told anew.

    Run as often as one likes: each request is told of once, even if it comes to wait
    again; but anew where the word was withdrawn before it went, as for an offer. One
    transaction for each, so that one at fault stops no other.
    """
    policy = Policy.objects.in_force(now)
    late = WaitlistEntry.objects.past_target(now, most_missed=policy.most_missed)
    told = 0
    for pk in list(late.values_list("pk", flat=True)):
        try:
            told += _tell(pk, now=now, most_missed=policy.most_missed)
        except Exception:  # whatever it was, the others must hear of theirs
            log.exception("wait_not_told_of", entry=pk)
    return told


@transaction.atomic
def _tell(pk: int, *, now: datetime, most_missed: int) -> bool:
    """Lock one request, and owe the message if it still waits as it did."""
    lock_patient_of(WaitlistEntry.objects.all(), pk=pk)
    still = WaitlistEntry.objects.past_target(now, most_missed=most_missed)
    entry = still.filter(pk=pk).select_related("patient__user").first()
    if entry is None:
        return False
    words = Message.objects.filter(about=about(entry), kind=KIND)
    if words.filter(voided_at=None).exists():
        return False
    key = str(words.count() or "")
    until = now + READ_WITHIN
    tell(KIND, entry, patient=entry.patient, now=now, expires_at=until, key=key)
    return True
