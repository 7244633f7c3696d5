"""The channels of one batch: opened when first needed, left alone while down."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from datetime import datetime

from massage_portal.outbox.actions.note import note_health
from massage_portal.outbox.carriers import AddressRefused, Carrier, Undelivered
from massage_portal.outbox.carriers.channels import carrier_of
from massage_portal.outbox.codes import Channel
from massage_portal.outbox.kinds import Mail
from massage_portal.outbox.models import ChannelHealth, Message
from massage_portal.outbox.route import Route

# So many messages refused in a row, each by itself, mean that the server takes none:
# the next ones wait, and a relay that knows us no more does not fail them all.
MOST_REFUSED = 20
PROBE = 1  # and so many, where it took none the last time


class Ways:
    """
    The carriers of one batch, and what is found of them.

    A channel that takes nothing is tried once and then left alone: by this batch to its
    end, and by all others while it rests.

    :param meanwhile: done while a mail server reads what it was handed.
    """

    def __init__(self, *, now: datetime, meanwhile: Callable[[], None]) -> None:
        self.meanwhile = meanwhile
        self.resting = ChannelHealth.objects.resting(now)
        self.ailing = ChannelHealth.objects.ailing()
        self.carriers: dict[Channel, Carrier] = {}
        self.found_down: dict[Channel, str] = {}
        self.refused: Counter[Channel] = Counter()  # in a row
        self.working: set[Channel] = set()
        self.unread: dict[
            Channel, str
        ] = {}  # took a message, and said what nobody reads

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
            self._note_refusal(channel, refusal)
            raise
        self.refused[channel] = 0
        self.ailing.discard(channel)
        self.working.add(channel)
        if unread := self._carrier(channel).unread:
            self.unread[channel] = unread
        return number

    def compose(self, message: Message, mail: Mail, way: Route) -> None:
        """Make a message ready for a way that is open, as far as that takes time."""
        if carrier := self.carriers.get(way.channel):
            carrier.compose(message, mail, address=way.address)

    def announce(self, message: Message, mail: Mail, way: Route) -> None:
        """Have its server make ready for a message, while the database is asked."""
        if carrier := self.carriers.get(way.channel):
            carrier.announce(message, mail, address=way.address)

    def take_back(self, way: Route) -> None:
        """Take back what was announced."""
        if carrier := self.carriers.get(way.channel):
            carrier.take_back()

    def _note_refusal(self, channel: Channel, refusal: Undelivered) -> None:
        if isinstance(refusal, AddressRefused) and refusal.opted_out:
            return  # it is the reader who does not want it
        self.refused[channel] += 1
        most = PROBE if channel in self.ailing else MOST_REFUSED
        if refusal.all_wait or self.refused[channel] >= most:
            self.found_down[channel] = refusal.code

    def close(self) -> None:
        """Let the connections go."""
        for carrier in self.carriers.values():
            carrier.close()

    def note(self, *, now: datetime) -> None:
        """Write down how the channels fared."""
        note_health(
            working=self.working, down=self.found_down, unread=self.unread, now=now
        )

    def _carrier(self, channel: Channel) -> Carrier:
        if channel not in self.carriers:
            self.carriers[channel] = carrier_of(channel, self.meanwhile)
        return self.carriers[channel]
