"""
The sign that a sender lives: a lock of its database session.

The wall clock may jump, so that no lease alone says whether a sender lives. PostgreSQL
drops a session's locks as the session ends, also when the process is killed. But as
PostgreSQL itself starts anew, all sessions are gone while their senders may live: so
the lock's number tells in which life of the server it was taken.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from django.db import DatabaseError, InterfaceError, connection

# When this life of the server began, in milliseconds, 31 bits of them.
LIFE = """
    ((extract(epoch FROM pg_postmaster_start_time()) * 1000)::bigint & 2147483647)"""

# True where nobody holds the lock whose number stands in the column "claim".
SENDER_IS_GONE = """claim <> ALL(ARRAY(
    SELECT (held.classid::bigint << 32) | held.objid::bigint
      FROM pg_locks held
     WHERE held.locktype = 'advisory' AND held.objsubid = 1
       AND held.database = (SELECT oid FROM pg_database
                             WHERE datname = current_database())))"""

# True where the sender's end means that its process ended, or was long ago.
GONE_FOR_GOOD = f"""(claim >> 32 = {LIFE}
    OR pg_postmaster_start_time() < clock_timestamp() - %s * interval '1 s')"""


@contextmanager
def sign_of_life() -> Iterator[int]:
    """Hold a lock of this session while the block runs; give its number."""
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT number, pg_advisory_lock(number)"  # noqa: S608 - no value is in it
            f" FROM (SELECT ({LIFE} << 32) | %s::bigint AS number) mine",
            [secrets.randbits(32)],
        )
        ((number, _),) = cursor.fetchall()
    try:
        yield number
    finally:
        # Where the session is gone, so is its lock.
        with suppress(DatabaseError, InterfaceError), connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_unlock(%s)", [number])
