"""Whoever waits too long, or for what cannot come any more, hears so once."""

from __future__ import annotations

from datetime import datetime, timedelta

import structlog
from django.db import transaction
from django.utils import timezone

from appointments.actions.tell import tell
from appointments.models import Policy, WaitlistEntry
from appointments.models.wish import lost_wish_of
from massage_portal.outbox.actions import about
from massage_portal.outbox.models import Message
from referrals.actions.locks import lock_patient_of

log = structlog.get_logger(__name__)
KIND, OF_A_WISH = "appointments.waiting", "appointments.wish_lost"
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


def tell_of_lost_wishes(*, now: datetime) -> int:
    """
    Ask whoever waits for what nobody can give any more to say anew when they can come.

    Each wish is told of once, run as often as one likes; returns how many are looked
    at. Whose referral covers no visit lacks more than that, and is not asked. One
    transaction for each, so that one at fault stops no other.
    """
    lost = WaitlistEntry.objects.waiting().covered(now).wishes_lost(now)
    keys = list(lost.values_list("pk", flat=True))
    for pk in keys:
        try:
            _ask_anew(pk, now=now)
        except Exception:  # whatever it was, the others must be asked
            log.exception("lost_wish_not_told_of", entry=pk)
    return len(keys)


@transaction.atomic
def _ask_anew(pk: int, *, now: datetime) -> None:
    """Lock one request, and owe the message if what it wished is still over."""
    lock_patient_of(WaitlistEntry.objects.all(), pk=pk)
    still = WaitlistEntry.objects.waiting().covered(now).wishes_lost(now)
    asked = still.select_related("patient__user", "therapist__location", "location")
    entry = asked.filter(pk=pk).first()
    if entry is None or entry.appointments.offers_open(now).exists():
        return
    lost = lost_wish_of(entry, today=timezone.localdate(now))
    key = f"{lost} {entry.latest} {entry.therapist_id} {entry.location_id}"
    until = now + READ_WITHIN
    tell(OF_A_WISH, entry, patient=entry.patient, now=now, expires_at=until, key=key)
