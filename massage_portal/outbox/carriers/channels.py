"""Which carrier serves which channel."""

from __future__ import annotations

from massage_portal.outbox.carriers.carrier import Carrier
from massage_portal.outbox.carriers.email import EmailCarrier
from massage_portal.outbox.codes import Channel

CARRIERS: dict[Channel, type[EmailCarrier]] = {Channel.EMAIL: EmailCarrier}


def carrier_of(channel: Channel) -> Carrier:
    """Return a carrier for one batch; nothing is connected yet."""
    return CARRIERS[channel]()
