"""Bookings a second, at times that are all distinct: none may be refused."""

from __future__ import annotations

import multiprocessing
import statistics
from collections.abc import Callable, Sequence
from datetime import timedelta
from time import perf_counter
from typing import Any
from uuid import uuid4

from django.db import connection

from appointments import actions
from appointments.models import Appointment, WaitlistEntry
from appointments.openings import Opening
from tests.benchmarks.figures import Figure, count_queries
from tests.benchmarks.filling import Clinic
from tests.benchmarks.free_time import openings

ROUNDS = 3
LATER = timedelta(weeks=52)  # the floor's rows lie where nobody works
INSERT = """
INSERT INTO appointments_appointment
       (uid, entry_id, patient_id, therapist_id, room_id, status, starts_at, ends_at,
        blocked_until, offered_at, booked_at, ending, reoffer_owed, sequence)
VALUES (%s, %s, %s, %s, %s, 'booked', %s, %s, %s, %s, %s, '', false, 0)
"""
Task = tuple[WaitlistEntry, Opening]


def measure(of: Clinic) -> tuple[list[Figure], int]:
    """Return the rates with 1 and 8 clients, and how many bookings were refused."""
    waiting = WaitlistEntry.objects.waiting().order_by("pk")[:2_000]
    tasks = list(zip(waiting, _apart(openings(of)), strict=False))
    entry, opening = tasks.pop()
    queries = count_queries(lambda: _book(of, entry, opening))
    figures, refused = [], 0
    for clients, each in ((1, 40), (8, 10)):
        rates, floors = [], []
        for _ in range(ROUNDS):
            batch = [tasks.pop() for _ in range(clients * each)]
            floors.append(_at_once(of, _insert, batch, clients)[0])
            _forget_floor(of)
            rate, conflicts = _at_once(of, _book, batch, clients)
            rates.append(rate)
            refused += conflicts
        figures.append(
            Figure(
                f"bookings, {clients} client{'s' if clients > 1 else ''}",
                statistics.median(rates),
                "bare SQL, one row a transaction",
                statistics.median(floors),
                unit="/s",
                queries=queries,
            )
        )
    return figures, refused


def _apart(found: list[Opening]) -> list[Opening]:
    """Return those that do not overlap another of the same therapist."""
    free_from: dict[int, Any] = {}
    chosen = []
    for opening in found:
        start = free_from.get(opening.therapist)
        if start is None or start <= opening.starts_at:
            free_from[opening.therapist] = opening.blocked_until
            chosen.append(opening)
    return chosen


def _book(of: Clinic, entry: WaitlistEntry, opening: Opening) -> int:
    """Book; return 1 if it was refused, which at a time of its own is a fault."""
    try:
        actions.book(entry=entry, opening=opening, by=of.scheduler, now=of.now)
    except actions.Refusal:
        return 1
    return 0


def _insert(of: Clinic, entry: WaitlistEntry, opening: Opening) -> int:
    """Insert the same row by bare SQL; the driver commits each by itself."""
    places = {one.pk: place for place, one in enumerate(of.therapists)}
    times = (opening.starts_at, opening.ends_at, opening.blocked_until)
    connection.ensure_connection()
    with connection.connection.cursor() as cursor:
        cursor.execute(
            INSERT,
            [
                str(uuid4()),
                entry.pk,
                entry.patient_id,
                opening.therapist,
                of.rooms[places[opening.therapist]].pk,
                *(moment + LATER for moment in times),
                of.now,
                of.now,
            ],
        )
    return 0


def _forget_floor(of: Clinic) -> None:
    Appointment.objects.filter(starts_at__gt=of.now + LATER).delete()


def _at_once(
    of: Clinic, work: Callable[..., int], tasks: Sequence[Task], clients: int
) -> tuple[float, int]:
    """Share the tasks among processes that start together; return rate and refusals."""
    connection.close()  # a connection must not be shared with a child
    fork = multiprocessing.get_context("fork")
    begin, answers = fork.Barrier(clients), fork.SimpleQueue()

    def client(mine: Sequence[Task]) -> None:
        try:
            connection.ensure_connection()
            begin.wait()
            began = perf_counter()
            refused = sum(work(of, *task) for task in mine)
            answers.put((began, perf_counter(), refused))
            connection.close()
        except Exception as fault:
            begin.abort()
            answers.put(fault)

    children = [
        fork.Process(target=client, args=(tasks[place::clients],))
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
    return len(tasks) / took, sum(refused for _, _, refused in heard)
