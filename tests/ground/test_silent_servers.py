"""Servers that are gone, or that take a connection and never say a word."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
from contextlib import suppress

import pytest
from celery import current_app
from django.db import OperationalError, connection, transaction

from massage_portal import broker, ending
from massage_portal.outbox import patience, tasks
from tests.processes import LOOPBACK, ROOT

APART = ["unshare", "--user", "--map-root-user", "--net"]  # a network of its own
NO_PAGE_WAITS_LONGER = 5  # seconds


# --- The broker -----------------------------------------------------------------------


@pytest.fixture
def deaf():
    """A server that lets everyone connect, and never says a word."""
    with socket.socket() as listening:
        listening.bind((LOOPBACK, 0))
        listening.listen(50)
        listening.setblocking(False)
        yield listening


@pytest.fixture
def reach(monkeypatch):
    """Name a broker that is none."""

    def use(port):
        address = f"redis://{LOOPBACK}:{port}/0"
        monkeypatch.setattr(current_app.conf, "broker_write_url", address)

    return use


def callers(listening):
    """Return how many have connected since this was asked last."""
    came = 0
    with suppress(BlockingIOError):
        while True:
            listening.accept()[0].close()
            came += 1
    return came


def test_a_broker_that_never_answers_is_tried_once_and_not_for_long(deaf, reach):
    reach(deaf.getsockname()[1])

    assert not broker.hand_out(tasks.send_some)

    assert callers(deaf) == 1
    assert 2 * broker.PATIENCE < 2  # to connect, and to answer


def test_a_broker_that_is_gone_does_no_harm_and_is_told_in_the_log(reach, caplog):
    with socket.socket() as nobody:  # bound, so nobody else has the port
        nobody.bind((LOOPBACK, 0))
        reach(nobody.getsockname()[1])
        assert not broker.hand_out(tasks.send_some, lasts=30)
    (line,) = [one.getMessage() for one in caplog.records]
    assert "no_broker" in line
    assert "outbox.send_some" in line


@pytest.mark.usefixtures("committed")
def test_no_task_is_handed_out_inside_a_transaction():
    with transaction.atomic(), pytest.raises(RuntimeError, match="committed"):
        broker.hand_out(tasks.send_some)


# --- The database ---------------------------------------------------------------------


def in_a_network_of_its_own(program):
    """Return what the program told last."""
    if not shutil.which("unshare") or subprocess.run([*APART, "true"]).returncode:
        pytest.skip("this machine gives no process a network of its own")
    url, _, _ = os.environ["DATABASE_URL"].rpartition("/")
    names = {"DATABASE_URL": f"{url}/{connection.settings_dict['NAME']}"}
    done = subprocess.run(
        [*APART, sys.executable, "-m", program],
        cwd=ROOT,
        env=os.environ | names,
        stdout=subprocess.PIPE,
        timeout=120,
        check=True,
    )
    return json.loads(done.stdout.splitlines()[-1])


@pytest.mark.processes
def test_what_a_machine_held_that_vanished_comes_free_by_itself():
    told = in_a_network_of_its_own("tests.vanished")

    assert told["asked"] == {
        "tcp_keepalives_idle": "30",
        "tcp_keepalives_interval": "10",
        "tcp_keepalives_count": "3",
        "tcp_user_timeout": "60000",
    }
    assert not told["free at once"]
    assert told["taken over"]


@pytest.mark.usefixtures("committed")
@pytest.mark.processes
def test_no_page_waits_long_for_a_database_of_which_nothing_is_heard():
    told = in_a_network_of_its_own("tests.cut_off")
    ends = {what: end for what, (end, _seconds) in told.items()}
    assert ends == {
        "before": "200",
        "kept connection": "503",
        "new connection": "503",
        "after": "200",
        "frozen, kept connection": "503",
        "frozen, new connection": "503",
        "thawed": "200",
        "statement": "lost",
    }
    for meanwhile in ("kept connection", "new connection", "statement"):
        assert told[meanwhile][1] < NO_PAGE_WAITS_LONGER
    # A statement may rightly say nothing for as long as it may take.
    assert told["frozen, kept connection"][1] < 2 * NO_PAGE_WAITS_LONGER
    assert told["frozen, new connection"][1] < NO_PAGE_WAITS_LONGER


# --- The end of a worker --------------------------------------------------------------


@pytest.fixture
def asked_to_end(monkeypatch):
    """Let the worker be asked to end so many seconds ago."""

    def ask(ago):
        monkeypatch.setattr(
            ending, "_asked_at", lambda: patience.time.monotonic() - ago
        )

    return ask


def test_a_worker_at_its_end_waits_no_longer_for_a_database(asked_to_end, monkeypatch):
    tries, waited = [], []
    monkeypatch.setattr(patience.time, "sleep", waited.append)

    def away():
        tries.append(1)
        if len(tries) == 3:
            asked_to_end(ending.GRACE + 1)
        raise OperationalError("the database is away")

    with pytest.raises(OperationalError):
        patience.patiently(away)

    assert len(tries) == 3
    assert waited == [0.2, 0.5]


def test_a_worker_that_was_just_asked_to_end_waits_still(asked_to_end, monkeypatch):
    asked_to_end(1)
    faults = [OperationalError("away"), OperationalError("away")]
    monkeypatch.setattr(patience.time, "sleep", lambda _seconds: None)

    def back_at_the_third():
        if faults:
            raise faults.pop()

    patience.patiently(back_at_the_third)

    assert faults == []


def test_the_longest_hand_over_and_the_last_try_end_before_a_worker_is_killed(settings):
    to_connect = to_hand_over = settings.EMAIL_TIMEOUT
    one_try = 2 * settings.DATABASES["default"]["OPTIONS"]["connect_timeout"]
    assert max(to_connect + to_hand_over, ending.GRACE) + one_try < 30


def test_what_asks_a_worker_to_end_is_known_to_its_children():
    program = """
import os
from massage_portal import celery, ending
from celery.signals import worker_shutting_down
reads, writes = os.pipe()
child = os.fork()
if child == 0:
    os.read(reads, 1)
    os._exit(7 if ending.is_near() else 1)
assert not ending.is_near()
worker_shutting_down.send(sender="a worker", sig="TERM", how="Warm", exitcode=0)
os.write(writes, b".")
assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 7
"""
    subprocess.run([sys.executable, "-c", program], cwd=ROOT, check=True, timeout=60)
