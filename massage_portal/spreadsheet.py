"""
Read a table that a spreadsheet saved as CSV, and write one that is safe to open in it.

Pure: no database, no clock. A file is read twice, from its start, in small pieces: once
to learn how its text is written and once for its rows, so that a large one costs no
more memory than a small one.
"""

from __future__ import annotations

import codecs
import csv
import io
import re
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from typing import BinaryIO, NamedTuple

from django.utils.translation import gettext as _

from massage_portal import plaintext

FORMULA = ("=", "+", "-", "@")  # a spreadsheet would run such a cell
MOST_COLUMNS = 100
LONGEST_LINE = 100_000  # letters; csv itself stops at 131,072 in one cell
SHOWN = 40  # letters of a cell that a fault repeats
PIECE = 65_536  # bytes
MOST_EMPTY = 1_000  # rows, besides as many as may be full
WORKBOOKS = (b"PK\x03\x04", b"\xd0\xcf\x11\xe0")  # .xlsx and .ods; .xls
_TWICE = re.compile(rb"\xc3[\x80-\xbf]")  # UTF-8 letters in what is no UTF-8
_ISO = re.compile(r"(?P<y>[0-9]{4})-(?P<m>[0-9]{1,2})-(?P<d>[0-9]{1,2})")
_US = re.compile(r"(?P<m>[0-9]{1,2})/(?P<d>[0-9]{1,2})/(?P<y>[0-9]{4})")


class BadFile(ValueError):
    """The file as a whole cannot be read; the text says why and what to do."""


class TooLarge(BadFile):
    """The file has more bytes or rows than are taken at once."""


class BadCell(ValueError):
    """A cell, or the row, cannot be taken; `mend` says what would help, or is ""."""

    def __init__(self, fault: str, mend: str = "") -> None:
        super().__init__(fault)
        self.mend = mend


class Refused(NamedTuple):
    """A row that cannot be taken; `column` is "" if the whole row is at fault."""

    line: int
    column: str
    fault: str
    mend: str = ""

    def __str__(self) -> str:
        column = f', column "{self.column}"' if self.column else ""
        return f"line {self.line}{column}: {self.fault}"


class Line(NamedTuple):
    """One row: the line of the file it begins on, from 1, and its cells by column."""

    number: int
    cells: dict[str, str]
    fault: BadCell | None = None  # the cells are none then


@dataclass(frozen=True)
class Shape:
    """
    What a table may hold.

    With `windows`, text may be Windows-1252 as well; without `rows_needed`, a table may
    end with its headings.
    """

    columns: Sequence[str]
    required: Collection[str]
    most_bytes: int
    most_rows: int
    windows: bool = False
    rows_needed: bool = True


def lines(file: BinaryIO, shape: Shape) -> Iterator[Line]:
    """
    Yield each row below the headings that is not empty.

    Commas, semicolons or tabs part the cells; the text is UTF-8, or the UTF-16 that
    Excel calls Unicode text. `file` is left open, at no place in particular.

    :raises BadFile: if the file is no text, no table or has other headings.
    :raises TooLarge: if it has too many bytes, or, when they are reached, rows.
    """
    records = _records(file, _encoding(file, shape))
    names = _names(next(records, (1, []))[1], shape)
    count = empty = 0
    for number, cells in records:
        filled = any(cell.strip() for cell in cells)
        count, empty = count + filled, empty + (not filled)
        if count > shape.most_rows or empty > shape.most_rows + MOST_EMPTY:
            raise TooLarge(
                _("The file has more than %(most)s rows. Split it in parts.")
                % {"most": f"{shape.most_rows:,}"}
            )
        if filled:
            yield _line(number, names, cells)
    if not count and shape.rows_needed:
        raise BadFile(_("The file has no rows below its headings."))


def _encoding(file: BinaryIO, shape: Shape) -> str:
    """Return how the whole text is written."""
    _refuse_size(file, shape)
    file.seek(0)
    first = file.read(4)
    if first.startswith(WORKBOOKS):
        raise BadFile(
            _('This is a workbook. Save it as "CSV UTF-8" and send that file.')
        )
    wide = first.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    encoding = "utf-16" if wide else "utf-8-sig"
    line = _undecodable(file, encoding)
    if not line:
        return encoding
    if shape.windows and not wide and not _undecodable(file, "cp1252", never=_TWICE):
        return "cp1252"
    raise BadFile(
        _(
            "Line %(line)d is not written in UTF-8. "
            'Save the file as "CSV UTF-8" and try again.'
        )
        % {"line": line}
    )


def _refuse_size(file: BinaryIO, shape: Shape) -> None:
    if file.seek(0, io.SEEK_END) > shape.most_bytes:
        raise TooLarge(
            _("The file is larger than %(most)d MB. Split it in parts.")
            % {"most": shape.most_bytes // 1_000_000}
        )


def _undecodable(
    file: BinaryIO, encoding: str, *, never: re.Pattern[bytes] | None = None
) -> int:
    """Return the first line that is not so written, from 1; 0 if all of them are."""
    file.seek(0)
    decoder = codecs.getincrementaldecoder(encoding)()
    line, ended = 1, False
    while not ended:
        piece = file.read(PIECE)
        ended = not piece
        try:
            decoder.decode(piece, final=ended)
        except UnicodeDecodeError as fault:
            return line + bytes(fault.object[: fault.start]).count(b"\n")
        if never and never.search(piece):
            return line
        line += piece.count(b"\n")
    return 0


def _records(file: BinaryIO, encoding: str) -> Iterator[tuple[int, list[str]]]:
    """Yield each record and the line, from 1, that it begins on."""
    file.seek(0)
    text = io.TextIOWrapper(file, encoding, newline="")
    begins = 1
    try:
        delimiter = _delimiter(text)
        reader = csv.reader(_short_lines(text), delimiter=delimiter, strict=True)
        for cells in reader:
            if cells or begins > 1:
                yield begins, cells
            begins = reader.line_num + 1
    except csv.Error as fault:
        raise BadFile(
            _("The table is broken near line %(line)d: %(fault)s.")
            % {"line": begins, "fault": fault}
        ) from None
    finally:
        if not text.closed:
            text.detach()


def _delimiter(text: io.TextIOWrapper) -> str:
    """Return what parts the cells of the first line that has any."""
    line = "\n"
    while line in ("\n", "\r\n", "\r"):
        line = text.readline(LONGEST_LINE)
    text.seek(0)
    return max(",;\t", key=line.count)


def _short_lines(text: io.TextIOWrapper) -> Iterator[str]:
    """Yield each line; a quoted cell that is never closed is not read to its end."""
    number = 0
    while line := text.readline(LONGEST_LINE):
        number += 1
        if len(line) == LONGEST_LINE:
            raise BadFile(
                _("Line %(line)d has more than %(most)s letters. This is no table.")
                % {"line": number, "most": f"{LONGEST_LINE:,}"}
            )
        yield line


def _names(headings: list[str], shape: Shape) -> list[str]:
    """Return the name of the field that each column fills."""
    while headings and not headings[-1].strip():  # a spreadsheet may add empty columns
        headings.pop()
    if len(headings) > MOST_COLUMNS:
        raise BadFile(
            _("The file has %(count)s columns, and %(most)d is the most.")
            % {"count": f"{len(headings):,}", "most": MOST_COLUMNS}
        )
    names = [_name(heading) for heading in headings]
    for heading, name in zip(headings, names, strict=True):
        if name not in shape.columns:
            raise BadFile(
                _('"%(heading)s" is no heading of this table. It may have: %(names)s.')
                % {
                    "heading": heading.strip()[:SHOWN],
                    "names": ", ".join(shape.columns),
                }
            )
        if names.count(name) > 1:
            raise BadFile(
                _('The heading "%(name)s" is there more than once.') % {"name": name}
            )
    missing = [name for name in shape.columns if name in shape.required]
    missing = [name for name in missing if name not in names]
    if missing:
        raise BadFile(
            _("These headings are missing: %(names)s.") % {"names": ", ".join(missing)}
        )
    return names


def _name(heading: str) -> str:
    return re.sub(r"[\s_-]+", "_", heading.strip().lower())


def _line(number: int, names: list[str], cells: list[str]) -> Line:
    extra = any(cell.strip() for cell in cells[len(names) :])
    if len(cells) < len(names) or extra:
        fault = _("it has %(cells)d cells, and the headings are %(names)d") % {
            "cells": len(cells),
            "names": len(names),
        }
        mend = _(
            "Each line needs a cell for each heading, even if it is empty. A cell that "
            "holds the separator stands in quotes."
        )
        return Line(number, {}, BadCell(fault, mend))
    if [_name(cell) for cell in cells[: len(names)]] == names:
        fault = _("it says the headings a second time")
        return Line(number, {}, BadCell(fault, _("Delete this line.")))
    return Line(number, dict(zip(names, cells, strict=False)))


def words(cell: str, *, lines: bool = False) -> str:
    """
    Return what a cell says, composed, trimmed and without invisible leftovers.

    :raises BadCell: if a spreadsheet would run it, or it hides characters.
    """
    _refuse_formula(cell)
    try:
        text = plaintext.clean(cell, lines=lines)
    except ValueError:
        raise BadCell(
            _("it has a hidden character or too many accents"),
            _("Delete the cell and type it again."),
        ) from None
    _refuse_formula(text)  # something invisible stood before it
    return text


def _refuse_formula(text: str) -> None:
    if text.strip().startswith(FORMULA):
        raise BadCell(
            _("a cell may not begin with = + - or @"), _("Put a word before it.")
        )


def within(text: str, most: int) -> str:
    """
    Return the text.

    :raises BadCell: if it has more than `most` letters.
    """
    if len(text) > most:
        raise BadCell(
            _("it has %(count)d letters, and %(most)d is the most")
            % {"count": len(text), "most": most},
            _("Shorten it."),
        )
    return text


def day(text: str) -> date:
    """
    Return the day that a cell names, as machines or as Americans write it.

    :raises BadCell: if there is no such day.
    """
    found = _ISO.fullmatch(text) or _US.fullmatch(text)
    try:
        if found:
            return date(*(int(found[part]) for part in "ymd"))
    except ValueError:
        pass
    raise BadCell(
        _('write a date like 2026-10-14 or 10/14/2026, not "%(cell)s"')
        % {"cell": text[:SHOWN]}
    )


def safe(cell: object) -> str:
    """Return what a spreadsheet shows as text, whatever it begins with."""
    text = str(cell)
    return f"'{text}" if text.lstrip().startswith(FORMULA) else text


def written(rows: Iterable[Iterable[object]]) -> bytes:
    """Return rows as a CSV file that Excel knows to be UTF-8, each cell safe."""
    text = io.StringIO(newline="")
    csv.writer(text).writerows([safe(cell) for cell in row] for row in rows)
    return codecs.BOM_UTF8 + text.getvalue().encode("utf-8", "replace")


def result(refused: Iterable[Refused], summary: str) -> bytes:
    """Return the file that says what became of a table: a line for each fault."""
    head = [_("Line"), _("Column"), _("What is wrong"), _("How to mend it")]
    rows = [[one.line, one.column, one.fault, one.mend] for one in refused]
    return written([head, *(rows or [["", "", summary, ""]])])
