"""Searches while somebody types: diagnoses and patients."""

from __future__ import annotations

from django.db.models import QuerySet

from referrals.forms import MATCHES
from referrals.models import DiagnosisCode, Patient
from tests.benchmarks import patients as many_patients
from tests.benchmarks.figures import Figure, count_queries, milliseconds, rows_of

BY_CODE = """
SELECT id, code, compact, description FROM referrals_diagnosiscode
 WHERE compact LIKE %s ORDER BY length(description), code LIMIT %s
"""
BY_WORD = """
SELECT id, code, compact, description FROM referrals_diagnosiscode
 WHERE {words} ORDER BY length(description), code LIMIT %s
"""
BY_NAME = """
SELECT id, record_number, given_name, family_name, birth_date, phone, user_id
  FROM referrals_patient
 WHERE upper(family_name) LIKE %s OR upper(given_name) LIKE %s
 ORDER BY family_name, given_name, id LIMIT %s
"""
SHOWN = 30  # patients


def measure() -> list[Figure]:
    """Return each search beside the bare SQL that finds by the same key."""
    codes = DiagnosisCode.objects.count()
    patients = Patient.objects.count()
    found = [
        _diagnosis(f"diagnosis of {codes:,} by code", "M79.7", BY_CODE, "M797%"),
        _diagnosis(f"diagnosis of {codes:,} by letter", "S", BY_CODE, "S%"),
    ]
    found += [
        _by_words(f"diagnosis of {codes:,} by words, {typed!r}", typed)
        for typed in ("fibromyalgia", "low back pain", "fracture left initial", "pa")
    ]
    name = f"Testwell-{Patient.objects.order_by('-pk').values_list('pk', flat=True)[0]}"
    for typed in (name[:12], "Testwell"):
        matching = Patient.objects.matching(typed)[:SHOWN]
        like = f"%{typed.upper()}%"
        found.append(
            _beside(
                f"patient of {patients:,} by name, {typed!r}",
                matching,
                (BY_NAME, [like, like, SHOWN]),
            )
        )
    return found + many_patients.measure()


def _diagnosis(what: str, typed: str, sql: str, *keys: str) -> Figure:
    matching = DiagnosisCode.objects.matching(typed)[:MATCHES]
    return _beside(what, matching, (sql, [*keys, MATCHES]))


def _by_words(what: str, typed: str) -> Figure:
    """Beside one LIKE for each word, in a form that the trigram index can answer."""
    words = typed.split()
    sql = BY_WORD.format(
        words=" AND ".join(["upper(description) LIKE %s"] * len(words))
    )
    return _diagnosis(what, typed, sql, *[f"%{word.upper()}%" for word in words])


def _beside(what: str, found: QuerySet, bare: tuple[str, list]) -> Figure:
    if not found.all():
        raise RuntimeError(f"{what}: nothing found, so nothing is measured")
    took, floor = milliseconds(
        lambda: list(found.all()), lambda: rows_of(*bare), times=15
    )
    return Figure(
        what,
        took,
        "bare SQL, same key",
        floor,
        queries=count_queries(lambda: list(found.all())),
    )
