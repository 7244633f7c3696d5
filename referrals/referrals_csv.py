"""
Read a table of referrals that a spreadsheet saved. Pure: no database, no clock.

One line of headings, then one referral a line; `COLUMNS` says what they are. A row
says what the provider's letter says, without the safety questions.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, fields
from datetime import date, timedelta
from typing import Any, BinaryIO, NamedTuple

from django.utils.translation import gettext as _

from massage_portal.spreadsheet import (
    SHOWN,
    BadCell,
    Refused,
    Shape,
    day,
    lines,
    within,
    words,
)
from referrals.codes import Priority
from referrals.npi import is_npi

OLDEST = date(1900, 1, 1)  # birthday
BACK, AHEAD = timedelta(days=730), timedelta(days=1100)  # as the form takes them
MOST_OTHERS = 12  # diagnoses besides the main one
OPTIONAL = {
    *("other_diagnoses", "interval_days", "technique"),
    *("insurer", "reason", "goals"),
}


@dataclass(frozen=True, slots=True)
class Row:
    """What one line says; codes are ICD-10-CM without the dot, in capitals."""

    record_number: str
    given_name: str
    family_name: str
    birth_date: date
    npi: str
    diagnosis: str
    priority: str
    received_on: date
    valid_from: date
    valid_until: date
    sessions: int
    reference: str
    other_diagnoses: tuple[str, ...] = ()
    interval_days: int = 7
    technique: str = ""
    insurer: str = ""
    reason: str = ""
    goals: str = ""


COLUMNS = [one.name for one in fields(Row)]
REQUIRED = [name for name in COLUMNS if name not in OPTIONAL]


class Read(NamedTuple):
    """A line of the file: its row, or None and what is wrong with it."""

    line: int
    row: Row | None
    refused: list[Refused]


def read(
    file: BinaryIO, *, today: date, most_bytes: int, most_rows: int
) -> Iterator[Read]:
    """
    Yield what each line says; a second reading of the same file says the same.

    :param today: the clinic's local day; nothing can have been received after it.
    :raises BadFile: if it is too large, no text, no table or has other headings.
    """
    shape = Shape(COLUMNS, REQUIRED, most_bytes, most_rows, windows=True)
    readers = _readers(today)
    for number, cells, fault in lines(file, shape):
        if fault:
            yield Read(number, None, [Refused(number, "", str(fault), fault.mend)])
            continue
        row, refused = _row(number, cells, readers)
        yield Read(number, None if refused else row, refused)


Reader = Callable[[str], Any]


def _readers(today: date) -> dict[str, Reader]:
    """Return how each column is read."""
    lately, ahead = today - BACK, today + AHEAD
    return {
        "record_number": lambda cell: _plain(_text(cell, 20)),
        "given_name": lambda cell: _text(cell, 100),
        "family_name": lambda cell: _text(cell, 100),
        "birth_date": lambda cell: _day(cell, OLDEST, today),
        "npi": _npi,
        "diagnosis": lambda cell: _code(words(cell)),
        "other_diagnoses": _codes,
        "priority": _priority,
        "received_on": lambda cell: _day(cell, lately, today),
        "valid_from": lambda cell: _day(cell, lately, ahead),
        "valid_until": lambda cell: _day(cell, lately, ahead),
        "sessions": lambda cell: _number(cell, 60),
        "interval_days": lambda cell: _number(cell, 365) if words(cell) else 7,
        "technique": lambda cell: within(words(cell).lower(), 100),
        "insurer": lambda cell: within(words(cell), 150),
        "reason": lambda cell: within(words(cell, lines=True), 2000),
        "goals": lambda cell: within(words(cell, lines=True), 1000),
        "reference": lambda cell: _text(cell, 100),
    }


def _row(
    line: int, cells: dict[str, str], readers: dict[str, Reader]
) -> tuple[Row | None, list[Refused]]:
    """Return one row, and what is wrong with it."""
    values: dict[str, Any] = {}
    refused = []
    for column, cell in cells.items():
        try:
            values[column] = readers[column](cell)
        except BadCell as fault:
            refused.append(Refused(line, column, str(fault), fault.mend))
    if refused:
        return None, refused
    row = Row(**values)
    return row, _out_of_order(line, row)


def _out_of_order(line: int, row: Row) -> list[Refused]:
    """Return the dates that are before those which they must follow."""
    pairs = [
        ("received_on", row.received_on, row.birth_date),
        ("valid_from", row.valid_from, row.birth_date),
        ("valid_until", row.valid_until, row.valid_from),
    ]
    fault, mend = _("it is before %(day)s"), _("Check the dates.")
    return [
        Refused(line, column, fault % {"day": earliest}, mend)
        for column, found, earliest in pairs
        if found < earliest
    ]


def _text(cell: str, most: int) -> str:
    text = within(words(cell), most)
    if not text:
        raise BadCell(_("it is empty"), _("Fill it in."))
    if not any(letter.isalnum() for letter in text):
        raise BadCell(_("it has no letter and no digit"), _("Fill it in."))
    return text


def _plain(text: str) -> str:
    """Return a number that is told from others in the same way everywhere."""
    if not text.isascii():
        raise BadCell(_("it may have the letters A to Z, digits and signs only"))
    return text


def _day(cell: str, earliest: date, latest: date) -> date:
    found = day(words(cell))
    if not earliest <= found <= latest:
        raise BadCell(
            _("%(day)s is not between %(earliest)s and %(latest)s")
            % {"day": found, "earliest": earliest, "latest": latest},
            _("Check the dates."),
        )
    return found


def _npi(cell: str) -> str:
    text = words(cell)
    if not is_npi(text):
        raise BadCell(
            _('"%(cell)s" is no valid NPI') % {"cell": text[:SHOWN]},
            _(
                "Write the ten digits from the letter. If the spreadsheet changes "
                "them, give the column the format Text."
            ),
        )
    return text


def _code(text: str) -> str:
    code = text.upper().replace(".", "")
    if not (code.isascii() and code.isalnum() and 3 <= len(code) <= 7):
        raise BadCell(
            _('"%(cell)s" is no ICD-10-CM code') % {"cell": text[:SHOWN]},
            _("Write the code alone, like M79.7."),
        )
    return code


def _codes(cell: str) -> tuple[str, ...]:
    parts = [part.strip() for part in words(cell).split(";")]
    codes = tuple(dict.fromkeys(_code(part) for part in parts if part))
    if len(codes) > MOST_OTHERS:
        raise BadCell(
            _("it has %(count)d codes, and %(most)d is the most")
            % {"count": len(codes), "most": MOST_OTHERS}
        )
    return codes


def _priority(cell: str) -> str:
    text = words(cell).lower()
    if text not in Priority.values:
        raise BadCell(
            _('write one of %(codes)s, not "%(cell)s"')
            % {"codes": ", ".join(Priority.values), "cell": text[:SHOWN]}
        )
    return text


def _number(cell: str, most: int) -> int:
    text = words(cell)
    number = int(text) if text.isascii() and text.isdigit() and len(text) < 6 else 0
    if not 1 <= number <= most:
        raise BadCell(
            _('write a whole number from 1 to %(most)d, not "%(cell)s"')
            % {"most": most, "cell": text[:SHOWN]}
        )
    return number
