"""A plan from files: 10,000 entries, 10,000 openings, about 60 that suit each."""

from __future__ import annotations

import csv
import random
from datetime import UTC, datetime, timedelta
from pathlib import Path

from appointments.planning.files import ENTRY_COLUMNS, OPENING_COLUMNS

BEGINS = datetime(2026, 10, 12, 13, tzinfo=UTC)
PLACES, TECHNIQUES, THERAPISTS = 5, 8, 60
WEEKS = 8
TARGETS = ((3, 1), (14, 3), (42, 6))  # days, and how many of ten


def write(folder: Path, *, entries: int, openings: int, seed: int = 5) -> None:
    """Write entries.csv and openings.csv, the same for the same seed."""
    chance = random.Random(seed)  # noqa: S311 - the same rows each time
    _write(folder / "entries.csv", ENTRY_COLUMNS, _entries(chance, entries))
    _write(folder / "openings.csv", OPENING_COLUMNS, _openings(chance, openings))


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
            earliest + timedelta(days=21),
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
