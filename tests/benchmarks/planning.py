"""A plan from files: 10,000 entries, 10,000 openings, about 60 that suit each."""

from __future__ import annotations

import csv
import os
import random
import re
import resource
import subprocess
import sys
import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path
from time import perf_counter
from typing import NamedTuple

from django.conf import settings

from appointments.planning.files import ENTRY_COLUMNS, OPENING_COLUMNS
from tests.benchmarks.figures import Figure, Limit

MANY, FEW = 10_000, 10
IN_TIME = Limit(30_000)  # ms
IN_MEMORY = Limit(4_000)  # MB

BEGINS = datetime(2026, 10, 12, 13, tzinfo=UTC)
PLACES, TECHNIQUES, THERAPISTS = 5, 8, 60
WEEKS = 8
TARGETS = ((3, 1), (14, 3), (42, 6))  # days, and how many of ten
SUIT_DAYS = 12  # from the first day that suits to the last


class Taken(NamedTuple):
    """What one run of the command took."""

    elapsed: float  # ms on the wall
    busy: float  # ms of all processors
    memory: float  # MB at the most, of the command's own process


def measure() -> list[Figure]:
    """
    Return time and memory of the command, beside the same with a handful of rows.

    Once as a clinic's line is, and once with all received at once for one target, where
    nearly everything is a tie.
    """
    figures = []
    with tempfile.TemporaryDirectory(prefix="portal-bench-plan-") as name:
        folder = Path(name)
        write(folder, count=FEW)
        floor = run(folder)
        for words, at_once in (("", False), (", all received at once", True)):
            write(folder, count=MANY, at_once=at_once)
            taken = run(folder)
            what = f"plan from files, {MANY:,} x {MANY:,}{words}"
            few = f"the same, {FEW} x {FEW}"
            figures += [
                _figure(what, taken.elapsed, few, floor.elapsed, limit=IN_TIME),
                _figure(f"{what}: processors", taken.busy, few, floor.busy),
                _figure(
                    f"{what}: memory",
                    taken.memory,
                    few,
                    floor.memory,
                    limit=IN_MEMORY,
                    unit="MB",
                ),
            ]
    return figures


def _figure(what, value, floor, floor_value, *, limit=None, unit="ms"):
    limits = (limit,) if limit else ()
    return Figure(what, value, floor, floor_value, unit=unit, limits=limits)


def run(folder: Path) -> Taken:
    """Plan in a process of its own, which needs no database."""
    files = [f"--{name}={folder / name}.csv" for name in ("entries", "openings")]
    command = [sys.executable, "manage.py", "plan", *files, f"--out={folder / 'plan'}"]
    before, began = _busy(), perf_counter()
    done = subprocess.run(
        command,
        cwd=settings.BASE_DIR,
        env={**os.environ, "DATABASE_URL": "postgres://nobody@127.0.0.1:1/none"},
        capture_output=True,
        text=True,
        check=True,
    )
    elapsed, busy = perf_counter() - began, _busy() - before
    said = re.search(r"^peak memory: ([0-9,]+) MB$", done.stdout, re.M)
    assert said, done.stdout
    return Taken(elapsed * 1000, busy * 1000, float(said[1].replace(",", "")))


def _busy() -> float:
    """Return how long processes that ended have worked, in seconds."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def write(folder: Path, *, count: int, at_once: bool = False) -> None:
    """Write entries.csv and openings.csv, the same each time."""
    chance = random.Random(5)  # noqa: S311 - the same rows each time
    entries = _entries(chance, count)
    if at_once:
        entries = ([row[0], BEGINS.isoformat(), 14, 0, *row[4:]] for row in entries)
    _write(folder / "entries.csv", ENTRY_COLUMNS, entries)
    _write(folder / "openings.csv", OPENING_COLUMNS, _openings(chance, count))


def _write(path, columns, rows):
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(columns)
        writer.writerows(rows)


def _entries(chance, count):
    days, weights = zip(*TARGETS, strict=True)
    for number in range(count):
        received = BEGINS - timedelta(minutes=chance.randrange(90 * 24 * 60))
        earliest = BEGINS.date() + timedelta(days=chance.randrange(WEEKS * 7 - 14))
        morning = chance.random() < 0.5
        yield [
            f"e{number}",
            received.isoformat(),
            chance.choices(days, weights)[0],
            chance.randrange(101),
            f"place {chance.randrange(PLACES)}",
            f"technique {chance.randrange(TECHNIQUES)}",
            earliest,
            earliest + timedelta(days=SUIT_DAYS),
            "".join(sorted(chance.sample("MTWRF", 3))),
            "08:00" if morning else "11:00",
            "14:00" if morning else "18:00",
            "",
        ]


def _openings(chance, count):
    for number in range(count):
        therapist = chance.randrange(THERAPISTS)
        day = chance.randrange(WEEKS * 5)
        starts = BEGINS + timedelta(days=day // 5 * 7 + day % 5)
        starts += timedelta(minutes=30 * chance.randrange(18))
        techniques = sorted({(therapist + step) % TECHNIQUES for step in (0, 1, 3)})
        yield [
            f"o{number}",
            starts.isoformat(),
            60,
            f"place {therapist % PLACES}",
            f"therapist {therapist}",
            "; ".join(f"technique {one}" for one in techniques),
            "America/Chicago",
        ]
