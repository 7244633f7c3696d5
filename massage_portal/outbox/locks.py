"""
The sign that a sender lives: a lock of its database session.

The lease of a claim is reckoned by the wall clock, which may jump. So a claim is taken
over only when its lease is over and its sender's session is gone too: PostgreSQL drops
a session's locks as the session ends, also when the process is killed.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from django.db import DatabaseError, InterfaceError, connection

# True where nobody holds the lock whose number stands in the column "claim".
SENDER_IS_GONE = """NOT EXISTS (
    SELECT FROM pg_locks held
     WHERE held.locktype = 'advisory' AND held.objsubid = 1
       AND held.database = (SELECT oid FROM pg_database
                             WHERE datname = current_database())
       AND held.classid::bigint = (claim >> 32)
       AND held.objid::bigint = (claim & 4294967295))"""


@contextmanager
def sign_of_life() -> Iterator[int]:
    """Hold a lock of this session while the block runs; give its number."""
    number = secrets.randbelow(2**62)
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_lock(%s)", [number])
    try:
        yield number
    finally:
        # Where the session is gone, so is its lock.
        with suppress(DatabaseError, InterfaceError), connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_unlock(%s)", [number])
