"""Whoever waits too long, or for what cannot come any more, hears so."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

import structlog
from django.db import transaction

from appointments.actions.tell import tell
from appointments.models import Policy, WaitlistEntry
from appointments.models.waitlist import WaitlistEntryQuerySet
from massage_portal.outbox.actions import about
from massage_portal.outbox.models import Message
from referrals.actions.locks import lock_patient_of

log = structlog.get_logger(__name__)
KIND, OF_A_WISH = "appointments.waiting", "appointments.wish_lost"
READ_WITHIN = timedelta(days=14)  # after that the message would only confuse
Read = Callable[[], WaitlistEntryQuerySet]


def tell_of_waits(*, now: datetime) -> int:
    """
    Owe word to each patient whose target has passed; return how many are told.

    Run as often as one likes: each request is told of once, even if it comes to wait
    again; but anew where the word was withdrawn before it went, as for an offer.
    """
    most_missed = Policy.objects.in_force(now).most_missed

    def late() -> WaitlistEntryQuerySet:
        return WaitlistEntry.objects.past_target(now, most_missed=most_missed)

    return _tell_each(KIND, late, now=now)


def tell_of_lost_wishes(*, now: datetime) -> int:
    """
    Ask whoever waits for what nobody can give any more to say anew when they can come.

    Run as often as one likes; returns how many are asked. Of the same wish they are
    asked again after ASK_AGAIN, for a call that nobody made is off the list by then,
    and so is what came back meanwhile and was lost once more.
    """

    def lost() -> WaitlistEntryQuerySet:
        return WaitlistEntry.objects.to_ask_anew(now)

    return _tell_each(OF_A_WISH, lost, now=now)


def _tell_each(kind: str, whom: Read, *, now: datetime) -> int:
    """
    Owe word to each of those read; return to how many.

    One transaction for each, so that one at fault stops no other.
    """
    told = 0
    for pk in list(whom().values_list("pk", flat=True)):
        try:
            told += _tell(kind, whom, pk, now=now)
        except Exception:  # whatever it was, the others must hear of theirs
            log.exception("wait_not_told_of", kind=kind, entry=pk)
    return told


@transaction.atomic
def _tell(kind: str, whom: Read, pk: int, *, now: datetime) -> bool:
    """
    Lock one request, and owe the message if it is still among those read.

    Its key counts the words before it: none that was withdrawn stands in its way.
    """
    lock_patient_of(WaitlistEntry.objects.all(), pk=pk)
    entry = whom().filter(pk=pk).select_related("patient__user").first()
    if entry is None:
        return False
    before = Message.objects.filter(about=about(entry), kind=kind).count()
    key = f"{getattr(entry, 'wished', '')}{before or ''}"
    until = now + READ_WITHIN
    tell(kind, entry, patient=entry.patient, now=now, expires_at=until, key=key)
    return True
