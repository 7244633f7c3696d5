"""Stop an address, and let it be written to again."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models.functions import Greatest

from massage_portal.audit.record import record
from massage_portal.outbox.codes import Channel, Halt, Mended
from massage_portal.outbox.models import Preference, Stop
from massage_portal.outbox.patients import tell_whose


def stop(
    *, user: Any, channel: Channel, address: str, because: Halt, now: datetime
) -> None:
    """Write to this address of the user no more; staff are told to call."""
    Stop.objects.bulk_create(
        [
            Stop(
                user=user,
                channel=channel,
                address=address,
                because=because,
                stopped_at=now,
            )
        ],
        ignore_conflicts=True,
    )


@transaction.atomic
def stop_by_hand(
    *, user: Any, channel: Channel, address: str, by: Any, now: datetime
) -> None:
    """Stop an address that staff know to be dead: a mail that comes back, they see."""
    ours = Stop.objects.standing().filter(user=user, channel=channel, address=address)
    if ours.exists():
        return
    stop(user=user, channel=channel, address=address, because=Halt.BOUNCED, now=now)
    found = ours.get()
    tell_whose([], [found])
    record("stop.made", found, by=by, at=now)


def opt_out(*, number: str, now: datetime) -> None:
    """Send no more texts to this number: it asked us, whoever of ours gave it."""
    for preference in Preference.objects.with_number(number).select_related("user"):
        stop(
            user=preference.user,
            channel=Channel.SMS,
            address=number,
            because=Halt.OPTED_OUT,
            now=now,
        )


def opt_in(*, number: str, now: datetime) -> None:
    """Send texts to this number again: it asked us. What is dead stays stopped."""
    stopped = Stop.objects.standing().filter(channel=Channel.SMS, address=number)
    stopped.filter(because=Halt.OPTED_OUT).update(
        lifted_at=Greatest("stopped_at", now), lifted_because=Mended.STARTED
    )
