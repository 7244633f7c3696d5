"""
Many browsers at once, each with a session of its own, over real sockets.

One thread drives them all, so that the crowd takes little of the machine's time from
the server whose answers it measures.
"""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Sequence
from dataclasses import dataclass
from math import inf
from time import perf_counter
from urllib.parse import urlencode

from django.conf import settings
from django.test import Client

LOOPBACK, HOST = "127.0.0.1", "testserver"
PATIENCE = 60.0  # seconds until an answer counts as none
SECRET = "k" * 32  # what the form and the cookie of the crowd's browsers share


@dataclass(frozen=True)
class Ask:
    """A page to open, or with `fields` a form to send, in one session."""

    address: str
    session: str
    fields: dict[str, str] | None = None

    def sent(self) -> bytes:
        """Return the request as it goes over the line."""
        cookies = f"{settings.SESSION_COOKIE_NAME}={self.session}"
        lines = [f"{'GET' if self.fields is None else 'POST'} {self.address} HTTP/1.1"]
        lines += [f"Host: {HOST}", "Connection: close"]
        body = b""
        if self.fields is not None:
            cookies += f"; {settings.CSRF_COOKIE_NAME}={SECRET}"
            body = urlencode({"csrfmiddlewaretoken": SECRET, **self.fields}).encode()
            lines += ["Content-Type: application/x-www-form-urlencoded"]
            lines += [f"Content-Length: {len(body)}"]
        lines += [f"Cookie: {cookies}", "", ""]
        return "\r\n".join(lines).encode() + body


@dataclass(frozen=True)
class Answer:
    """What came back; a connection that broke has the status 0."""

    status: int
    milliseconds: float
    head: str = ""
    body: str = ""

    @property
    def location(self) -> str:
        """Return where the answer leads to; "" if nowhere."""
        for line in self.head.split("\r\n"):
            name, _, value = line.partition(": ")
            if name.lower() == "location":
                return value
        return ""


def sessions(client: Client, number: int) -> list[str]:
    """Return the keys of so many sessions of whoever is signed in with `client`."""
    keys = []
    for _ in range(number):
        made = type(client.session)()
        made.update(dict(client.session.items()))
        made.save()
        keys.append(made.session_key)
    return keys


def together(port: int, asks: Sequence[Ask]) -> list[Answer]:
    """
    Send all at one moment; return the answers in their order.

    The connections are open before, so that the requests race and not the dialing. The
    milliseconds count from that moment.
    """
    return asyncio.run(_together(port, asks))


async def _together(port: int, asks: Sequence[Ask]) -> list[Answer]:
    lines = [await asyncio.open_connection(LOOPBACK, port) for _ in asks]
    began = perf_counter()
    return await asyncio.gather(
        *(
            _caught(_answer(*line, ask, began), began)
            for line, ask in zip(lines, asks, strict=True)
        )
    )


def in_turn(port: int, asks: Sequence[Ask], *, seconds: float) -> list[Answer]:
    """
    Send them evenly over so many seconds, whether the one before is answered or not.

    So a server that is too slow meets a crowd that grows, as it would in life.
    """
    return asyncio.run(_in_turn(port, asks, seconds))


async def _in_turn(port: int, asks: Sequence[Ask], seconds: float) -> list[Answer]:
    async def later(number: int, ask: Ask) -> Answer:
        await asyncio.sleep(number * seconds / len(asks))
        began = perf_counter()

        async def dial() -> Answer:
            line = await asyncio.open_connection(LOOPBACK, port)
            return await _answer(*line, ask, began)

        return await _caught(dial(), began)

    return await asyncio.gather(*(later(*each) for each in enumerate(asks)))


async def _caught(work: Coroutine[None, None, Answer], began: float) -> Answer:
    try:
        return await asyncio.wait_for(work, PATIENCE)
    except (OSError, TimeoutError):
        return Answer(0, (perf_counter() - began) * 1000)


async def _answer(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, ask: Ask, began: float
) -> Answer:
    writer.write(ask.sent())
    await writer.drain()
    told = await reader.read(-1)
    taken = (perf_counter() - began) * 1000
    writer.close()
    head, _, body = told.partition(b"\r\n\r\n")
    status = int(head.split(b" ", 2)[1]) if head else 0
    return Answer(status, taken, head.decode("latin-1"), body.decode(errors="replace"))


def p95(answers: Sequence[Answer]) -> float:
    """Return the milliseconds within which 95 of 100 were answered; inf if never."""
    taken = sorted(one.milliseconds if one.status else inf for one in answers)
    return taken[max(0, -(-len(taken) * 95 // 100) - 1)]
