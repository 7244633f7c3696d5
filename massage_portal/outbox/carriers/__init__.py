"""How messages leave the house: one module for each channel, behind one interface."""

from __future__ import annotations

from massage_portal.outbox.carriers.carrier import (
    AddressRefused,
    Carrier,
    MessageRejected,
    NotNow,
    ServerDown,
    Unanswered,
    Undelivered,
)

__all__ = [
    "AddressRefused",
    "Carrier",
    "MessageRejected",
    "NotNow",
    "ServerDown",
    "Unanswered",
    "Undelivered",
]
