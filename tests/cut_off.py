"""
A program that meets a database of which suddenly nothing is heard, and tells how long.

It runs in a network of its own, whose only link it takes down: no packet is refused,
none arrives. Through that link it reaches the tests' PostgreSQL by a relay. That can
freeze: then the kernel takes what is said, as for a server that stands still, and
nobody answers.
"""

from __future__ import annotations

import fcntl
import json
import os
import socket
import struct
import sys
import threading
from contextlib import suppress
from time import monotonic, sleep
from urllib.parse import unquote, urlsplit

LOOPBACK = "127.0.0.1"
FLOWS = threading.Event()  # while it is clear, the relay stands still
FLOWS.set()
GET_FLAGS, SET_FLAGS, UP = 0x8913, 0x8914, 1  # of Linux's netdevice(7)


def link(*, up: bool) -> None:
    """Take the only link of this network up or down."""
    with socket.socket() as any_socket:
        asked = struct.pack("16sh14x", b"lo", 0)
        _, flags = struct.unpack("16sh14x", fcntl.ioctl(any_socket, GET_FLAGS, asked))
        flags = flags | UP if up else flags & ~UP
        fcntl.ioctl(any_socket, SET_FLAGS, struct.pack("16sh14x", b"lo", flags))


def relay(path: str) -> int:
    """Pass what comes by TCP on to a Unix socket; return the port."""
    listening = socket.create_server((LOOPBACK, 0))

    def serve() -> None:
        while True:
            here = listening.accept()[0]
            there = socket.socket(socket.AF_UNIX)
            there.connect(path)
            for pair in ((here, there), (there, here)):
                threading.Thread(target=copy, args=pair, daemon=True).start()

    threading.Thread(target=serve, daemon=True).start()
    return int(listening.getsockname()[1])


def copy(source: socket.socket, target: socket.socket) -> None:
    with suppress(OSError):
        while piece := source.recv(65536):
            FLOWS.wait()
            target.sendall(piece)
    target.close()


def asked(address: str) -> tuple[str, float]:
    """Return a page's status, and how many seconds it took, as a web server asks."""
    from django.test import RequestFactory

    from massage_portal.wsgi import application

    told: list[str] = []
    began = monotonic()
    answer = application(
        RequestFactory().get(address).environ, lambda status, _head: told.append(status)
    )
    answer.close()  # at its end the connections are looked after
    return told[0][:3], monotonic() - began


def while_a_statement_runs() -> tuple[str, float]:
    """Cut the link as a statement is at work; return its end, and the seconds to it."""
    from django.db import OperationalError, connection

    cut: list[float] = []

    def cuts() -> None:
        sleep(0.5)
        link(up=False)
        cut.append(monotonic())

    cutter = threading.Thread(target=cuts)
    cutter.start()
    end = "answered"
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_sleep(20)")
    except OperationalError:
        end = "lost"
    seconds = monotonic() - cut[0]
    cutter.join()
    connection.close()
    return end, seconds


def main() -> None:
    link(up=True)
    where = urlsplit(os.environ["DATABASE_URL"])
    folder = unquote(where.netloc.rpartition("@")[2])
    port = relay(f"{folder}/.s.PGSQL.5432")
    os.environ["DATABASE_URL"] = f"postgres://portal@{LOOPBACK}:{port}{where.path}"

    told = {}
    told["before"] = asked("/conditions/")
    link(up=False)
    told["kept connection"] = asked("/conditions/")
    told["new connection"] = asked("/readyz")
    link(up=True)
    told["after"] = asked("/conditions/")
    FLOWS.clear()
    told["frozen, kept connection"] = asked("/conditions/")
    told["frozen, new connection"] = asked("/readyz")
    FLOWS.set()
    told["thawed"] = asked("/conditions/")
    told["statement"] = while_a_statement_runs()
    sys.stdout.write(f"{json.dumps(told)}\n")


if __name__ == "__main__":
    main()
