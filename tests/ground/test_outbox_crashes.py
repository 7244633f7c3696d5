"""
Whatever dies while messages go out: workers, the broker, the database.

All are real processes, on servers that only this test uses.
"""

from __future__ import annotations

import os
import random
import signal
import sys
import threading
import time
from collections import Counter
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import psycopg2
import pytest
from django.db import DatabaseError, InterfaceError, connection

from massage_portal.accounts.models import User
from massage_portal.outbox.codes import Failure
from massage_portal.outbox.locks import LIFE
from massage_portal.outbox.models import Message
from massage_portal.outbox.models.message import HAND_OVER
from tests.own_servers import own_servers
from tests.processes import background, mail_server, until

pytestmark = [pytest.mark.crashes, pytest.mark.processes]

LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)
FAR_OFF = datetime(2190, 6, 1, tzinfo=UTC)
OWED = 500
NOBODYS, NOT_NOW, CUT = range(5), range(5, 15), range(15, 20)  # of the addresses
KILLS, AIMED = 10, 2
CHANCE = random.SystemRandom()
GOAL = 120  # seconds from the last kill until all is sent


@pytest.fixture
def own(django_db_setup, django_db_blocker):
    with django_db_blocker.unblock(), own_servers() as servers:
        yield servers


@pytest.fixture
def mail():
    with mail_server() as server:
        server.each_step = 0.02
        server.answers = {address(n): ["550 nobody of that name"] * 99 for n in NOBODYS}
        server.answers |= {address(n): ["451 not now"] for n in NOT_NOW}
        server.answers |= {address(n): ["cut"] for n in CUT}
        yield server


def address(number):
    return f"reader{number}@example.org"


def owe(count):
    """Owe each of many people one mail that has always been due."""
    people = [
        User(email=address(n), name=f"Reader {n}", password="md5$of$nothing")
        for n in range(count)
    ]
    for number, user in enumerate(User.objects.bulk_create(people)):
        Message.objects.create(
            key=f"crash:{number}",
            kind="accounts.password_reset",
            about=f"accounts.user:{user.pk}",
            recipient=user,
            created_at=LONG_AGO,
            due_at=LONG_AGO,
            try_at=LONG_AGO,
            expires_at=FAR_OFF,
        )


def unsent():
    """Return how many are neither sent nor given up, as soon as somebody can say."""
    while True:
        try:
            return Message.objects.unsent().count()
        except (DatabaseError, InterfaceError):
            connection.close()


def until_some_more_went():
    few = unsent() - 40
    until(lambda: unsent() <= few, f"only {few} messages left", within=60)


def has_caught(mail, number):
    return len(mail.caught) >= number


COUNT = "SELECT count(*) FROM outbox_message"


def nothing_is_left_of_before():
    """Say whether all senders have given back what they had as the server ended."""
    with connection.cursor() as cursor:
        cursor.execute(f"{COUNT} WHERE claim >> 32 <> {LIFE}")
        return cursor.fetchone()[0] == 0


class Killer:
    """Kills processes of a worker without a warning, and remembers when."""

    def __init__(self, master: int) -> None:
        self.master = master
        self.moments: list[float] = []

    def children(self):
        told = Path(f"/proc/{self.master}/task/{self.master}/children").read_text()
        return [int(pid) for pid in told.split()]

    def kill_one(self):
        if found := self.children():
            self._kill(CHANCE.choice(found))

    def kill_all(self):
        for pid in self.children():
            self._kill(pid)

    def _kill(self, pid):
        self.moments.append(time.monotonic())
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


def kill_before_the_mark(mail, killer, own):
    """
    Kill the worker that the mail server has told "250", before it writes that down.

    The row is held while the worker wants to mark it: so it stands right there.
    """
    aimed, done = [], threading.Event()
    link = psycopg2.connect(
        host=str(own.where.sockets), dbname="portal", user="portal", connect_timeout=5
    )

    def hold(content):
        mail.before_answer = None
        number = content.partition(b"Message-ID: <")[2].partition(b"@")[0].decode()
        with link.cursor() as cursor:
            cursor.execute(
                "SELECT FROM outbox_message WHERE message_id = %s FOR UPDATE", [number]
            )
        aimed.append(number)
        done.set()

    def somebody_waits():
        with connection.cursor() as cursor:
            cursor.execute(WAITING)
            return cursor.fetchone()[0]

    mail.before_answer = hold
    assert done.wait(60)
    until(somebody_waits, "a worker that wants to mark what it sent")
    killer.kill_all()
    until(lambda: not somebody_waits(), "its end")
    link.close()
    return aimed


WAITING = """
    SELECT count(*) FROM pg_stat_activity
     WHERE wait_event_type = 'Lock' AND query LIKE '%outbox_message%'
       AND pid <> pg_backend_pid()"""


@contextmanager
def told(capsys):
    """Let the counts be read whether or not the test passes."""
    counts: dict[str, object] = {}
    try:
        yield counts
    finally:
        with capsys.disabled():
            sys.stderr.write(f"\n  crashes: {counts}\n")


def test_whatever_dies_nothing_is_lost_and_twice_goes_only_what_was_not_yet_marked(
    own, mail, capsys
):
    owe(OWED)
    with told(capsys) as counts, background(mail) as run:
        run.environment["SWEEP_SECONDS"] = "2"
        killer = Killer(run.worker("prefork").process.pid)
        other = run.worker("threads")
        run.beat()
        run.beat()

        until_some_more_went()
        own.restart_postgres()
        until_some_more_went()
        until(nothing_is_left_of_before, "the end of the claims of before", within=130)
        own.restart_valkey()
        until_some_more_went()
        killer.moments.append(time.monotonic())
        other.kill()
        aimed = [kill_before_the_mark(mail, killer, own)[0] for _ in range(AIMED)]
        for _ in range(KILLS):
            few = CHANCE.randrange(10)
            until(partial(has_caught, mail, len(mail.caught) + few), "more mails")
            killer.kill_one()

        ended = time.monotonic()
        until(lambda: not unsent(), "all messages sent", within=GOAL)
        counts["seconds after the last kill"] = round(time.monotonic() - ended)
        count(counts, mail, killer, aimed)


def count(counts, mail, killer, aimed):
    """Count what the mail server got, and judge each that it got twice."""
    went = Message.objects.exclude(sent_at=None).in_bulk(field_name="message_id")
    failed = Message.objects.exclude(failed_at=None)
    caught = Counter(number_of(raw) for raw in mail.caught)
    twice = {number for number, times in caught.items() if times > 1}
    counts |= {
        "sent": len(went),
        "refused for good": failed.count(),
        "kills": len(killer.moments),
        "lost": len({str(number) for number in went} - set(caught)),
        "sent twice": len(twice),
    }
    assert counts["lost"] == 0
    assert {one.failed_because for one in failed} == {Failure.REFUSED}
    assert (len(went), failed.count()) == (OWED - len(NOBODYS), len(NOBODYS))
    assert set(aimed) <= twice
    assert set(caught.values()) <= {1, 2}
    for number in twice:
        first, second = (at for at, raw in mail.moments if number_of(raw) == number)
        # Told "250", killed before the mark, and only then sent again.
        assert any(first - 0.5 < kill < first + 6 for kill in killer.moments)
        assert second - first > HAND_OVER.total_seconds() - 1


def number_of(raw):
    return raw.partition(b"Message-ID: <")[2].partition(b"@")[0].decode()
