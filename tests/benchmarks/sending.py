"""
Reminders through beat's task, Valkey, workers and a mail server, beside bare SMTP.

The floor is the same mails, written before, handed to the same mail server by a loop of
Python's smtplib over one connection, right before each round.

A mail server on this machine takes a mail in no time, and two cores are busy with one
worker process beside it: more of them must cost nothing. Whether they send more is seen
at a mail server that lets each mail wait, as those at the end of a line do.
"""

from __future__ import annotations

import os
import smtplib
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import time, timedelta
from time import perf_counter, sleep

from django.test import override_settings

from appointments.codes import Status
from appointments.models import Appointment
from appointments.models.outside import outside_of_hours
from massage_portal.embedded import die_with_parent
from massage_portal.outbox import actions, tasks
from massage_portal.outbox.carriers.email import EmailCarrier
from massage_portal.outbox.kinds import kind_of
from massage_portal.outbox.letter import written
from massage_portal.outbox.models import Message, Preference
from tests.benchmarks.figures import Figure, Limit, say
from tests.benchmarks.filling import Clinic, analyze

OF_THE_FLOOR = 2_000
KIND = "appointments.reminder"
OURS = "bench:"  # keys begin so; other parts of the bench owe reminders too
WORKER = [sys.executable, "-m", "celery", "--app", "massage_portal", "--quiet"]
WORKER += ["worker", "--loglevel", "ERROR", "--without-mingle", "--without-gossip"]
WORKER += ["--without-heartbeat", "--pool", "prefork", "--concurrency"]
PATIENCE = 300  # seconds
PROCESSES = (1, 2, 4)


@dataclass(frozen=True)
class Server:
    """A mail server, what goes to it, and what must come of it."""

    what: str
    waits: float  # seconds, with each mail
    mails: int
    of_floor: float  # with one process at least
    of_one: dict[int, float]  # with more, at least so many times as many


AT_ONCE = Server("reminders", 0.0, 10_000, 0.5, {2: 0.8, 4: 0.8})
FAR_AWAY = Server("of a server 20 ms away", 0.02, 1_200, 0.5, {2: 1.6, 4: 2.6})


def measure(of: Clinic) -> list[Figure]:
    """Return the messages a second of one worker process, of two and of four."""
    _owe(of)
    return [figure for one in (AT_ONCE, FAR_AWAY) for figure in _measure(one)]


def _measure(server: Server) -> list[Figure]:
    keys = Message.objects.filter(key__startswith=OURS).order_by("pk")
    some = list(keys.values_list("pk", flat=True)[: server.mails])
    figures: list[Figure] = []
    with mail_sink(server.waits) as sink:
        for number in PROCESSES:
            floor = _floor(sink, most=int(OF_THE_FLOOR / (1 + 400 * server.waits)))
            with workers(number, sink):
                rate = _round(sink, some)
            limit = Limit(server.of_floor, of_floor=True)
            if figures:
                limit = Limit(server.of_one[number] * figures[0].value)
            figures.append(
                Figure(
                    what=f"{len(some):,} {server.what}, {number} worker processes",
                    value=rate,
                    floor="the same mails by smtplib alone",
                    floor_value=floor,
                    unit="/s",
                    limits=(limit,),
                )
            )
    return figures


def _owe(of: Clinic) -> None:
    """Owe reminders of visits ahead, to patients who know no night."""
    ahead = Appointment.objects.filter(status=Status.BOOKED, starts_at__gt=of.now)
    ahead = ahead.with_place().select_related("patient__user").order_by("pk")
    never = outside_of_hours(ahead)  # the clinic calls those, and reminds nobody
    visits = [one for one in ahead if one.pk not in never][: AT_ONCE.mails]
    assert len(visits) == AT_ONCE.mails
    Message.objects.unsent().update(voided_at=of.now)  # what other parts owe
    always = time(0, 0)
    Preference.objects.bulk_create(
        Preference(user_id=visit.patient.user_id, quiet_from=always, quiet_until=always)
        for visit in visits
    )
    Message.objects.bulk_create(
        Message(
            key=f"{OURS}{visit.pk}",
            kind=KIND,
            about=actions.about(visit),
            recipient_id=visit.patient.user_id,
            created_at=of.now,
            due_at=of.now - timedelta(hours=1),
            try_at=of.now - timedelta(hours=1),
            expires_at=of.now + timedelta(days=90),
        )
        for visit in visits
    )
    analyze()


# --- The mail server ------------------------------------------------------------------


class MailSink:
    """The mail server's process, and what it says."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.process = process
        self.port = int(self._read())

    def counted(self) -> tuple[int, int]:
        """Return how many mails it took, and how many different ones."""
        assert self.process.stdin is not None
        self.process.stdin.write("\n")
        self.process.stdin.flush()
        taken, different = self._read().split()
        return int(taken), int(different)

    def _read(self) -> str:
        assert self.process.stdout is not None
        return self.process.stdout.readline()


@contextmanager
def mail_sink(waits: float) -> Iterator[MailSink]:
    """Run the mail server while the block runs."""
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.benchmarks.mail_sink", str(waits)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        preexec_fn=die_with_parent,
    )
    try:
        yield MailSink(process)
    finally:
        process.communicate()


def _floor(sink: MailSink, *, most: int) -> float:
    """Return how many mails a second go by smtplib alone."""
    bodies = list(_composed(most))
    with smtplib.SMTP("127.0.0.1", sink.port) as server:
        server.ehlo()
        began = perf_counter()
        for sender, to, body in bodies:
            server.sendmail(sender, [to], body)
        return len(bodies) / (perf_counter() - began)


def _composed(most: int) -> Iterator[tuple[str, str, bytes]]:
    backend = "django.core.mail.backends.locmem.EmailBackend"
    with override_settings(EMAIL_BACKEND=backend):
        carrier = EmailCarrier()
        for message in Message.objects.filter(key__startswith=OURS)[:most]:
            assert message.recipient is not None
            mail = written(message, kind_of(KIND))
            assert mail is not None
            to = message.recipient.email
            out = carrier._compose(message, mail, address=to)
            yield out.from_email, to, out.message().as_bytes(linesep="\r\n")


# --- The workers ----------------------------------------------------------------------


@contextmanager
def workers(number: int, sink: MailSink) -> Iterator[None]:
    """Run a worker of so many processes while the block runs; it is ready then."""
    names = {
        "EMAIL_URL": f"smtp://127.0.0.1:{sink.port}",
        "SWEEP_SECONDS": "5",
    }
    process = subprocess.Popen(
        [*WORKER, str(number)],
        env=os.environ | names,
        cwd=os.getcwd(),
        preexec_fn=die_with_parent,
    )
    try:
        _until_ready()
        yield
    finally:
        _end(process)


def _end(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    process.wait(60)


def _until_ready() -> None:
    from massage_portal.celery import app

    for _ in range(PATIENCE):
        if app.control.ping(timeout=1):
            return
    raise AssertionError("no worker came up")


def _round(sink: MailSink, keys: list[int]) -> float:
    """Send these reminders anew; return how many went a second."""
    ours = Message.objects.filter(pk__in=keys)
    ours.update(
        sent_at=None,
        began_at=None,
        claim=None,
        attempts=0,
        failed_at=None,
        failed_because="",
        voided_at=None,
    )
    analyze()
    taken, _different = sink.counted()
    began = perf_counter()
    tasks.send_due.delay()
    # Whatever is owed is ours. To ask for ours by their keys took as much of a core as
    # the worker did, and the floor has nobody beside it who asks.
    while Message.objects.unsent().exists():
        assert perf_counter() - began < PATIENCE, f"{ours.unsent().count()} are left"
        sleep(0.05)
    seconds = perf_counter() - began
    went = sink.counted()[0] - taken
    assert went == len(keys)
    rate = went / seconds
    say(f"  {rate:,.0f} messages a second")
    return rate
