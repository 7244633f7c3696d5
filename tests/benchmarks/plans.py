"""A plan of offers for four weeks, drawn up for the whole line."""

from __future__ import annotations

from time import perf_counter

from appointments.models import Policy
from appointments.models.planner import Planner
from tests.benchmarks.figures import Figure, count_queries
from tests.benchmarks.filling import Clinic

WEEKS = 4


def planner(of: Clinic) -> Planner:
    """Return the line and the free time, not read yet."""
    policy = Policy.objects.in_force(of.now)
    return Planner.of_weeks(WEEKS, now=of.now, policy=policy)


def measure(of: Clinic, *, waiting: int) -> Figure:
    """Return how long the whole takes, beside reading what it is drawn up from."""
    read = planner(of)
    began = perf_counter()
    read.openings(None)
    number = len(read.line)
    floor = perf_counter() - began
    whole = planner(of)
    began = perf_counter()
    whole.draw()
    taken = perf_counter() - began
    assert number == waiting
    return Figure(
        what=f"plan of {WEEKS} weeks, {waiting:,} waiting",
        value=taken * 1000,
        floor="reading the line and the openings",
        floor_value=floor * 1000,
        queries=count_queries(lambda: planner(of).draw()),
    )
