"""The channels of one batch: opened when first needed, left alone while down."""

from __future__ import annotations

from collections import Counter
from datetime import datetime

from massage_portal.outbox.actions.note import note_health
from massage_portal.outbox.carriers import Carrier, ServerDown, Undelivered
from massage_portal.outbox.carriers.channels import carrier_of
from massage_portal.outbox.codes import Channel
from massage_portal.outbox.kinds import Mail
from massage_portal.outbox.models import ChannelHealth, Message
from massage_portal.outbox.route import Route

# So many messages refused in a row, each by itself, mean that the server takes none:
# the next ones wait, and a relay that knows us no more does not fail them all.
MOST_REFUSED = 20


class Ways:
    """
    The carriers of one batch, and what is found of them.

    A channel that takes nothing is tried once and then left alone: by this batch to its
    end, and by all others while it rests.
    """

    def __init__(self, *, now: datetime) -> None:
        self.resting = ChannelHealth.objects.resting(now)
        self.carriers: dict[Channel, Carrier] = {}
        self.found_down: dict[Channel, str] = {}
        self.refused: Counter[Channel] = Counter()  # in a row
        self.working: set[Channel] = set()

    def is_down(self, channel: Channel) -> bool:
        """Say whether it takes nothing at all."""
        return channel in self.found_down or channel in self.resting

    def send(self, message: Message, mail: Mail, way: Route) -> str:
        """
        Hand one message over; return the provider's id of it.

        :raises Undelivered: one of its kinds.
        """
        channel = way.channel
        try:
            number = self._carrier(channel).send(message, mail, address=way.address)
        except Undelivered as refusal:
            self.refused[channel] += 1
            all_are = self.refused[channel] >= MOST_REFUSED
            if all_are or isinstance(refusal, ServerDown):
                self.found_down[channel] = refusal.code
            raise
        self.refused[channel] = 0
        self.working.add(channel)
        return number

    def close(self) -> None:
        """Let the connections go."""
        for carrier in self.carriers.values():
            carrier.close()

    def note(self, *, now: datetime) -> None:
        """Write down how the channels fared."""
        working = self.working - set(self.found_down)
        note_health(working=working, down=self.found_down, now=now)

    def _carrier(self, channel: Channel) -> Carrier:
        if channel not in self.carriers:
            self.carriers[channel] = carrier_of(channel)
        return self.carriers[channel]
