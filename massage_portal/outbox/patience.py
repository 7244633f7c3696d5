"""The database may be away for a while; what went must be marked all the same."""

from __future__ import annotations

import time
from collections.abc import Callable
from itertools import chain, repeat

import structlog
from django.db import DatabaseError, InterfaceError, connection

from massage_portal import ending

PATIENCE = 60.0  # seconds; LEASE - HAND_OVER at the most
PAUSES = (0.2, 0.5, 1, 2)  # seconds between two looks for it, then always the last
# What the driver raises as the server goes; of some ends it only says DatabaseError.
LOST = (DatabaseError, InterfaceError)

log = structlog.get_logger(__name__)


def let_go_of_what_is_lost() -> None:
    """Close a connection that serves no more: the next statement opens another."""
    if connection.errors_occurred and not connection.in_atomic_block:
        if not connection.is_usable():
            connection.close()
        connection.errors_occurred = False


def patiently(work: Callable[[], None]) -> None:
    """Do what must not fail: a database that is away is waited for, for a while."""
    gives_up_at = time.monotonic() + PATIENCE
    for pause in chain(PAUSES, repeat(PAUSES[-1])):
        try:
            work()
        except LOST:
            let_go_of_what_is_lost()
            if ending.is_here() or time.monotonic() > gives_up_at:
                log.error("database_away_too_long")
                raise
            time.sleep(pause)
        else:
            return
