"""
Read a table of insurers that a spreadsheet saved. Pure: no database, no clock.

The table has one line of headings, then one insurer a line. Commas, semicolons or tabs
part the cells; the text is UTF-8, or the UTF-16 that Excel calls Unicode text.
"""

from __future__ import annotations

import codecs
import csv
import io
import re
from collections.abc import Iterator
from datetime import date
from typing import Any, NamedTuple

from massage_portal import plaintext

MOST_BYTES = 10_000_000
MOST_ROWS = 20_000
TEXTS = {"name": 150, "synonyms": 300, "note": 300}  # letters, as the table has room
ANSWERS = ["in_network", "needs_referral", "needs_authorization", "active"]
REQUIRED = ["name", *ANSWERS[:3], "known_since"]
COLUMNS = [*TEXTS, *ANSWERS, "known_since"]
YES = {"yes", "y", "true", "t", "1", "x", "si", "sí"}
NO = {"no", "n", "false", "f", "0"}
FORMULA = ("=", "+", "-", "@")  # a spreadsheet would run such a cell
OLDEST = date(1990, 1, 1)
_ISO = re.compile(r"(?P<y>[0-9]{4})-(?P<m>[0-9]{1,2})-(?P<d>[0-9]{1,2})")
_US = re.compile(r"(?P<m>[0-9]{1,2})/(?P<d>[0-9]{1,2})/(?P<y>[0-9]{4})")


class BadFile(ValueError):
    """The file as a whole cannot be read; the text says why and what to do."""


class Refused(NamedTuple):
    """A row that cannot be taken; `column` is "" if the whole row is at fault."""

    line: int
    column: str
    fault: str

    def __str__(self) -> str:
        column = f', column "{self.column}"' if self.column else ""
        return f"line {self.line}{column}: {self.fault}"


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
    lines = _records(_text(data))
    number, headings = next(lines, (1, []))
    columns = _columns(headings)
    table = Table([], [])
    count = 0
    for number, cells in lines:
        if not any(cell.strip() for cell in cells):
            continue
        count += 1
        if count > MOST_ROWS:
            raise BadFile(
                f"The file has more than {MOST_ROWS:,} rows. Split it in parts."
            )
        row, faults = _row(number, columns, cells, today)
        table.refused.extend(faults)
        if not faults:
            table.rows.append(row)
    if not count:
        raise BadFile("The file has no rows below its headings.")
    return table


def _text(data: bytes) -> str:
    if len(data) > MOST_BYTES:
        raise BadFile(
            f"The file is larger than {MOST_BYTES // 1_000_000} MB. Split it in parts."
        )
    wide = data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    try:
        return data.decode("utf-16" if wide else "utf-8-sig")
    except UnicodeDecodeError as fault:
        line = data[: fault.start].count(b"\n") + 1
        raise BadFile(
            f"Line {line} is not written in UTF-8. "
            'Save the file as "CSV UTF-8" and try again.'
        ) from None


def _records(text: str) -> Iterator[tuple[int, list[str]]]:
    """Yield each record and the line, from 1, that it begins on."""
    first = text.lstrip("\r\n").partition("\n")[0]
    delimiter = max(",;\t", key=first.count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    begins = 1
    try:
        for cells in reader:
            if cells or begins > 1:
                yield begins, cells
            begins = reader.line_num + 1
    except csv.Error as fault:
        raise BadFile(f"The table is broken near line {begins}: {fault}.") from None


def _columns(headings: list[str]) -> list[str]:
    """Return the name of the field that each column fills."""
    columns = [re.sub(r"[\s_-]+", "_", one.strip().lower()) for one in headings]
    while columns and not columns[-1]:  # a spreadsheet may add empty columns
        columns.pop()
    for heading, column in zip(headings, columns, strict=False):
        if column not in COLUMNS:
            raise BadFile(
                f'"{heading.strip()[:40]}" is no heading of this table. '
                f"It may have: {', '.join(COLUMNS)}."
            )
        if columns.count(column) > 1:
            raise BadFile(f'The heading "{column}" is there more than once.')
    missing = [column for column in REQUIRED if column not in columns]
    if missing:
        raise BadFile(f"These headings are missing: {', '.join(missing)}.")
    return columns


def _row(
    line: int, columns: list[str], cells: list[str], today: date
) -> tuple[dict[str, Any], list[Refused]]:
    """Return the fields of one row, and what is wrong with it."""
    extra = [cell for cell in cells[len(columns) :] if cell.strip()]
    if len(cells) < len(columns) or extra:
        fault = f"it has {len(cells)} cells, and the headings are {len(columns)}"
        return {}, [Refused(line, "", fault)]
    row: dict[str, Any] = {}
    faults = []
    for column, cell in zip(columns, cells, strict=False):
        try:
            row[column] = _value(column, cell, today)
        except ValueError as fault:
            faults.append(Refused(line, column, str(fault)))
    return row, faults


def _value(column: str, cell: str, today: date) -> Any:
    """
    Return what one cell says.

    :raises ValueError: if it says nothing that the column may hold; the text says why.
    """
    if cell.strip().startswith(FORMULA):
        raise ValueError("a cell may not begin with = + - or @")
    try:
        text = plaintext.clean(cell, lines=False)
    except ValueError:
        raise ValueError("it has a hidden character or too many accents") from None
    if text.startswith(FORMULA):  # something invisible stood before it
        raise ValueError("a cell may not begin with = + - or @")
    if column in TEXTS:
        return _words(text, column)
    if column in ANSWERS:
        return _answer(text)
    return _date(text, today)


def _words(text: str, column: str) -> str:
    if column == "name" and not text:
        raise ValueError("it is empty")
    if len(text) > TEXTS[column]:
        raise ValueError(f"it has {len(text)} letters, and {TEXTS[column]} is the most")
    return text


def _answer(text: str) -> bool:
    if text.lower() in YES | NO:
        return text.lower() in YES
    raise ValueError(f'write yes or no, not "{text[:40]}"')


def _date(text: str, today: date) -> date:
    found = _ISO.fullmatch(text) or _US.fullmatch(text)
    try:
        day = date(*(int(found[part]) for part in "ymd")) if found else None
    except ValueError:
        day = None
    if day is None:
        raise ValueError(
            f'write a date like 2026-10-14 or 10/14/2026, not "{text[:40]}"'
        )
    if not OLDEST <= day <= today:
        raise ValueError(f"{day} is not between {OLDEST} and today")
    return day
