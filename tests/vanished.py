"""
A machine of ours vanishes while it holds a lock: run in a network of its own.

PostgreSQL listens on the loopback there, which is then cut: what the client's side
would answer never arrives. Whoever asks by the socket file is not cut off. It prints
what the server was asked to do, and whether the lock came free.
"""

from __future__ import annotations

import json
import sys
import tempfile
from contextlib import contextmanager
from pathlib import Path

import django
import psycopg2
from django.conf import settings

from massage_portal import embedded
from tests.cut_off import link

LOCK = 7
ASKED = [
    *("tcp_keepalives_idle", "tcp_keepalives_interval"),
    *("tcp_keepalives_count", "tcp_user_timeout"),
]
SOON = dict.fromkeys(ASKED, "1") | {"tcp_user_timeout": "1s"}
# How long to wait for the lock; named by hand, the settings' own minute is waited for.
PATIENCE = sys.argv[1] if sys.argv[1:] else "20s"


@contextmanager
def a_server():
    with tempfile.TemporaryDirectory() as folder:
        where = embedded.addresses(Path(folder))
        embedded._own_folder(where.sockets)
        conf = {"listen_addresses": "127.0.0.1", "fsync": "off"}
        with embedded._postgres(Path(folder) / "postgres", where, conf):
            yield where


def asked_of(cursor):
    found = {}
    for name in ASKED:
        cursor.execute(f"SHOW {name}")
        [(found[name],)] = cursor.fetchall()
    return found


def main():
    django.setup()
    link(up=True)
    who = {"dbname": "portal", "user": "portal"}
    options = settings.DATABASES["default"]["OPTIONS"]["options"]
    with a_server() as where:
        worker = psycopg2.connect(host="127.0.0.1", options=options, **who)
        worker.autocommit = True
        with worker.cursor() as cursor:
            told = {"asked": asked_of(cursor)}
            if not sys.argv[1:]:  # the test does not wait for a minute
                for name, value in SOON.items():
                    cursor.execute(f"SET {name} = '{value}'")
            cursor.execute("SELECT pg_advisory_lock(%s)", [LOCK])
        link(up=False)
        other = psycopg2.connect(
            host=str(where.sockets), options=f"-c lock_timeout={PATIENCE}", **who
        )
        with other.cursor() as cursor:
            cursor.execute("SELECT pg_try_advisory_lock(%s)", [LOCK])
            [(told["free at once"],)] = cursor.fetchall()
            cursor.execute("SELECT pg_advisory_lock(%s)", [LOCK])  # or it is refused
            told["taken over"] = True
        other.close()
        print(json.dumps(told))  # noqa: T201 - what the test reads


if __name__ == "__main__":
    main()
