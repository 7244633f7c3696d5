"""Write down how the channels and the background fare."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime

from django.db.models import F
from django.db.models.functions import Coalesce

from massage_portal.outbox.codes import Channel
from massage_portal.outbox.models import ChannelHealth, Pulse
from massage_portal.outbox.models.health import REST


def note_health(
    *,
    working: Iterable[Channel],
    down: Mapping[Channel, str],
    now: datetime,
    unread: Mapping[Channel, str] | None = None,
) -> None:
    """
    Write down which channels took messages just now, and which take none.

    :param unread: the codes of those that took some, and said what nobody can read.
    """
    codes = unread or {}
    awake = [
        ChannelHealth(channel=one, took_at=now, code=codes.get(one, ""))
        for one in working
    ]
    ChannelHealth.objects.bulk_create(
        awake,
        update_conflicts=True,
        unique_fields=["channel"],
        update_fields=["took_at", "failing_since", "rests_until", "code"],
    )
    for channel, code in down.items():
        ChannelHealth.objects.get_or_create(channel=channel)
        ChannelHealth.objects.filter(channel=channel).update(
            failing_since=Coalesce(F("failing_since"), now),
            rests_until=now + REST,
            code=code[:60],
        )


def note_pulse(task: str, *, now: datetime) -> None:
    """Write down that a task ran, and with it beat, broker and worker."""
    Pulse.objects.update_or_create(task=task, defaults={"at": now})
