"""Stop an address, and write down how the channels and the background fare."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from django.db.models import F
from django.db.models.functions import Coalesce

from massage_portal.outbox.codes import Channel, Halt
from massage_portal.outbox.models import ChannelHealth, Pulse, Stop


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


def note_health(
    *, working: Iterable[Channel], down: Mapping[Channel, str], now: datetime
) -> None:
    """Write down which channels took messages just now, and which take none."""
    for channel in working:
        ChannelHealth.objects.update_or_create(
            channel=channel,
            defaults={"took_at": now, "failing_since": None, "code": ""},
        )
    for channel, code in down.items():
        ChannelHealth.objects.get_or_create(channel=channel)
        ChannelHealth.objects.filter(channel=channel).update(
            failing_since=Coalesce(F("failing_since"), now), code=code[:60]
        )


def note_pulse(task: str, *, now: datetime) -> None:
    """Write down that a task ran, and with it beat, broker and worker."""
    Pulse.objects.update_or_create(task=task, defaults={"at": now})
