"""Bookings a second, at times that are all distinct: none may be refused."""

from __future__ import annotations

import statistics
from datetime import datetime
from urllib.parse import urlencode

from django.db import transaction

from appointments import actions
from appointments.models import Policy, WaitlistEntry
from appointments.openings import Opening
from tests.benchmarks.figures import BEST_OF_OTHERS, Figure, Limit, count_queries
from tests.benchmarks.filling import Clinic
from tests.benchmarks.free_time import openings
from tests.benchmarks.plain_views import TERMS
from tests.benchmarks.served import rate, workers

ROUNDS = 5
LIMIT = Limit(0.25, of_floor=True)
EACH = {1: 40, 8: 80}  # bookings in a round, by the number of clients
Task = tuple[WaitlistEntry, Opening]


def measure(of: Clinic, *, waiting: int) -> tuple[list[Figure], list[str]]:
    """
    Return the rates with 1 and 8 clients, and a fault if a booking was refused.

    :param waiting: how many wait, as filled before.
    """
    exponent = float(Policy.objects.in_force(of.now).harm_exponent)
    line = WaitlistEntry.objects.waiting()
    first = line.in_order_of_need(now=of.now, exponent=exponent)[:2_000]
    tasks = list(zip(first, _apart(openings(of)), strict=False))[::-1]
    # Of the last, for it is taken back: the first would stand before all who follow.
    queries = _queries(of, *tasks.pop(0))
    by = of.scheduler.pk
    figures, refused = [], 0
    with workers() as port:
        _settle(of, port, tasks)
        for clients, each in EACH.items():
            rates, floors = [], []
            for _ in range(ROUNDS):
                batch = [_address(of, *tasks.pop()) for _ in range(each)]
                plain = [f"/insert?by={by}"] * each
                floors.append(rate(port, plain, clients=clients)[0])
                found, codes = rate(port, batch, clients=clients)
                rates.append(found)
                refused += sum(code != 200 for code in codes)
            figures.append(
                Figure(
                    f"bookings, {waiting:,} waiting, "
                    f"{clients} client{'s' if clients > 1 else ''}",
                    statistics.median(rates),
                    "a view that inserts one row",
                    statistics.median(floors),
                    unit="/s",
                    queries=queries,
                    limits=(LIMIT, BEST_OF_OTHERS["bookings"])[: 1 + (clients > 1)],
                )
            )
    fault = f"bookings refused though their time was free: {refused}"
    return figures, [fault] if refused else []


def _queries(of: Clinic, entry: WaitlistEntry, opening: Opening) -> int:
    def work() -> None:
        what = {"entry": entry, "opening": opening, "by": of.scheduler, "terms": TERMS}
        actions.book(now=of.now, **what)

    with transaction.atomic():
        found = count_queries(work)
        transaction.set_rollback(True)
    return found


def _settle(of: Clinic, port: int, tasks: list[Task]) -> None:
    """Let both workers load what they load once."""
    some = [_address(of, *tasks.pop()) for _ in range(8)]
    rate(port, [*some, *[f"/insert?by={of.scheduler.pk}"] * 8], clients=4)


def _address(of: Clinic, entry: WaitlistEntry, opening: Opening) -> str:
    asked = {
        "entry": entry.pk,
        "therapist": opening.therapist,
        "room": opening.room,
        "location": opening.location,
        "starts": opening.starts_at.isoformat(),
        "ends": opening.ends_at.isoformat(),
        "until": opening.blocked_until.isoformat(),
        "zone": opening.zone.key,
        "by": of.scheduler.pk,
    }
    return f"/book?{urlencode(asked)}"


def _apart(found: list[Opening]) -> list[Opening]:
    """Return those that do not overlap another of the same therapist."""
    free_from: dict[int, datetime] = {}
    chosen = []
    for opening in found:
        start = free_from.get(opening.therapist)
        if start is None or start <= opening.starts_at:
            free_from[opening.therapist] = opening.blocked_until
            chosen.append(opening)
    return chosen
