"""Workers that are asked to end at work, as at each release; with servers away too."""

from __future__ import annotations

import subprocess
import time

import pytest

from massage_portal.outbox.models import Message
from tests.crashing import (
    PATIENCE,
    lost,
    owe_reminders,
    some_more_went,
    times_caught,
    told,
    twice,
    unsent,
)
from tests.processes import background, until

pytestmark = [pytest.mark.crashes, pytest.mark.processes]

OWED, ROUNDS = 300, 6
OWED_HERE = 60  # where a server goes away
ENDS_WITHIN = 30  # seconds
BACK_AFTER = 8  # seconds
CHILDREN = 4  # of a worker: each may be at the mail server


def end(worker, *, meanwhile=None):
    """Ask a worker to end; return how many seconds it took."""
    began = time.monotonic()
    worker.process.terminate()
    if meanwhile:
        until(lambda: time.monotonic() > began + BACK_AFTER, "its time")
        meanwhile()
    worker.process.wait(ENDS_WITHIN - (time.monotonic() - began))
    return round(time.monotonic() - began, 1)


def test_of_workers_that_are_asked_to_end_again_and_again_nothing_goes_twice(
    own, mail, capsys
):
    owe_reminders(OWED)
    mail.each_step = 0.05
    with told(capsys) as counts, background(mail) as run:
        run.environment["SWEEP_SECONDS"] = "1"
        run.beat()
        counts["seconds to the end"] = took = []
        for number in range(ROUNDS):
            worker = run.worker("prefork" if number % 2 else "threads")
            some_more_went(20)
            took.append(end(worker))
            assert not Message.objects.unsent().exclude(claim=None).exists()
        mail.each_step = 0.0
        run.worker("prefork")
        until(lambda: not unsent(), "all messages sent", within=PATIENCE)
        counts |= {"lost": len(lost(mail)), "sent twice": len(twice(mail))}
    assert (counts["lost"], counts["sent twice"]) == (0, 0)
    assert sum(times_caught(mail).values()) == OWED
    assert set(Message.objects.values_list("attempts", flat=True)) == {1}


@pytest.mark.parametrize("pool", ["prefork", "threads"])
def test_a_worker_that_is_asked_to_end_marks_what_went_once_the_database_is_back(
    own, mail, capsys, pool
):
    owe_reminders(OWED_HERE)
    mail.each_step = 0.5
    with told(capsys) as counts, background(mail) as run:
        run.environment["SWEEP_SECONDS"] = "1"
        run.beat()
        worker = run.worker(pool)
        some_more_went(8)
        own.stop_postgres()
        counts["seconds to the end"] = end(worker, meanwhile=own.start_postgres)
        went = len(mail.caught)
        assert unsent() == OWED_HERE - went
        assert Message.objects.exclude(sent_at=None).count() == went
        mail.each_step = 0.0
        run.worker(pool)
        until(lambda: not unsent(), "all messages sent", within=PATIENCE)
        counts |= {"lost": len(lost(mail)), "sent twice": len(twice(mail))}
    assert (counts["lost"], counts["sent twice"]) == (0, 0)


def test_a_worker_ends_in_time_though_neither_database_nor_broker_comes_back(
    own, mail, capsys
):
    owe_reminders(OWED_HERE)
    mail.each_step = 0.5
    with told(capsys) as counts, background(mail) as run:
        run.environment["SWEEP_SECONDS"] = "1"
        beat = run.beat()
        worker = run.worker("prefork")
        some_more_went(8)
        own.stop_postgres()
        own.stop_valkey()
        try:
            counts["seconds to the end"] = end(worker)
        except subprocess.TimeoutExpired:
            counts["seconds to the end"] = "more"
        beat.kill()
        own.start_valkey()
        own.start_postgres()
        mail.each_step = 0.0
        run.worker("prefork")
        run.beat()
        until(lambda: not unsent(), "all messages sent", within=PATIENCE)
        counts |= {"lost": len(lost(mail)), "sent twice": len(twice(mail))}
    assert counts["seconds to the end"] != "more"
    assert counts["lost"] == 0
    # What was told "250" and could be marked nowhere: with the same Message-ID.
    assert counts["sent twice"] <= CHILDREN
