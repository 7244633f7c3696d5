"""
Refusals of single messages, which may be the server's refusal of everybody.

A relay that does not know us any more refuses each address by itself. So a refusal is
believed once the same server took something else; by itself only while few were.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import NamedTuple

import structlog
from django.db import transaction
from django.db.models import Q
from django.db.models.functions import Greatest

from massage_portal.outbox.carriers import AddressRefused, MessageRejected
from massage_portal.outbox.codes import Channel, Failure, Halt, Mended
from massage_portal.outbox.letter import Letter
from massage_portal.outbox.models import ChannelHealth, Message, Stop
from massage_portal.outbox.route import Route

# With fewer refused since the channel last took one, it is they who are at fault.
MANY = 6
LOOK_BACK = timedelta(days=1)

log = structlog.get_logger(__name__)


class Doubt(NamedTuple):
    """A message that was refused for good, and by which way."""

    letter: Letter
    way: Route
    refusal: AddressRefused | MessageRejected


class Believed:
    """What was refused by one channel, and believed, since it last took a message."""

    def __init__(self, channel: Channel, *, now: datetime) -> None:
        took_at = ChannelHealth.objects.took_at(channel)
        since = max(took_at or now - LOOK_BACK, now - LOOK_BACK)
        self.now = now
        self.lost = Message.objects.filter(failed_at__gt=since, handled_at=None)
        self.lost = self.lost.filter(expires_at__gt=now)
        self.refused = Q(
            channel=channel, failed_because__in=[Failure.REFUSED, Failure.REJECTED]
        )
        self.stops = Stop.objects.standing().filter(
            channel=channel, because=Halt.REFUSED, stopped_at__gt=since
        )

    def __len__(self) -> int:
        return max(self.lost.filter(self.refused).count(), self.stops.count())

    @transaction.atomic
    def take_back(self) -> None:
        """Let the addresses be used again, and owe again what could not be sent."""
        users = list(self.stops.values_list("user", flat=True))
        for_want_of_them = Q(failed_because=Failure.UNREACHABLE, recipient__in=users)
        ours = self.lost.filter(self.refused | for_want_of_them)
        owed = ours.update(failed_at=None, failed_because="", claim=None)
        lifted = self.stops.update(
            lifted_at=Greatest("stopped_at", self.now), lifted_because=Mended.OURS
        )
        log.warning("refusals_taken_back", messages=owed, stops=lifted)
