"""A page opened while requests that are too large come, beside the same in peace."""

from __future__ import annotations

import statistics
import sys
from contextlib import redirect_stderr
from io import StringIO
from time import perf_counter

from django.conf import settings

from tests.benchmarks.figures import Figure, Limit
from tests.huge import ask
from tests.processes import Family, background, mail_server

OPENED, ATTACKED = "/conditions/", "/is-massage-right-for-me/"
TIMES = 400
EACH_SECOND = 100  # huge requests


def measure() -> Figure:
    """
    Return the 95th percentile at the web server that the README starts.

    The peace is measured before and after, so that a machine that slows down or
    speeds up counts for both. The attack is a process of its own, on this machine too.
    """
    most = str(settings.DATA_UPLOAD_MAX_MEMORY_SIZE)
    logs = StringIO()  # of the server: a line for each refusal
    with redirect_stderr(logs), mail_server() as mail, background(mail) as run:
        _, port = run.web()
        _milliseconds(port, TIMES // 4)
        peace = _milliseconds(port, TIMES // 2)
        command = [sys.executable, "-m", "tests.huge", str(port), ATTACKED, most]
        command += [str(EACH_SECOND)]
        attack = Family(command, run.environment)
        try:
            _milliseconds(port, TIMES // 4)
            attacked = _milliseconds(port, TIMES)
            if attack.process.poll() is not None:
                raise RuntimeError("the attack ended early, so nothing is measured")
        finally:
            attack.kill()
        peace += _milliseconds(port, TIMES // 2)
    return Figure(
        f"page, p95, beside {EACH_SECOND} huge requests a second",
        _p95(attacked),
        "the same page in peace, p95",
        _p95(peace),
        limits=(Limit(2, of_floor=True),),
    )


def _milliseconds(port: int, times: int) -> list[float]:
    taken = []
    for _ in range(times):
        began = perf_counter()
        if ask(port, OPENED) != 200:
            raise RuntimeError("the page did not open")
        taken.append((perf_counter() - began) * 1000)
    return taken


def _p95(taken: list[float]) -> float:
    return statistics.quantiles(taken, n=20)[-1]
