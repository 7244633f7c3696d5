"""Messages owed, how each person wants to be reached, and how the channels fare."""

from __future__ import annotations

from massage_portal.outbox.models.health import ChannelHealth, Pulse
from massage_portal.outbox.models.message import Message
from massage_portal.outbox.models.preference import Preference
from massage_portal.outbox.models.stop import Stop

__all__ = ["ChannelHealth", "Message", "Preference", "Pulse", "Stop"]
