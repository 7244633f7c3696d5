"""
Two web workers of our own, and clients that ask them over real sockets.

The workers run Django alone, with no middleware: what stands before every view would
be the same for the floor and for what is measured, and would only bring them closer.
"""

from __future__ import annotations

import gc
import multiprocessing
import socket
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from time import perf_counter
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer

from django.core.wsgi import get_wsgi_application
from django.db import connection
from django.test import override_settings
from django.urls import clear_url_caches

WORKERS = 2
FORK = multiprocessing.get_context("fork")


class _Quiet(WSGIRequestHandler):
    def log_message(self, *args: Any) -> None:
        """Say nothing."""


@contextmanager
def workers() -> Iterator[int]:
    """Serve `plain_views` on two processes; yield the port."""
    connection.close()  # a connection must not be shared with a child
    with socket.create_server(("127.0.0.1", 0), backlog=128) as listening:
        children = [
            FORK.Process(target=_serve, args=(listening,), daemon=True)
            for _ in range(WORKERS)
        ]
        for child in children:
            child.start()
        try:
            yield listening.getsockname()[1]
        finally:
            for child in children:
                child.terminate()
                child.join()


def _serve(listening: socket.socket) -> None:
    with override_settings(
        MIDDLEWARE=[],
        ROOT_URLCONF="tests.benchmarks.plain_views",
        ALLOWED_HOSTS=["*"],
        DEBUG=False,
    ):
        clear_url_caches()
        connection.settings_dict["CONN_HEALTH_CHECKS"] = False
        connection.settings_dict["CONN_MAX_AGE"] = None
        server = WSGIServer(("127.0.0.1", 0), _Quiet, bind_and_activate=False)
        server.socket.close()
        server.socket = listening
        server.server_address = listening.getsockname()
        server.server_name, server.server_port = "127.0.0.1", server.server_address[1]
        server.setup_environ()
        server.set_app(get_wsgi_application())
        gc.freeze()  # as the portal's own workers: what is loaded stays
        server.serve_forever()


def ask(port: int, path: str) -> int:
    """Send one GET and return its status."""
    with socket.create_connection(("127.0.0.1", port)) as line:
        line.sendall(f"GET {path} HTTP/1.0\r\nHost: testserver\r\n\r\n".encode())
        answer = b""
        while chunk := line.recv(65536):
            answer += chunk if len(answer) < 64 else b""
    return int(answer.split(b" ", 2)[1])


def rate(port: int, paths: Sequence[str], *, clients: int) -> tuple[float, list[int]]:
    """Ask for all `paths`, shared by clients; return how many a second, and codes."""
    begin, answers = FORK.Barrier(clients), FORK.SimpleQueue()

    def client(mine: Sequence[str]) -> None:
        try:
            begin.wait()
            began = perf_counter()
            codes = [ask(port, path) for path in mine]
            answers.put((began, perf_counter(), codes))
        except Exception as fault:
            begin.abort()
            answers.put(fault)

    children = [
        FORK.Process(target=client, args=(paths[place::clients],))
        for place in range(clients)
    ]
    for child in children:
        child.start()
    heard = [answers.get() for _ in children]
    for child in children:
        child.join()
    for answer in heard:
        if isinstance(answer, Exception):
            raise answer
    took = max(end for _, end, _ in heard) - min(began for began, _, _ in heard)
    codes = [code for _, _, some in heard for code in some]
    return len(paths) / took, codes
