"""
A database server that says nothing is let go, though its machine answers for it.

One that is frozen, as a virtual machine or a disk may be, keeps its connections: TCP
sees nothing wrong, and the driver would wait for ever. So where people wait, the driver
waits by our function, which hangs up once nothing was heard for too long. What the
driver then says is what it says of any server that is gone. A watchdog beside each
request would not know a statement's wait from our own work.

Celery's processes wait for as long as it takes: without the database there is nothing
else that they could do, and once it speaks again they go on where they were. The health
page and the metrics tell meanwhile that nothing is sent, as soon as they can be read.
"""

from __future__ import annotations

import os
import select
import socket
from contextlib import suppress
from functools import partial

from psycopg2.extensions import (
    POLL_OK,
    POLL_READ,
    STATUS_BEGIN,
    STATUS_PREPARED,
    STATUS_READY,
    connection,
    set_wait_callback,
)

CONNECTED = (STATUS_READY, STATUS_BEGIN, STATUS_PREPARED)


def is_borne(*, connecting: float, answering: float) -> None:
    """
    Let no connection of this process wait longer; it cannot COPY from then on.

    :param connecting: seconds for each step of connecting, at each of its addresses.
    :param answering: seconds; longer than any statement may take.
    """
    set_wait_callback(partial(_wait, connecting=connecting, answering=answering))


def _wait(link: connection, *, connecting: float, answering: float) -> None:
    """Wait until the driver has what it waits for; it raises what went wrong."""
    while (wants := link.poll()) != POLL_OK:
        descriptor = link.fileno()
        waiting = select.poll()
        waiting.register(
            descriptor, select.POLLIN if wants == POLL_READ else select.POLLOUT
        )
        seconds = answering if link.status in CONNECTED else connecting
        if not waiting.poll(seconds * 1000):
            _hang_up(descriptor)


def _hang_up(descriptor: int) -> None:
    """End a connection for both sides; the driver finds that out, and closes it."""
    with socket.socket(fileno=os.dup(descriptor)) as line, suppress(OSError):
        line.shutdown(socket.SHUT_RDWR)
