"""
Requests that are too large, sent over real sockets.

`python -m tests.huge PORT ADDRESS LIMIT EACH_SECOND` sends them until somebody ends it.
"""

from __future__ import annotations

import gzip
import socket
import sys
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from itertools import cycle, repeat
from select import select
from threading import Event

import psutil

LOOPBACK = "127.0.0.1"
HOST = "testserver"
GIGABYTE = 10**9
LEAST_OF_ALL = 16_000_000  # bytes; a server that reads so many reads on
PATIENCE = 20.0  # seconds
AT_ONCE = 8
BLOCK = b"x" * 262_144
FORM = "Content-Type: application/x-www-form-urlencoded"
PARTS = "Content-Type: multipart/form-data; boundary=part"
FILE = b'--part\r\nContent-Disposition: form-data; name="a"; filename="a"\r\n\r\n'
FIELDS = b"&".join(b"a%d=" % number for number in range(100_000))
PACKED = gzip.compress(bytes(50_000_000))
Bytes = Callable[[], Iterable[bytes]]


@dataclass(frozen=True)
class Outcome:
    """What came of a request: the status of the answer, and how much was taken."""

    status: int
    sent: int  # bytes


def head(address: str, *lines: str) -> bytes:
    """Return the head of a POST, as from a page of ours."""
    first = [f"POST {address} HTTP/1.1", f"Host: {HOST}", f"Origin: http://{HOST}"]
    return "\r\n".join([*first, *lines, "", ""]).encode()


def body(length: int, beginning: bytes = b"") -> Iterator[bytes]:
    """Yield `length` bytes in blocks."""
    yield beginning
    left = length - len(beginning)
    while left > 0:
        yield BLOCK[:left]
        left -= len(BLOCK)


def endless_header() -> Iterator[bytes]:
    yield head("/", "X-Large: ")[:-4]
    yield from repeat(BLOCK)


def form(address: str, length: int, *lines: str, beginning: bytes = b"") -> Bytes:
    """Return a request that says how long its body is."""
    told = head(address, *lines, f"Content-Length: {length}")
    return lambda: _then(told, body(length, beginning))


def cases(address: str, limit: int) -> dict[str, tuple[Bytes, int]]:
    """Return, by name, requests for the address and the status of each answer."""
    chunked = head(address, FORM, "Transfer-Encoding: chunked")
    chunk = b"%x\r\n%b\r\n" % (len(BLOCK), BLOCK)
    packed = [FORM, "Content-Encoding: gzip"]
    fields, zipped = len(FIELDS), len(PACKED)
    lines = [f"X-{number}: a" for number in range(10_000)]
    return {
        "a byte over": (form(address, limit + 1, FORM), 413),
        "a gigabyte": (form(address, GIGABYTE, FORM), 413),
        "a file of a gigabyte": (
            form(address, GIGABYTE, PARTS, beginning=FILE),
            413,
        ),
        "chunks without end": (lambda: _then(chunked, repeat(chunk)), 400),
        "fields": (form(address, fields, FORM, beginning=FIELDS), 400),
        "packed": (form(address, zipped, *packed, beginning=PACKED), 400),
        "a header of a megabyte": (
            lambda: [head(address, "X-Large: " + "x" * 1_000_000)],
            431,
        ),
        "a header without end": (endless_header, 431),
        "ten thousand headers": (lambda: [head(address, *lines)], 431),
        "an address of a megabyte": (
            lambda: [head(f"{address}?{'x' * 1_000_000}")],
            431,
        ),
    }


def _then(first: bytes, rest: Iterable[bytes]) -> Iterator[bytes]:
    yield first
    yield from rest


def send(port: int, request: Iterable[bytes]) -> Outcome:
    """
    Send until the server hangs up, or all is sent, or LEAST_OF_ALL after its answer.

    :raises TimeoutError: if the server neither reads nor answers.
    """
    told, sent = b"", 0
    with socket.create_connection((LOOPBACK, port), timeout=PATIENCE) as link:
        with suppress(BrokenPipeError, ConnectionResetError):
            for block in request:
                link.sendall(block)
                sent += len(block)
                if not told and select([link], [], [], 0)[0]:
                    told = link.recv(64)
                if told and sent > LEAST_OF_ALL:
                    break
        told = told or link.recv(64)
    return Outcome(int(told.split()[1]) if told else 0, sent)


def ask(port: int, address: str) -> int:
    """Open a page as everybody does, and return its status."""
    plain = f"GET {address} HTTP/1.1\r\nHost: {HOST}\r\nConnection: close\r\n\r\n"
    with socket.create_connection((LOOPBACK, port), timeout=PATIENCE) as link:
        link.sendall(plain.encode())
        told = link.recv(65_536)
        while link.recv(65_536):
            pass
    return int(told.split()[1])


class Memory:
    """The most memory that a family of processes held since this was made, in bytes."""

    def __init__(self, process: int) -> None:
        parent = psutil.Process(process)
        self.family = [one.pid for one in (parent, *parent.children(recursive=True))]
        for one in self.family:
            with open(f"/proc/{one}/clear_refs", "w") as file:
                file.write("5")  # the peak begins anew
        self.before = self.peak()

    def peak(self) -> int:
        """Return the sum of the family's peaks of resident memory."""
        kilobytes = 0
        for one in self.family:
            with open(f"/proc/{one}/status") as file:
                told = dict(line.split(":", 1) for line in file)
            kilobytes += int(told["VmHWM"].split()[0])
        return kilobytes * 1024

    def growth(self) -> int:
        return self.peak() - self.before


def attack(port: int, address: str, limit: int, each_second: int) -> None:
    """Send one of them at each tick, in turn, until somebody ends the process."""
    tick = Event()
    with ThreadPoolExecutor(AT_ONCE) as pool:
        for request, _ in cycle(cases(address, limit).values()):
            pool.submit(send, port, request())
            tick.wait(1 / each_second)


if __name__ == "__main__":
    attack(int(sys.argv[1]), sys.argv[2], int(sys.argv[3]), int(sys.argv[4]))
