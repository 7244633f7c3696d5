"""Real threads for races: released together, each with a connection of its own."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from threading import Barrier
from typing import Any

from django.db import connection

PATIENCE = 60  # seconds until a race that hangs becomes a failure


@dataclass(frozen=True)
class Outcome:
    """What came of one call: a value, or the exception that it ended with."""

    value: Any = None
    error: Exception | None = None


def together(*calls: Callable[[], Any]) -> list[Outcome]:
    """
    Run each of `calls` in a thread of its own, all at once; return what came of them.

    Connections are opened before the start, so that the calls race and not the dialing.
    """
    start = Barrier(len(calls))

    def run(call: Callable[[], Any]) -> Outcome:
        try:
            connection.ensure_connection()
            start.wait(PATIENCE)
            return Outcome(value=call())
        except Exception as error:
            return Outcome(error=error)
        finally:
            connection.close()

    with ThreadPoolExecutor(max_workers=len(calls)) as pool:
        return [done.result(PATIENCE) for done in [pool.submit(run, c) for c in calls]]


def won(outcomes: Sequence[Outcome]) -> list[Any]:
    """Return the values of those that did not fail."""
    return [one.value for one in outcomes if one.error is None]


def errors(outcomes: Sequence[Outcome]) -> list[Exception]:
    """Return what the others ended with."""
    return [one.error for one in outcomes if one.error is not None]
