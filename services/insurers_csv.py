"""
Read a table of insurers that a spreadsheet saved. Pure: no database, no clock.

The table has one line of headings, then one insurer a line. Commas, semicolons or tabs
part the cells; the text is UTF-8, or the UTF-16 that Excel calls Unicode text.
"""

from __future__ import annotations

import io
from datetime import date
from typing import Any, NamedTuple

from massage_portal.spreadsheet import (
    SHOWN,
    BadCell,
    BadFile,
    Refused,
    Shape,
    day,
    lines,
    within,
    words,
)

__all__ = ["MOST_BYTES", "BadFile", "Refused", "Table", "read"]

MOST_BYTES = 10_000_000
MOST_ROWS = 20_000
TEXTS = {"name": 150, "synonyms": 300, "note": 300}  # letters, as the table has room
ANSWERS = ["in_network", "needs_referral", "needs_authorization", "active"]
REQUIRED = ["name", *ANSWERS[:3], "known_since"]
COLUMNS = [*TEXTS, *ANSWERS, "known_since"]
YES = {"yes", "y", "true", "t", "1", "x", "si", "sí"}
NO = {"no", "n", "false", "f", "0"}
OLDEST = date(1990, 1, 1)


class Table(NamedTuple):
    """What a file says: the fields of each good row, and a line for each fault."""

    rows: list[dict[str, Any]]
    refused: list[Refused]


def read(data: bytes, *, today: date) -> Table:
    """
    Return the rows of a file; a field whose column is absent is absent from its row.

    :param today: the clinic's local day; nothing can be known since a later one.
    :raises BadFile: if it is too large, no text, no table or has other headings.
    """
    table = Table([], [])
    shape = Shape(COLUMNS, REQUIRED, most_bytes=MOST_BYTES, most_rows=MOST_ROWS)
    for number, cells, fault in lines(io.BytesIO(data), shape):
        row, faults = _row(number, cells, today)
        if fault:
            faults = [Refused(number, "", str(fault))]
        table.refused.extend(faults)
        if not faults:
            table.rows.append(row)
    return table


def _row(
    line: int, cells: dict[str, str], today: date
) -> tuple[dict[str, Any], list[Refused]]:
    """Return the fields of one row, and what is wrong with it."""
    row: dict[str, Any] = {}
    faults = []
    for column, cell in cells.items():
        try:
            row[column] = _value(column, cell, today)
        except BadCell as fault:
            faults.append(Refused(line, column, str(fault)))
    return row, faults


def _value(column: str, cell: str, today: date) -> Any:
    """
    Return what one cell says.

    :raises BadCell: if it says nothing that the column may hold; the text says why.
    """
    text = words(cell)
    if column in TEXTS:
        return _words(text, column)
    if column in ANSWERS:
        return _answer(text)
    return _date(text, today)


def _words(text: str, column: str) -> str:
    if column == "name" and not text:
        raise BadCell("it is empty")
    return within(text, TEXTS[column])


def _answer(text: str) -> bool:
    if text.lower() in YES | NO:
        return text.lower() in YES
    raise BadCell(f'write yes or no, not "{text[:SHOWN]}"')


def _date(text: str, today: date) -> date:
    known = day(text)
    if not OLDEST <= known <= today:
        raise BadCell(f"{known} is not between {OLDEST} and today")
    return known
