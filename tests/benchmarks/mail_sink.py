"""
A mail server in a process of its own that takes every mail and keeps none.

It tells its port, then answers each line that it reads with how many mails it took. It
lets each mail wait for as many seconds as it is told.
"""

from __future__ import annotations

import asyncio
import sys
from typing import Any

from aiosmtpd.controller import Controller


class Sink:
    """Counts mails, and how many have a Message-ID that came before."""

    def __init__(self, waits: float) -> None:
        self.waits = waits
        self.seen: set[bytes] = set()
        self.taken = 0

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802
        await asyncio.sleep(self.waits)
        self.taken += 1
        self.seen.add(envelope.original_content.partition(b"Message-ID: ")[2][:80])
        return "250 fine"


class OnAnyPort(Controller):
    """Listens on a port that is free."""

    def _trigger_server(self) -> None:
        self.port = self.server.sockets[0].getsockname()[1]
        super()._trigger_server()


def main() -> None:
    """Serve until stdin ends."""
    sink = Sink(float(sys.argv[1]))
    server = OnAnyPort(sink, hostname="127.0.0.1", port=0, server_hostname="localhost")
    server.start()
    _say(server.port)
    for _line in sys.stdin:
        _say(f"{sink.taken} {len(sink.seen)}")
    server.stop()


def _say(words: object) -> None:
    sys.stdout.write(f"{words}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
