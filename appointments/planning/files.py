"""
Read entries and openings from CSV, and write a plan. Pure: no database, no clock.

What spreadsheets do to a table is `massage_portal.spreadsheet`'s matter; what a cell
may say is decided here.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable, Iterable, Sequence
from datetime import date, datetime
from functools import cache
from typing import BinaryIO, TypeVar
from zoneinfo import ZoneInfo, available_timezones

from appointments.matching import LETTERS
from appointments.planning.instance import DAY_MINUTES, Entry, Opening
from appointments.planning.plan import Planned
from appointments.planning.progress import EVERY, Share
from massage_portal import spreadsheet
from massage_portal.spreadsheet import SHOWN, BadCell, Line, Refused, Shape

MOST_BYTES = 100_000_000
MOST_ROWS = 100_000
MOST_LETTERS = 200  # in one cell that names something
MOST_TARGET = 36_500  # days
OWN_NAME = "Give each row a name of its own."
LATER = "Put the sooner day into earliest."
YEARS = range(1900, 2200)  # far from where dates overflow
ENTRY_COLUMNS = [
    "entry",
    "received_at",
    "target_days",
    "need",
    "place",
    "technique",
    "earliest",
    "latest",
    "weekdays",
    "from_time",
    "to_time",
    "therapist",
]
OPENING_COLUMNS = [
    "opening",
    "starts_at",
    "minutes",
    "place",
    "therapist",
    "techniques",
    "time_zone",
]
PLAN_COLUMNS = ["entry", "opening", "starts_at", "waited_days", "target_days", "harm"]
_WHOLE = re.compile(r"[0-9]{1,6}")
_DECIMAL = re.compile(r"[0-9]{1,6}([.][0-9]{1,6})?")
_CLOCK = re.compile(r"([0-9]{1,2}):([0-9]{2})")

T = TypeVar("T", Entry, Opening)
V = TypeVar("V")


class _Cells:
    """The cells of one row; a fault is kept with its column, and reading goes on."""

    def __init__(self, line: Line) -> None:
        self._line = line
        self.faults: list[Refused] = []

    def need(self, column: str, read: Callable[[str], V]) -> V | None:
        """Return what the cell says; None if it is at fault, as an empty one is."""
        text = self._line.cells[column].strip()
        try:
            if not text:
                raise BadCell("it is empty", "Fill it in.")
            return read(text)
        except BadCell as fault:
            self.fault(column, fault)
            return None

    def may(self, column: str, read: Callable[[str], V]) -> V | None:
        """Return what the cell says; None if it is empty or at fault."""
        return self.need(column, read) if self._line.cells[column].strip() else None

    def fault(self, column: str, fault: BadCell) -> None:
        """Keep a fault."""
        self.faults.append(
            Refused(self._line.number, column, str(fault), mend=fault.mend)
        )


def read_entries(
    file: BinaryIO, *, told: Share | None = None
) -> tuple[list[Entry], list[Refused]]:
    """
    Return the entries of a file, and the faults of all rows that cannot be taken.

    :param told: how much is read, from time to time.
    :raises spreadsheet.BadFile: if the file as a whole cannot be read.
    """
    return _read(file, ENTRY_COLUMNS, _entry, told)


def read_openings(
    file: BinaryIO, *, told: Share | None = None
) -> tuple[list[Opening], list[Refused]]:
    """
    Return the openings of a file, and the faults of all rows that cannot be taken.

    :param told: how much is read, from time to time.
    :raises spreadsheet.BadFile: if the file as a whole cannot be read.
    """
    return _read(file, OPENING_COLUMNS, _opening, told)


def written(planned: Iterable[Planned]) -> bytes:
    """Return a plan as CSV in UTF-8, for machines and spreadsheets alike."""
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    writer.writerow(PLAN_COLUMNS)
    for one in planned:
        opening = one.opening
        writer.writerow(
            [
                spreadsheet.safe(one.entry.key),
                spreadsheet.safe(opening.key) if opening else "",
                opening.starts_at.isoformat() if opening else "",
                "" if one.waited_days is None else repr(one.waited_days),
                repr(one.target_days),
                "" if one.harm is None else repr(one.harm),
            ]
        )
    return text.getvalue().encode()


def _read(
    file: BinaryIO,
    columns: Sequence[str],
    make: Callable[[_Cells], T | None],
    told: Share | None,
) -> tuple[list[T], list[Refused]]:
    shape = Shape(columns, columns, MOST_BYTES, MOST_ROWS, rows_needed=False)
    rows: list[T] = []
    refused: list[Refused] = []
    seen: dict[str, int] = {}
    size = file.seek(0, io.SEEK_END)
    for count, line in enumerate(spreadsheet.lines(file, shape)):
        if told and count % EVERY == 0:
            told(file.tell() / size)
        if line.fault:
            refused.append(
                Refused(line.number, "", str(line.fault), mend=line.fault.mend)
            )
            continue
        cells = _Cells(line)
        made = make(cells)
        if made is not None:
            before = seen.setdefault(made.key, line.number)
            if before != line.number:
                cells.fault(
                    columns[0], BadCell(f"line {before} has the same", OWN_NAME)
                )
            rows.append(made)
        refused += cells.faults
    return rows, refused


def _entry(cells: _Cells) -> Entry | None:
    """Return the row's entry, or None if a cell is at fault."""
    key = cells.need("entry", _name)
    received_at = cells.need("received_at", _moment)
    days = cells.need("target_days", _target_days)
    score = cells.need("need", _need)
    place, technique = cells.may("place", _name), cells.may("technique", _name)
    earliest, latest = cells.may("earliest", _day), cells.may("latest", _day)
    if earliest and latest and latest < earliest:
        cells.fault("latest", BadCell(f"it is before earliest, {earliest}", LATER))
    weekdays = cells.may("weekdays", _weekdays)
    begin, end = cells.may("from_time", _minute), cells.may("to_time", _minute)
    if end is not None and end <= (begin or 0):
        cells.fault("to_time", BadCell("it must be after from_time, of the same day"))
    therapist = cells.may("therapist", _name)
    if cells.faults or not key or not received_at or not days or score is None:
        return None
    return Entry(
        key=key,
        received_at=received_at,
        category_days=days,
        need_score=score,
        place=place,
        technique=technique,
        earliest=earliest,
        latest=latest,
        weekdays=weekdays,
        from_minute=begin,
        to_minute=end,
        therapist=therapist,
    )


def _opening(cells: _Cells) -> Opening | None:
    """Return the row's opening, or None if a cell is at fault."""
    key = cells.need("opening", _name)
    starts_at = cells.need("starts_at", _moment)
    minutes = cells.need("minutes", _minutes)
    place, therapist = cells.need("place", _name), cells.need("therapist", _name)
    techniques = cells.need("techniques", _techniques)
    zone = cells.need("time_zone", _zone)
    if not (key and starts_at and minutes and place and therapist):
        return None
    if not techniques or not zone:
        return None
    return Opening(key, starts_at, minutes, place, therapist, techniques, zone)


def _name(text: str) -> str:
    name = spreadsheet.within(spreadsheet.words(text), MOST_LETTERS)
    if not name:
        raise BadCell("it is empty", "Fill it in.")
    return name


def _moment(text: str) -> datetime:
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        at = None
    if at is None or at.utcoffset() is None or at.year not in YEARS:
        raise BadCell(
            f'write a time with its offset like 2026-10-14T09:30-05:00, not "'
            f'{text[:SHOWN]}"'
        )
    return at


def _target_days(text: str) -> float:
    days = float(text) if _DECIMAL.fullmatch(text) else 0.0
    if not 0 < days <= MOST_TARGET:
        raise BadCell(
            f'write days, more than 0 and at most {MOST_TARGET:,}, not "{text[:SHOWN]}"'
        )
    return days


def _whole(text: str, least: int, most: int) -> int:
    number = int(text) if _WHOLE.fullmatch(text) else None
    if number is None or not least <= number <= most:
        raise BadCell(
            f'write a whole number from {least} to {most:,}, not "{text[:SHOWN]}"'
        )
    return number


def _need(text: str) -> int:
    return _whole(text, 0, 100)


def _minutes(text: str) -> int:
    return _whole(text, 1, DAY_MINUTES)


def _day(text: str) -> date:
    day = spreadsheet.day(text)
    if day.year not in YEARS:
        raise BadCell(f"write a year from {YEARS[0]} to {YEARS[-1]}")
    return day


def _weekdays(text: str) -> str:
    if not set(text) <= set(LETTERS):
        raise BadCell(
            f"write letters of {LETTERS}, R for Thursday and U for Sunday, not "
            f'"{text[:SHOWN]}"'
        )
    return text


def _minute(text: str) -> int:
    """Return the minutes since the day began; 24:00 is the day's end."""
    found = _CLOCK.fullmatch(text)
    hours, minutes = map(int, found.groups()) if found else (99, 99)
    at = hours * 60 + minutes
    if minutes > 59 or at > DAY_MINUTES:
        raise BadCell(f'write a time like 09:30, 00:00 to 24:00, not "{text[:SHOWN]}"')
    return at


def _techniques(text: str) -> frozenset[str]:
    names = [_name(one) for one in text.split(";") if one.strip()]
    if not names:
        raise BadCell("it names no technique", "Write some, with ; between them.")
    return frozenset(names)


@cache
def _zones() -> frozenset[str]:
    return frozenset(available_timezones())


def _zone(text: str) -> ZoneInfo:
    if text not in _zones():
        raise BadCell(f'write a time zone like America/Chicago, not "{text[:SHOWN]}"')
    return ZoneInfo(text)
