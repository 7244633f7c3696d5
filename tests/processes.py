"""
Real processes and servers for tests: web, Celery's worker and beat, a mail server.

Each process works on the test's own database, and on a numbered database of the test
run's Valkey that no other pytest worker uses.
"""

from __future__ import annotations

import asyncio
import os
import re
import shlex
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from email.message import EmailMessage
from pathlib import Path

import redis
from aiosmtpd.controller import Controller
from django.conf import settings
from django.db import connection

from massage_portal.embedded import die_with_parent
from tests.mails import parsed

ROOT = Path(__file__).resolve().parent.parent
LOOPBACK = "127.0.0.1"
STOP_WITHIN = 30.0  # seconds
CELERY = [sys.executable, "-m", "celery", "--app", "massage_portal", "--quiet"]
WORKER = [*CELERY, "worker", "--loglevel", "WARNING", "--without-mingle"]
WORKER += ["--without-gossip", "--concurrency", "4", "--pool"]


def until(condition: Callable[[], object], what: str, *, within: float = 30.0) -> None:
    """Wait until the condition holds: the one way in which a test may wait."""
    deadline = time.monotonic() + within
    while not condition():
        if time.monotonic() > deadline:
            raise AssertionError(f"within {within:.0f} seconds it never came: {what}")
        time.sleep(0.05)


# --- Mail -----------------------------------------------------------------------------


class Commands:
    """
    What answers the commands of SMTP, and nothing else.

    At each connection aiosmtpd looks at every attribute of this object: it would read
    all mails that came before.
    """

    def __init__(self, server: MailServer) -> None:
        for name in dir(type(server)):
            if name.startswith("handle_"):
                setattr(self, name, getattr(server, name))


class MailServer(Controller):
    """
    An SMTP server on a free port of loopback, which fails as it is told to.

    `at_mail`, `at_rcpt` and `at_data` are its answers; `gate`, while clear, holds every
    RCPT; `named` counts how often it was told of a sender;
    `cut_at` names the command at which it drops the connection; `chokes_on` is whose
    mail makes it do so; `each_step` is how many seconds it takes for every answer.
    `answers` are what it says to single addresses, one after the other.
    `cuts` is how often it hangs up on a mail to an address in DATA; `slow` how many
    seconds it takes to know an address; `asked` counts how often it was named.
    `before_answer` is told of each mail before it is acknowledged.
    """

    def __init__(self, **options) -> None:
        # Its own name, or it asks for that by DNS at each connection, and waits.
        options = {"server_hostname": "localhost"} | options
        super().__init__(Commands(self), hostname=LOOPBACK, port=0, **options)
        self.caught: list[bytes] = []
        self.recipients: list[str] = []
        self.at_mail = self.at_rcpt = self.at_data = "250 fine"
        self.named = 0
        self.cut_at = self.chokes_on = ""
        self.each_step = 0.0
        self.answers: dict[str, list[str]] = {}
        self.cuts: dict[str, int] = {}
        self.slow: dict[str, float] = {}
        self.asked: Counter[str] = Counter()
        self.before_answer: Callable[[bytes], None] | None = None
        self.moments: list[tuple[float, bytes]] = []  # when each mail came
        self.connections = 0
        self.greeted_by = ""
        self.gate = threading.Event()
        self.gate.set()
        self.reached = threading.Event()  # somebody stands before the gate

    def _trigger_server(self):
        self.port = self.server.sockets[0].getsockname()[1]
        super()._trigger_server()

    def start_again(self, port: int) -> None:
        """Listen again, where it did before it was stopped."""
        self.port, self.loop = port, asyncio.new_event_loop()
        self.start()

    async def handle_EHLO(self, server, session, envelope, hostname, replies):  # noqa: N802
        self.connections += 1
        self.greeted_by = hostname
        session.host_name = hostname
        await asyncio.sleep(self.each_step)
        return replies

    async def handle_MAIL(self, server, session, envelope, address, options):  # noqa: N802
        self.named += 1
        await asyncio.sleep(self.each_step)
        if self.cut_at == "MAIL":
            server.transport.abort()
        elif self.at_mail.startswith("250"):
            envelope.mail_from = address
        return self.at_mail

    async def handle_RCPT(self, server, session, envelope, address, options):  # noqa: N802
        if not self.gate.is_set():
            self.reached.set()
            await self.loop.run_in_executor(None, self.gate.wait, 60)
        self.asked[address] += 1
        await asyncio.sleep(self.slow.get(address, self.each_step))
        if said := self.answers.get(address):
            return said.pop(0)
        if self.at_rcpt.startswith("250"):
            envelope.rcpt_tos.append(address)
        return self.at_rcpt

    async def handle_DATA(self, server, session, envelope):  # noqa: N802
        to = envelope.rcpt_tos[0]
        if self.cut_at == "DATA" or to == self.chokes_on or self.cuts.get(to, 0):
            self.cuts[to] = self.cuts.get(to, 0) - 1
            server.transport.abort()
        elif self.at_data.startswith("250"):
            self.caught.append(envelope.original_content)
            self.moments.append((time.monotonic(), envelope.original_content))
            if tell := self.before_answer:
                await self.loop.run_in_executor(None, tell, envelope.original_content)
            self.recipients += envelope.rcpt_tos
        return self.at_data

    async def handle_QUIT(self, server, session, envelope):  # noqa: N802
        if self.cut_at == "QUIT":
            server.transport.abort()
        return "221 bye"

    @property
    def mails(self) -> list[EmailMessage]:
        return [parsed(raw) for raw in self.caught]

    @property
    def times_caught(self) -> Counter[str]:
        """How often each Message-ID came."""
        return Counter(str(mail["Message-ID"]) for mail in self.mails)


@contextmanager
def mail_server(**options) -> Iterator[MailServer]:
    """Run a mail server while the block runs."""
    server = MailServer(**options)
    server.start()
    try:
        yield server
    finally:
        server.gate.set()
        server.stop(no_assert=True)  # a test may have stopped it


# --- Web, worker and beat -------------------------------------------------------------


class Family:
    """A program in a session of its own, with whatever it starts."""

    def __init__(self, command: list[str], environment: dict[str, str]) -> None:
        self.log = tempfile.TemporaryFile()  # noqa: SIM115 - closed in stop()
        self.process = subprocess.Popen(
            command,
            cwd=ROOT,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=self.log,
            stderr=self.log,
            start_new_session=True,
            preexec_fn=die_with_parent,
        )

    def kill(self) -> None:
        """End it at once, as a power cut would: no handler of its own runs."""
        with suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()

    def stop(self) -> str:
        """Ask it to end after the work in hand; return what it logged."""
        try:
            self.process.terminate()
            self.process.wait(STOP_WITHIN)
        finally:
            self.kill()
            self.log.seek(0)
            words = self.log.read().decode(errors="replace")
            self.log.close()
        return words


class Background:
    """Starts workers and beats on the test's database, and stops them all."""

    def __init__(self, stack: ExitStack, mail: MailServer) -> None:
        self.stack = stack
        self.folder = stack.enter_context(tempfile.TemporaryDirectory())
        self.environment = environment(mail)
        self.beats = 0

    def worker(self, pool: str = "threads") -> Family:
        """Start a worker; `pool` is Celery's: threads or prefork."""
        return self._start([*WORKER, pool])

    def beat(self) -> Family:
        self.beats += 1
        schedule = f"{self.folder}/beat-{self.beats}"
        return self._start([*CELERY, "beat", "--schedule", schedule, "--pidfile", ""])

    def web(self, module: str = "") -> tuple[Family, int]:
        """Start the web server as the README tells; return it and its port."""
        with socket.socket() as probe:
            probe.bind((LOOPBACK, 0))
            port = probe.getsockname()[1]
        command = web_command(port)
        family = self._start([*command[:-1], module or command[-1]])
        until(lambda: _listens(port), "the web server")
        return family, port

    def _start(self, command: list[str]) -> Family:
        family = Family(command, self.environment)
        self.stack.callback(self._stop, family)
        return family

    @staticmethod
    def _stop(family: Family) -> None:
        # Shown by pytest when the test fails.
        sys.stderr.write(family.stop())


def web_command(port: int) -> list[str]:
    """Return the README's own command for the web server, on this port."""
    readme = (ROOT / "README.md").read_text().replace("\\\n", " ")
    (told,) = re.findall(r"^\.venv/bin/granian (.+)$", readme, re.M)
    words = shlex.split(told)
    words[words.index("--port") + 1] = str(port)
    return [sys.executable, "-m", "granian", *words]


def _listens(port: int) -> bool:
    with suppress(OSError), socket.create_connection((LOOPBACK, port), timeout=5):
        return True
    return False


def environment(mail: MailServer) -> dict[str, str]:
    """Return the environment in which a process shares this test's database."""
    before, _, _ = os.environ["DATABASE_URL"].rpartition("/")
    return os.environ | {
        "DATABASE_URL": f"{before}/{connection.settings_dict['NAME']}",
        "REDIS_URL": broker(),
        "EMAIL_URL": f"smtp://{LOOPBACK}:{mail.port}",
        "PORTAL_ORIGIN": settings.PORTAL_ORIGIN,
        "SWEEP_SECONDS": "0.5",
    }


def broker() -> str:
    """Return the address of this pytest worker's own database of Valkey, emptied."""
    number = 1 + int(os.environ.get("PYTEST_XDIST_WORKER", "gw0")[2:]) % 15
    base, _, _ = os.environ["REDIS_URL"].rpartition("?virtual_host=")
    path = base.removeprefix("redis+socket://")
    with redis.Redis(unix_socket_path=path, db=number) as client:
        client.flushdb()
    return f"{base}?virtual_host={number}"


@contextmanager
def background(mail: MailServer) -> Iterator[Background]:
    """Let the test start workers and beats; whatever happens, they end with it."""
    with ExitStack() as stack:
        yield Background(stack, mail)
