"""Take the time, count the queries, and set figures beside their floors."""

from __future__ import annotations

import statistics
import sys
from collections.abc import Callable
from dataclasses import dataclass
from time import perf_counter
from typing import Any

from django.db import connection


@dataclass(frozen=True)
class Limit:
    """
    What a figure must keep: a time or memory at most so much, a rate at least so high.

    Of the floor: so many times the floor, which this very run measured.
    """

    value: float
    of_floor: bool = False

    def bound(self, figure: Figure) -> float:
        """Return it in the figure's own unit."""
        return self.value * (figure.floor_value if self.of_floor else 1)

    def kept(self, figure: Figure) -> bool:
        """Say whether the figure keeps it; one that is no number does not."""
        if figure.less_is_better:
            return figure.value <= self.bound(figure)
        return figure.value >= self.bound(figure)

    def words(self, figure: Figure) -> str:
        """Return it as the table shows it."""
        sign = "<=" if figure.less_is_better else ">="
        unit = "of floor" if self.of_floor else figure.unit
        return f"{sign} {self.value:,.5g} {unit}"


# The best of other open systems, measured on such a machine with eight clients.
BEST_OF_OTHERS = {"queue": Limit(107), "openings": Limit(282), "bookings": Limit(108)}


@dataclass(frozen=True)
class Figure:
    """One line of the table."""

    what: str
    value: float
    floor: str
    floor_value: float
    unit: str = "ms"
    queries: int | None = None
    limits: tuple[Limit, ...] = ()

    @property
    def less_is_better(self) -> bool:
        """Say whether it is a time or memory, and no rate."""
        return self.unit in ("ms", "MB")

    @property
    def missed(self) -> list[str]:
        """Return the limits that it does not keep, in words."""
        return [one.words(self) for one in self.limits if not one.kept(self)]

    @property
    def ratio(self) -> float:
        """How many times the floor it takes; for rates, how many times slower."""
        if self.less_is_better:
            return self.value / self.floor_value
        return self.floor_value / self.value

    def cells(self) -> list[str]:
        """Return the line as text."""
        return [
            self.what,
            "" if self.queries is None else str(self.queries),
            f"{self.value:,.1f} {self.unit}",
            self.floor,
            f"{self.floor_value:,.1f} {self.unit}",
            f"{self.ratio:,.1f} x",
            ", ".join(one.words(self) for one in self.limits),
            self._verdict(),
        ]

    def _verdict(self) -> str:
        if not self.limits:
            return ""
        return "MISSED" if self.missed else "met"


HEAD = ["what", "queries", "median", "floor", "median", "of floor"]
HEAD += ["limit", "kept"]
TO_THE_RIGHT = {1, 2, 4, 5}


def table(figures: list[Figure]) -> str:
    """Return the figures as one aligned table."""
    rows = [HEAD, *(figure.cells() for figure in figures)]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = []
    for row in rows:
        cells = [
            cell.rjust(width) if place in TO_THE_RIGHT else cell.ljust(width)
            for place, (cell, width) in enumerate(zip(row, widths, strict=True))
        ]
        lines.append("  ".join(cells).rstrip())
    lines.insert(1, "  ".join("-" * width for width in widths))
    return "\n".join(lines)


def missed(figures: list[Figure]) -> list[str]:
    """Return a line for each limit that is not kept."""
    return [
        f"{one.what}: {one.value:,.1f} {one.unit}, not {limit}"
        for one in figures
        for limit in one.missed
    ]


def milliseconds(*works: Callable[[], Any], times: int = 9) -> list[float]:
    """
    Return the median of `times` runs of each, after one that warms up.

    They take turns, so that a busy moment of the machine is shared by all of them.
    """
    taken: list[list[float]] = [[] for _ in works]
    for work in works:
        work()
    for _ in range(times):
        for work, mine in zip(works, taken, strict=True):
            began = perf_counter()
            work()
            mine.append((perf_counter() - began) * 1000)
    return [statistics.median(mine) for mine in taken]


def count_queries(work: Callable[[], Any]) -> int:
    """Return how many statements one run of `work` sends."""
    sent = 0

    def count(execute, sql, params, many, context):
        nonlocal sent
        sent += 1
        return execute(sql, params, many, context)

    with connection.execute_wrapper(count):
        work()
    return sent


def rows_of(sql: str, params: list[Any] | None = None) -> list[tuple[Any, ...]]:
    """Return what bare SQL reads: Django's driver, and none of its layers."""
    connection.ensure_connection()
    with connection.connection.cursor() as cursor:
        cursor.execute(sql, params)
        return cursor.fetchall()


def say(words: str) -> None:
    """Tell on stderr what is going on: stdout is for the table."""
    sys.stderr.write(f"{words}\n")
    sys.stderr.flush()
