"""
Run the whole portal on one machine: servers, web, worker, beat, mail catcher.

Whatever way it ends, everything it started ends too: on Ctrl-C and SIGTERM in order,
and if it is killed outright, by the kernel (see embedded.die_with_parent).
"""

from __future__ import annotations

import json
import os
import secrets
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TextIO
from urllib.parse import quote

import psutil
from environs import Env

from massage_portal import embedded
from massage_portal.demo import texts

ROOT = Path(__file__).resolve().parent.parent.parent
LOCAL = ROOT / ".local"
STOP_WITHIN = 10.0  # seconds for one process
READY_WITHIN = 40.0


class Stopped(Exception):
    """Somebody asked the demo to end."""


@dataclass
class Child:
    """One process that the demo keeps alive."""

    name: str
    command: list[str]
    environment: dict[str, str]
    pauses: Iterator[float] = field(default_factory=lambda: growing())
    process: subprocess.Popen[bytes] | None = None
    start_again_at: float = 0.0

    def start(self) -> None:
        """Start it in a session of its own; its words go to a log."""
        logs = LOCAL / "logs"
        logs.mkdir(mode=0o700, exist_ok=True)
        with (logs / f"{self.name}.log").open("ab") as log:
            self.process = subprocess.Popen(  # noqa: S603
                self.command,
                cwd=ROOT,
                env=self.environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
                preexec_fn=embedded.die_with_parent,
            )

    def look_after(self) -> None:
        """Start it again if it died, each time after a longer pause."""
        if self.process is None or self.process.poll() is None:
            return
        if not self.start_again_at:
            pause = next(self.pauses)
            say(f"  {self.name} ended; starting it again in {pause:.0f} s")
            self.start_again_at = time.monotonic() + pause
        elif time.monotonic() >= self.start_again_at:
            self.start_again_at = 0.0
            self.start()

    def stop(self) -> None:
        """End it and whatever it started."""
        if self.process is None:
            return
        family: list[psutil.Process] = []
        with suppress(psutil.NoSuchProcess):
            family = psutil.Process(self.process.pid).children(recursive=True)
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(STOP_WITHIN)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        for orphan in family:
            with suppress(psutil.NoSuchProcess):
                orphan.kill()


def growing() -> Iterator[float]:
    """Yield pauses: 1 s, doubled each time, a minute at most."""
    pause = 1.0
    while True:
        yield pause
        pause = min(pause * 2, 60.0)


def say(words: str) -> None:
    """Tell the person at the terminal."""
    sys.stdout.write(f"{words}\n")
    sys.stdout.flush()


@contextmanager
def timed(words: str) -> Iterator[None]:
    """Say what is being done, and how long it took."""
    began = time.monotonic()
    yield
    say(f"  {words} ({time.monotonic() - began:.1f} s)")


def free_port(wanted: int) -> int:
    """Return `wanted` if nobody has it, else a free port, and say so."""
    for port in (wanted, 0):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            found: int = probe.getsockname()[1]
            if found != wanted:
                say(f"  port {wanted} is taken; using {found}")
            return found
    raise embedded.CannotStart("There is no free port on this machine.")


def private(name: str, content: str) -> None:
    """Write a file that only its owner can read, whole or not at all."""
    path = LOCAL / name
    draft = path.with_name(f"{name}.new")
    with open(draft, "w", opener=lambda p, f: os.open(p, f, 0o600)) as file:
        file.write(content)
    draft.replace(path)


def password() -> str:
    """Return this checkout's demo password, made at the first start."""
    path = LOCAL / "demo_password"
    if not path.exists():
        private("demo_password", f"demo-{secrets.token_urlsafe(9)}")
    return path.read_text()


def _stop(number: int, frame: object) -> None:
    for again in (signal.SIGINT, signal.SIGTERM):
        signal.signal(again, signal.SIG_IGN)  # stopping is under way
    raise Stopped


def _refuse_production() -> None:
    """Keep the demo, its invented people and its mail catcher off a real database."""
    settings = Env()
    settings.read_env(ROOT / ".env", recurse=False)
    if settings.str("DATABASE_URL", ""):
        raise SystemExit(
            "DATABASE_URL is set, in the environment or in .env, so this is a real "
            "portal. The demo brings a database of its own: unset it to run the demo."
        )


def run() -> None:
    """Run the demo until Ctrl-C or SIGTERM."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, _stop)
    began = time.monotonic()
    _refuse_production()
    say("Massage Portal: a demo clinic on this machine")
    try:
        with ExitStack() as stack:
            with timed("PostgreSQL and Valkey"):
                stack.enter_context(embedded.servers(LOCAL))
            children = _start_all(stack)
            say(f"Ready in {time.monotonic() - began:.1f} s. Ctrl-C stops everything.")
            while True:
                time.sleep(0.5)
                for child in children:
                    child.look_after()
    except Stopped:
        say("Stopped.")
    except embedded.CannotStart as reason:
        raise SystemExit(f"The demo cannot start: {reason}") from None


def _start_all(stack: ExitStack) -> list[Child]:
    """Prepare, fill the clinic, start the children, and tell where they are."""
    web_port = free_port(int(os.environ.get("PORTAL_PORT") or 8000))
    mail_port, smtp_port = free_port(8025), free_port(1025)
    origin = os.environ.get("PORTAL_ORIGIN") or f"http://127.0.0.1:{web_port}"
    token = secrets.token_urlsafe(16)
    number = quote(texts.NUMBER)
    os.environ |= {
        "PORTAL_ORIGIN": origin,
        "EMAIL_URL": f"smtp://127.0.0.1:{smtp_port}",
        "SMS_URL": f"twilio+http://{texts.ACCOUNT}:{token}@127.0.0.1:{mail_port}"
        f"?from={number}",
        "DJANGO_SETTINGS_MODULE": "massage_portal.settings",
        "SWEEP_SECONDS": os.environ.get("SWEEP_SECONDS", "5"),
    }
    for words in _make_ready():
        say(f"  {words}")
    children = _children(web_port, smtp_port, mail_port, token)
    for child in children:
        child.start()
    for child in reversed(children):  # the stack unwinds: the first one stops first
        stack.callback(child.stop)
    with timed("web, worker, beat and mail"):
        _wait_for(web_port, children)
    _tell(f"http://127.0.0.1:{web_port}", f"http://127.0.0.1:{mail_port}")
    return children


def _make_ready() -> Iterator[str]:
    """
    Migrate and fill the clinic in a process of its own.

    This process then never loads Django with the settings that it is about to change.
    """
    command = [sys.executable, "-m", "massage_portal.demo.fill"]
    work = subprocess.Popen(  # noqa: S603
        command,
        cwd=ROOT,
        env=os.environ | {"DEMO_PASSWORD": password()},
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
        preexec_fn=embedded.die_with_parent,
    )
    try:
        lines: TextIO = work.stdout  # type: ignore[assignment]
        yield from (line.rstrip() for line in lines)
    finally:
        if work.poll() is None and work.stdout and work.stdout.closed:
            work.terminate()
    if work.wait():
        raise embedded.CannotStart("the database could not be made ready; see above.")


def _children(web_port: int, smtp_port: int, mail_port: int, token: str) -> list[Child]:
    """Return the processes, in the order in which they stop."""
    python, environment = sys.executable, dict(os.environ)
    celery = [python, "-m", "celery", "--app", "massage_portal", "--quiet"]
    beat_file = str(LOCAL / "beat")
    serve = [python, "-m", "granian", "--interface", "wsgi", "--host", "127.0.0.1"]
    serve += ["--port", str(web_port), "--workers", "1", "--blocking-threads", "4"]
    serve += ["--http", "1", "--no-ws", "massage_portal.wsgi:application"]
    worker = [*celery, "worker", "--pool", "threads", "--concurrency", "4"]
    worker += ["--without-mingle", "--without-gossip", "--loglevel", "WARNING"]
    beat = [*celery, "beat", "--schedule", beat_file, "--pidfile", ""]
    mail = [python, "-m", "massage_portal.demo.mailbox", str(LOCAL / "mail")]
    mail += [str(smtp_port), str(mail_port), token]
    return [
        Child("web", serve, environment),
        Child("worker", worker, environment),
        Child("beat", beat, environment),
        Child("mail", mail, environment),
    ]


def _wait_for(port: int, children: list[Child]) -> None:
    """
    Wait until the web server of ours answers.

    :raises embedded.CannotStart: if it ends, or does not answer in time.
    """
    deadline = time.monotonic() + READY_WITHIN
    while time.monotonic() < deadline:
        web = children[0].process
        if web is not None and web.poll() is not None:
            log = (LOCAL / "logs" / "web.log").read_text(errors="replace")
            raise embedded.CannotStart(f"the web server ended:\n{log[-2000:]}")
        try:
            with socket.create_connection(("127.0.0.1", port), timeout=1) as link:
                link.settimeout(3)
                link.sendall(b"GET /healthz HTTP/1.0\r\nHost: 127.0.0.1\r\n\r\n")
                if b" 200 " in link.recv(64):
                    return
        except OSError:
            pass
        time.sleep(0.1)
    raise embedded.CannotStart("the web server does not answer; see .local/logs.")


def _tell(base_url: str, mail_url: str) -> None:
    """Print where everything is, and keep it for tools."""
    from massage_portal.demo.people import STAFF

    word = password()
    sign_ins = [
        {"role": role, "email": email, "password": word} for role, email, _n in STAFF
    ]
    facts = {"base_url": base_url, "mail_url": mail_url, "sign_ins": sign_ins}
    private("demo.json", json.dumps(facts, indent=2))
    say(f"\n  The portal   {base_url}\n  Its mail     {mail_url}\n")
    say(f"  Everybody's password is {word}\n")
    for one in sign_ins:
        say(f"  {one['role']:<10} {one['email']}")
    say("")
