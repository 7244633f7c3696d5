"""Finding one of 100,000 patients while somebody types, and those who look alike."""

from __future__ import annotations

import statistics
from datetime import date
from time import perf_counter
from typing import Any

from django.db import connection

from referrals.models import Patient
from tests.benchmarks.figures import Figure, count_queries, rows_of

MANY = 100_000
SHOWN = 30
TIMES = 21
# Names of syllables: 16 given ones, and more than 11,000 of families.
FILL = """
INSERT INTO referrals_patient
       (record_number, given_name, family_name, birth_date, phone, version)
SELECT 'Q-' || n,
       (ARRAY['Adá', 'Beatriz', 'Chloé', 'Darío', 'Edda', 'Faro', 'Gisèle', 'Hugo',
              'Inés', 'Jürgen', 'Kåre', 'Lumi', 'Maeve', 'Noor', 'Otis', 'Petra'])
           [1 + n %% 16],
       initcap(a.part || b.part || c.part),
       DATE '1930-01-01' + (n * 7919 %% 32000)::int,
       '', 1
  FROM generate_series(1, %s) AS n
  JOIN (VALUES {first}) AS a (key, part) ON a.key = n * 31 %% {firsts}
  JOIN (VALUES {middle}) AS b (key, part) ON b.key = (n / 7) %% {middles}
  JOIN (VALUES {last}) AS c (key, part) ON c.key = (n / 211) %% {lasts}
"""
PARTS = {
    "first": "ar bel cor dun est fal gar hol ing jas kel lor mon nor ost pel qui ros "
    "sal tor ulm ver wil yar zan bra cla dre fri gro",
    "middle": "a e i o u an en in on ar er or al el il am em im ad ed",
    "last": "ber dez field ford gren hart hoff ison kova land ley lund man mark quist "
    "rez son stad stein strom ton vall ville well wick wood worth",
}
BARE = {
    "name": "SELECT id FROM referrals_patient WHERE names LIKE %s "
    "ORDER BY family_name, given_name, id LIMIT 31",
    "typo": "SELECT id FROM referrals_patient WHERE names %%> %s "
    "ORDER BY word_similarity(%s, names) DESC LIMIT 31",
    "born": "SELECT id FROM referrals_patient WHERE birth_date = %s LIMIT 31",
    "number": "SELECT id FROM referrals_patient WHERE lower(record_number) LIKE %s "
    "LIMIT 31",
}


def fill(number: int = MANY) -> None:
    """Make `number` patients without accounts, in one statement."""
    values: dict[str, Any] = {}
    for name, text in PARTS.items():
        parts = text.split()
        rows = (f"({key}, '{part}')" for key, part in enumerate(parts))
        values |= {name: ", ".join(rows), f"{name}s": len(parts)}
    with connection.cursor() as cursor:
        cursor.execute(FILL.format(**values), [number])
        cursor.execute("VACUUM ANALYZE referrals_patient")


def measure() -> list[Figure]:
    """Return the median and the slowest twentieth of each search, beside bare SQL."""
    fill()
    known = Patient.objects.get(record_number="Q-4711")
    name, given = known.family_name, known.given_name
    typo = f"{name[:2]}{name[3]}{name[2]}{name[4:]}"
    born = known.birth_date
    typed = {
        "1 letter": (name[0], "name", [f"%{name[0].lower()}%"]),
        "2 letters": (name[:2], "name", [f"%{name[:2].lower()}%"]),
        "3 letters": (name[:3], "name", [f"%{name[:3].lower()}%"]),
        "5 letters": (name[:5], "name", [f"%{name[:5].lower()}%"]),
        "the whole name": (name, "name", [f"%{name.lower()}%"]),
        "a first name of thousands": (given, "name", ["%dario%"]),
        "both names": (f"{name} {given}", "name", [f"%{name.lower()}%"]),
        "no accents": ("Gisele", "name", ["%gisele%"]),
        "a typo": (typo, "typo", [typo.lower()] * 2),
        "a typo in both": (f"{given[:-1]} {typo}", "typo", [typo.lower()] * 2),
        "a birth date": (f"{born:%m/%d/%Y}", "born", [born]),
        "a name and a date": (f"{name} {born:%Y-%m-%d}", "born", [born]),
        "a record number": ("q-4711", "number", ["q-4711%"]),
        "half a number": ("Q-47", "number", ["q-47%"]),
        "nobody": ("Xyzzyqwerty", "typo", ["xyzzyqwerty"] * 2),
    }
    figures = [
        figure
        for what, (text, floor, keys) in typed.items()
        for figure in _both(
            f"patient of {MANY:,}: {what}",
            lambda text=text: Patient.objects.find(text, most=SHOWN + 1),
            (BARE[floor], keys),
        )
    ]
    same = {"given_name": given, "family_name": typo, "birth_date": born}
    alike = lambda: list(Patient.objects.alike(**same)[:5])  # noqa: E731
    bare = (BARE["born"], [date(1980, 2, 29)])
    return figures + _both(f"patients alike of {MANY:,}", alike, bare)


def _both(what: str, work: Any, bare: tuple[str, list]) -> list[Figure]:
    mine, floor = _times(work), _times(lambda: rows_of(*bare))
    queries = count_queries(work)
    middle, slow = statistics.median(mine), mine[-2]
    return [
        Figure(what, middle, "bare SQL", statistics.median(floor), queries=queries),
        Figure("  95th of 100", slow, "bare SQL", floor[-2]),
    ]


def _times(work: Any) -> list[float]:
    """Return how long TIMES runs took in ms, in order; the last but one is the p95."""
    work()
    taken = []
    for _ in range(TIMES):
        began = perf_counter()
        work()
        taken.append((perf_counter() - began) * 1000)
    return sorted(taken)
