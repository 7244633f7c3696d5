"""A spreadsheet of referrals, and the records that it speaks of."""

from __future__ import annotations

import io

from referrals.referrals_csv import COLUMNS
from tests.factories import make_diagnosis, make_insurer, make_provider, make_technique

NPI = "1000000012"
ROW = {
    "record_number": "T-9001",
    "given_name": "José",
    "family_name": "Ejemplo",
    "birth_date": "1985-03-14",
    "npi": NPI,
    "diagnosis": "M79.7",
    "other_diagnoses": "M54.50; G43.909",
    "priority": "urgent",
    "received_on": "2026-10-12",
    "valid_from": "10/12/2026",
    "valid_until": "2027-01-12",
    "sessions": "6",
    "interval_days": "14",
    "technique": "swedish",
    "insurer": "fictional mutual",
    "reason": "Pain in the back",
    "goals": "Sleep, without waking",
    "reference": "L-1",
}


def line(**changes):
    """Return one line; each cell in quotes, as a spreadsheet may write it."""
    cells = ROW | changes
    return ",".join('"' + cells[name].replace('"', '""') + '"' for name in COLUMNS)


def sheet(*lines):
    """Return a file of these lines below the headings; of one good line if of none."""
    return "\r\n".join([",".join(COLUMNS), *(lines or [line()]), ""]).encode()


def opened(*lines):
    return io.BytesIO(sheet(*lines))


def numbered(count):
    """Return so many lines, each about a patient of its own."""
    return [
        line(reference=f"L-{one}", record_number=f"T-{9000 + one}")
        for one in range(count)
    ]


def make_records():
    """Add what `ROW` speaks of, except the patient."""
    make_provider(npi=NPI)
    for code in ("M79.7", "M54.50", "G43.909"):
        make_diagnosis(code)
    make_technique(slug="swedish")
    make_insurer(name="Fictional Mutual")
