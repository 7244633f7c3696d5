"""A PostgreSQL and a Valkey that only one test uses, and may break."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any
from unittest import mock

import redis
from django.db import connection

from massage_portal import embedded

SAFE = {  # what was committed outlives the server's end, but not the machine's
    "fsync": "off",
    "max_connections": "100",
    # What a process asked for that was killed meanwhile is dropped.
    "client_connection_check_interval": "200ms",
}


class OwnServers:
    """Both servers, each of which can be killed and started again."""

    def __init__(self, folder: Path, stack: ExitStack) -> None:
        self.folder = folder
        self.others_broker = os.environ["REDIS_URL"]  # which this test does not break
        self.where = embedded.addresses(folder)
        embedded._own_folder(self.where.sockets)
        stack.callback(shutil.rmtree, self.where.sockets, ignore_errors=True)
        self.valkey = stack.enter_context(ExitStack())
        self.postgres = stack.enter_context(ExitStack())
        self._start_valkey()
        self._start_postgres(SAFE)

    def restart_postgres(self) -> None:
        """End it without a goodbye to anyone, and start it again."""
        self.stop_postgres()
        self.start_postgres()

    def stop_postgres(self) -> None:
        """End it without a goodbye to anyone."""
        running = self.folder / "postgres" / "postmaster.pid"
        os.kill(int(running.read_text().split()[0]), signal.SIGQUIT)
        self.postgres.close()

    def start_postgres(self) -> None:
        """Start it again, with what was committed."""
        self._start_postgres(SAFE)

    def restart_valkey(self) -> None:
        """End it, and start it again with nothing in it."""
        self.stop_valkey()
        self.start_valkey()

    def stop_valkey(self) -> None:
        """End it, with all that is in it."""
        self.valkey.close()
        shutil.rmtree(self.folder / "valkey")

    def start_valkey(self) -> None:
        """Start it again, empty."""
        self._start_valkey()

    @contextmanager
    def silent_valkey(self) -> Iterator[None]:
        """Let it take connections and never say a word while the block runs."""
        process = self._ask_valkey("info")["process_id"]
        os.kill(process, signal.SIGSTOP)
        try:
            yield
        finally:
            os.kill(process, signal.SIGCONT)

    def empty_valkey(self) -> None:
        """Take everything out of it; its connections stay."""
        self._ask_valkey("flushall")

    def _ask_valkey(self, command: str) -> Any:
        path = str(self.where.sockets / "valkey.sock")
        with redis.Redis(unix_socket_path=path) as client:
            return getattr(client, command)()

    def _start_valkey(self) -> None:
        self.valkey.enter_context(
            embedded._valkey(self.folder / "valkey", self.where),
        )

    def _start_postgres(self, settings: Mapping[str, str]) -> None:
        data = self.folder / "postgres"
        self.postgres.enter_context(embedded._postgres(data, self.where, settings))


@contextmanager
def own_servers() -> Iterator[OwnServers]:
    """Give this test servers of its own, with the tables and roles of the others."""
    with ExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="portal-own-"))
        own = OwnServers(Path(folder), stack)
        _copy_tables(own.where)
        names = {
            "DATABASE_URL": own.where.database_url,
            "REDIS_URL": own.where.broker_url,
        }
        stack.enter_context(mock.patch.dict(os.environ, names))
        stack.enter_context(_connected_to(own.where))
        yield own


def _copy_tables(where: embedded.Addresses) -> None:
    shared = connection.settings_dict
    connection.close()
    dump = [str(embedded._pg("pg_dump")), "-h", shared["HOST"], "-U", shared["USER"]]
    load = [str(embedded._pg("psql")), "-h", str(where.sockets), "-U", embedded.NAME]
    written = subprocess.run([*dump, shared["NAME"]], capture_output=True, check=True)
    into = [*load, "-q", "-v", "ON_ERROR_STOP=1", embedded.NAME]
    subprocess.run(into, input=written.stdout, capture_output=True, check=True)


@contextmanager
def _connected_to(where: embedded.Addresses) -> Iterator[None]:
    named = {"HOST": str(where.sockets), "NAME": embedded.NAME, "USER": embedded.NAME}
    with mock.patch.dict(connection.settings_dict, named):
        yield
        connection.close()
