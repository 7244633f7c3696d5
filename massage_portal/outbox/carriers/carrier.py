"""What every channel does, and the ways in which it may fail."""

from __future__ import annotations

from typing import Protocol

from massage_portal.outbox.kinds import Mail
from massage_portal.outbox.models import Message


class Undelivered(Exception):
    """The channel did not take a message. `code` is the server's, without its words."""

    all_wait = False  # True where the others need not try either

    def __init__(self, code: str | int = "") -> None:
        super().__init__(str(code))
        self.code = str(code)


class AddressRefused(Undelivered):
    """Nothing will ever reach this address: the channel stops for it."""

    opted_out = False  # True where it is the reader who asked for no more


class MessageRejected(Undelivered):
    """The server will never take this message; others may pass."""


class NotNow(Undelivered):
    """The server did not take this one now; later it may."""


class ServerDown(Undelivered):
    """The server takes nothing at all now: the others need not try either."""

    all_wait = True


class Unanswered(Undelivered):
    """
    All of it was handed over, and no answer came: the server may have taken it.

    Handed over again, it may arrive twice; never again, not at all.
    """

    def __init__(self, code: str | int = "", *, all_wait: bool = False) -> None:
        super().__init__(code)
        self.all_wait = all_wait


class Carrier(Protocol):
    """One channel's way out. It is opened for a batch, and may keep a connection."""

    # What a server last said that took a message, where nobody can read the rest of it.
    unread: str

    def compose(self, message: Message, mail: Mail, *, address: str) -> None:
        """Make ready, ahead of its time, what may be handed over next."""

    def announce(self, message: Message, mail: Mail, *, address: str) -> None:
        """Say that one follows, if it was made ready; then send it, or take it back."""

    def take_back(self) -> None:
        """Take back what was announced: it is not to go."""

    def send(self, message: Message, mail: Mail, *, address: str) -> str:
        """
        Hand one message over; return the provider's id of it, "" if it gives none.

        :raises Undelivered: one of its kinds.
        """

    def close(self) -> None:
        """Let the connection go, come what may."""
