"""Pages as a browser gets them: over HTTP, from the web server with two workers."""

from __future__ import annotations

import os
import statistics
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, redirect_stderr
from http.client import HTTPConnection
from io import StringIO
from time import perf_counter

from django.test import Client

from tests.processes import background, mail_server

HOST = "testserver"
CLIENTS = 8
WARM = 3.0  # seconds until every thread of the server has answered


class Browser:
    """One that is signed in, and keeps its connection."""

    def __init__(self, port: int, client: Client) -> None:
        self.connection = HTTPConnection("127.0.0.1", port, timeout=60)
        pairs = (f"{name}={one.value}" for name, one in client.cookies.items())
        self.headers = {"Host": HOST, "Cookie": "; ".join(pairs)}

    def get(self, address: str) -> bytes:
        """Return the page; anything but 200 ends the benchmark."""
        self.connection.request("GET", address, headers=self.headers)
        answer = self.connection.getresponse()
        body = answer.read()
        if answer.status != 200:
            raise RuntimeError(f"{address}: {answer.status}")
        return body


@contextmanager
def served(module: str = "tests.benchmarks.floor_wsgi") -> Iterator[int]:
    """Start the README's web server with another module, and give its port."""
    with redirect_stderr(StringIO()), mail_server() as mail, background(mail) as run:
        run.environment |= {"PYTHONPATH": os.getcwd()}
        _, port = run.web(f"{module}:application")
        yield port


def medians(browser: Browser, *addresses: str, times: int) -> list[float]:
    """Return the median milliseconds of each address; they take turns."""
    taken: list[list[float]] = [[] for _ in addresses]
    for turn in range(times + 4):
        for address, mine in zip(addresses, taken, strict=True):
            began = perf_counter()
            browser.get(address)
            if turn >= 4:  # both workers are warm by then
                mine.append((perf_counter() - began) * 1000)
    return [statistics.median(mine) for mine in taken]


def rate(port: int, client: Client, address: str, *, seconds: float) -> float:
    """
    Return how many pages a second CLIENTS browsers get at once.

    Not of a server that has just begun: each of its threads has a session of PostgreSQL
    of its own, and plans its statements there once.
    """

    def browse(ends: float) -> int:
        browser, got = Browser(port, client), 0
        while perf_counter() < ends:
            browser.get(address)
            got += 1
        return got

    with ThreadPoolExecutor(CLIENTS) as pool:
        for lasting in (WARM, seconds):
            ends = perf_counter() + lasting
            got = sum(pool.map(browse, [ends] * CLIENTS))
        return got / seconds
