"""
Reminders through beat's task, Valkey, workers and a mail server, beside bare SMTP.

The floor is the same mails, written before, handed to the same mail server by a loop of
Python's smtplib over one connection.
"""

from __future__ import annotations

import os
import smtplib
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
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
CELERY = [sys.executable, "-m", "celery", "--app", "massage_portal", "--quiet"]
WORKER = [*CELERY, "worker", "--loglevel", "ERROR", "--without-mingle"]
WORKER += ["--without-gossip", "--without-heartbeat"]
PATIENCE = 300  # seconds
OF_ONE = Limit(0.5, of_floor=True)  # and more processes send no fewer than one


def measure(of: Clinic) -> list[Figure]:
    """Return the messages a second of one worker process, and of two."""
    owed = _owe(of)
    figures: list[Figure] = []
    with mail_sink() as sink:
        floor = _floor(sink)
        for processes in (1, 2):
            with workers(processes, sink):
                rate = _round(sink)
            figures.append(
                Figure(
                    what=f"{owed:,} reminders, {processes} worker processes",
                    value=rate,
                    floor="the same mails by smtplib alone",
                    floor_value=floor,
                    unit="/s",
                    limits=(OF_ONE, *(Limit(one.value) for one in figures)),
                )
            )
    return figures


def _owe(of: Clinic) -> int:
    """Owe a reminder of each visit ahead, to patients who know no night."""
    ahead = Appointment.objects.filter(status=Status.BOOKED, starts_at__gt=of.now)
    ahead = ahead.with_place().select_related("patient__user").order_by("pk")
    never = outside_of_hours(ahead)  # the clinic calls those, and reminds nobody
    visits = [one for one in ahead if one.pk not in never]
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
    return len(visits)


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
def mail_sink() -> Iterator[MailSink]:
    """Run the mail server while the block runs."""
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.benchmarks.mail_sink"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        preexec_fn=die_with_parent,
    )
    try:
        yield MailSink(process)
    finally:
        process.communicate()


def _floor(sink: MailSink) -> float:
    """Return how many mails a second go by smtplib alone."""
    bodies = list(_composed())
    with smtplib.SMTP("127.0.0.1", sink.port) as server:
        server.ehlo()
        began = perf_counter()
        for sender, to, body in bodies:
            server.sendmail(sender, [to], body)
        return len(bodies) / (perf_counter() - began)


def _composed() -> Iterator[tuple[str, str, bytes]]:
    backend = "django.core.mail.backends.locmem.EmailBackend"
    with override_settings(EMAIL_BACKEND=backend):
        carrier = EmailCarrier()
        for message in Message.objects.filter(key__startswith=OURS)[:OF_THE_FLOOR]:
            assert message.recipient is not None
            mail = written(message, kind_of(KIND))
            assert mail is not None
            to = message.recipient.email
            out = carrier._compose(message, mail, address=to)
            yield out.from_email, to, out.message().as_bytes(linesep="\r\n")


# --- The workers ----------------------------------------------------------------------


@contextmanager
def workers(number: int, sink: MailSink) -> Iterator[None]:
    """Run so many worker processes while the block runs; all are ready as it begins."""
    names = {
        "EMAIL_URL": f"smtp://127.0.0.1:{sink.port}",
        "SWEEP_SECONDS": "5",
    }
    with ExitStack() as stack:
        for one in range(number):
            process = subprocess.Popen(
                [*WORKER, "--pool", "threads", "--concurrency", "4", "-n", f"w{one}"],
                env=os.environ | names,
                cwd=os.getcwd(),
                preexec_fn=die_with_parent,
            )
            stack.callback(_end, process)
        _until_ready(number)
        yield


def _end(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    process.wait(60)


def _until_ready(number: int) -> None:
    from massage_portal.celery import app

    for _ in range(PATIENCE):
        answers = app.control.ping(timeout=1)
        if len(answers) >= number:
            return
    raise AssertionError("no worker came up")


def _round(sink: MailSink) -> float:
    """Send all reminders anew; return how many went a second."""
    Message.objects.filter(key__startswith=OURS).update(
        sent_at=None,
        began_at=None,
        claim=None,
        attempts=0,
        failed_at=None,
        failed_because="",
    )
    analyze()
    taken, _different = sink.counted()
    began = perf_counter()
    tasks.send_due.delay()
    while left := Message.objects.unsent().filter(key__startswith=OURS).count():
        assert perf_counter() - began < PATIENCE, f"{left} are left"
        sleep(0.05)
    seconds = perf_counter() - began
    went = sink.counted()[0] - taken
    assert went == Message.objects.filter(key__startswith=OURS).count()
    rate = went / seconds
    say(f"  {rate:,.0f} messages a second")
    return rate
