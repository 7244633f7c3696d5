"""What tests of crashes share: messages owed, who is killed, and what is counted."""

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
from datetime import time as clock
from pathlib import Path

import psycopg2
from django.db import DatabaseError, InterfaceError, connection

from massage_portal.accounts.models import User
from massage_portal.outbox.models import Message, Preference
from tests.factories import HOUR, make_appointment, make_clinic, make_policy
from tests.processes import until

# The processes read the real clock: what is owed here has always been due, and of use.
LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)
FAR_OFF = datetime(2190, 6, 1, 15, 0, tzinfo=UTC)
REMINDER = "appointments.reminder"
PATIENCE = 300  # seconds until something goes on, however busy the machine is
MIDNIGHT = clock(0)  # no quiet hours, if they begin and end with it
CHANCE = random.SystemRandom()
WAITING = """
    SELECT count(*) FROM pg_stat_activity
     WHERE wait_event_type = 'Lock' AND query LIKE '%outbox_message%'
       AND pid <> pg_backend_pid()"""


# --- Owed -----------------------------------------------------------------------------


def address(number):
    return f"reader{number}@example.org"


def owe(count, *, first=0):
    """Owe each of many people one mail that has always been due."""
    people = [
        User(email=address(n), name=f"Reader {n}", password="md5$of$nothing")
        for n in range(first, first + count)
    ]
    for number, user in enumerate(User.objects.bulk_create(people), first):
        owed(f"crash:{number}", "accounts.password_reset", "accounts.user", user, user)


def owe_reminders(count):
    """Owe each of many patients a reminder that has always been due."""
    make_policy(in_force_from=LONG_AGO)
    _, (therapist,), (room,) = make_clinic()
    for number in range(count):
        visit = make_appointment(
            therapist=therapist, room=room, starts_at=FAR_OFF + number * 2 * HOUR
        )
        owed_reminder(f"crash:{number}", visit)


def owed_reminder(key, visit, **fields):
    """Owe a reminder of a visit, to one who knows no night."""
    user = visit.patient.user
    Preference.objects.create(user=user, quiet_from=MIDNIGHT, quiet_until=MIDNIGHT)
    return owed(key, REMINDER, "appointments.appointment", visit, user, **fields)


def owed(key, kind, model, record, to, **fields):
    values = {
        "key": key,
        "kind": kind,
        "about": f"{model}:{record.pk}",
        "recipient": to,
        "created_at": LONG_AGO,
        "due_at": LONG_AGO,
        "try_at": LONG_AGO,
        "expires_at": FAR_OFF,
    }
    return Message.objects.create(**values | fields)


def unsent(*, key=""):
    """Return how many are neither sent nor given up, as soon as somebody can say."""
    while True:
        try:
            return Message.objects.unsent().filter(key__startswith=key).count()
        except (DatabaseError, InterfaceError):
            connection.close()


def soon(*, but=""):
    """
    Let what is tried again be tried now: its pauses are claims of other tests.

    :param but: an address whose message waits for its own time.
    """
    waits = Message.objects.unsent().filter(claim=None)
    waits.exclude(recipient__email=but).update(try_at=LONG_AGO)


def none_is_left():
    """Say whether all is sent or given up; what waits to be tried again is tried."""
    soon()
    return not unsent()


def some_more_went(number=40):
    """Wait until so many more are sent or given up."""
    few = unsent() - number
    until(lambda: unsent() <= few, f"only {few} messages left", within=PATIENCE)


def some_come(mail, number):
    """Wait until the mail server has got so many more."""
    goal = len(mail.caught) + number
    until(lambda: len(mail.caught) >= goal, "more mails", within=PATIENCE)


# --- Killed ---------------------------------------------------------------------------


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

    The row is held while the worker wants to mark it: so it stands right there. Return
    the number of its mail.
    """
    aimed, done = [], threading.Event()
    link = psycopg2.connect(
        host=str(own.where.sockets), dbname="portal", user="portal", connect_timeout=5
    )

    def hold(content):
        mail.before_answer = None
        number = number_of(content)
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
    assert done.wait(PATIENCE)
    until(somebody_waits, "a worker that wants to mark", within=PATIENCE)
    killer.kill_all()
    until(lambda: not somebody_waits(), "its end", within=PATIENCE)
    link.close()
    return aimed[0]


# --- Counted --------------------------------------------------------------------------


@contextmanager
def told(capsys):
    """Let the counts be read whether or not the test passes."""
    counts: dict[str, object] = {}
    try:
        yield counts
    finally:
        with capsys.disabled():
            sys.stderr.write(f"\n  crashes: {counts}\n")


def number_of(raw):
    return raw.partition(b"Message-ID: <")[2].partition(b"@")[0].decode()


def times_caught(mail):
    """Return how often the mail server got each message, by its number."""
    return Counter(number_of(raw) for raw in mail.caught)


def lost(mail):
    """Return the numbers of what is marked as sent, and never came."""
    went = Message.objects.exclude(sent_at=None).values_list("message_id", flat=True)
    return {str(number) for number in went} - set(times_caught(mail))


def twice(mail):
    """Return the numbers of what came more than once."""
    return {number for number, times in times_caught(mail).items() if times > 1}
