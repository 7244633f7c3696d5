"""
The clinic's calendar as a table: who does what, when. Pure: no database, no clock.

Days are those of the place; a day on which the clocks change has 23 or 25 hours here
as it has there.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from enum import Enum
from typing import Any
from zoneinfo import ZoneInfo

from django.utils.formats import time_format
from django.utils.translation import gettext_lazy as _

from appointments.openings import STEP, Span, on_the_clock

ONE_DAY = timedelta(days=1)
OPEN, SHUT = time(8), time(18)  # what a day without anything in it shows


class Kind(Enum):
    """What fills a stretch of time."""

    VISIT = "visit"
    OFFER = "offer"
    FREE = "free"
    OFF = "off"
    CLOSED = "closed"


WORDS = {
    Kind.VISIT: _("Visit"),
    Kind.OFFER: _("Offer held"),
    Kind.FREE: _("Free"),
    Kind.OFF: _("Off"),
    Kind.CLOSED: _("Closed"),
}


@dataclass(frozen=True)
class Item:
    """One stretch of time in the column of one therapist or room."""

    kind: Kind
    span: Span
    column: int
    note: str = ""  # a reason, for colleagues
    visit: Any = None  # the appointment, where the reader may see it

    @property
    def words(self) -> Any:
        """What it is, in a word."""
        return WORDS[self.kind]


@dataclass(frozen=True)
class Entry:
    """An item, or what of it lies in one day, in local time."""

    item: Item
    start: datetime
    end: datetime
    all_day: bool


@dataclass(frozen=True)
class Cell:
    """A cell of a day's table, so many half hours high; without entries if empty."""

    column: int
    rows: int
    entries: Sequence[Entry] = ()


@dataclass(frozen=True)
class Row:
    """One half hour of a day: its local start, and the cells that begin in it."""

    start: datetime
    said: str
    cells: Sequence[Cell]


def day_span(day: date, zone: ZoneInfo) -> Span:
    """Return `day` from midnight to midnight as the clock in `zone` shows it."""
    start = on_the_clock(day, time(0), zone, fold=0)
    return Span(start, on_the_clock(day + ONE_DAY, time(0), zone, fold=0))


def entries(items: Iterable[Item], day: date, zone: ZoneInfo) -> list[Entry]:
    """Return what of `items` lies in `day`, by time, then by column."""
    whole = day_span(day, zone)
    found = []
    for item in items:
        start, end = max(item.span.start, whole.start), min(item.span.end, whole.end)
        if start < end:
            local = (start.astimezone(zone), end.astimezone(zone))
            found.append(Entry(item, *local, Span(start, end) == whole))
    return sorted(found, key=_by_time)


def _by_time(one: Entry) -> tuple[datetime, datetime, int]:
    start, end = one.start.astimezone(UTC), one.end.astimezone(UTC)
    return (start, end, one.item.column)


def shown_hours(some: Sequence[Entry], day: date, zone: ZoneInfo) -> Span:
    """
    Return the half hours that a table of `day` shows: around all that has a time.

    Time off in the evening or at night does not draw the table out.
    """
    usual = Span(
        on_the_clock(day, OPEN, zone, fold=0), on_the_clock(day, SHUT, zone, fold=1)
    )
    part = [_drawn(one, usual) for one in some if not one.all_day] or [usual]
    first, last = min(one.start for one in part), max(one.end for one in part)
    start = first - _past(first.astimezone(zone))
    return Span(start, last + -(last - start) % STEP)


def _drawn(one: Entry, usual: Span) -> Span:
    """Return the stretch that the table must have room for."""
    whole = Span(one.start.astimezone(UTC), one.end.astimezone(UTC))
    part = Span(max(whole.start, usual.start), min(whole.end, usual.end))
    return part if one.item.kind == Kind.OFF and part.start < part.end else whole


def _past(local: datetime) -> timedelta:
    """Return how long ago the last half hour of the wall clock began."""
    return timedelta(
        minutes=local.minute % 30, seconds=local.second, microseconds=local.microsecond
    )


def rows(
    some: Sequence[Entry], columns: Sequence[int], day: date, zone: ZoneInfo
) -> list[Row]:
    """
    Return a day as the rows of a table, a half hour each.

    Entries that share a half hour in one column share a cell, which spans them all.
    """
    hours = shown_hours(some, day, zone)
    number = (hours.end - hours.start) // STEP
    starts = [(hours.start + STEP * n).astimezone(zone) for n in range(number)]
    changes = len({one.utcoffset() for one in starts}) > 1
    cells: list[list[Cell]] = [[] for _row in starts]
    for column in columns:
        mine = [one for one in some if one.item.column == column]
        for at, cell in _cells(mine, column, hours, number):
            cells[at].append(cell)
    said = [time_format(start, "P") for start in starts]
    if changes:  # not by "T", which leaves out the zone of an hour that comes twice
        said = [f"{time} {start:%Z}" for time, start in zip(said, starts, strict=True)]
    return [Row(*row) for row in zip(starts, said, cells, strict=True)]


def _cells(
    mine: Sequence[Entry], column: int, hours: Span, number: int
) -> Iterator[tuple[int, Cell]]:
    """Yield the cells of one column with the row in which each begins."""
    blocks: list[tuple[int, int, list[Entry]]] = []
    for one in mine:
        start = max(one.start.astimezone(UTC), hours.start)
        end = min(one.end.astimezone(UTC), hours.end)
        first, last = (start - hours.start) // STEP, -((hours.start - end) // STEP)
        if first >= last:
            continue  # at night, where the table does not reach
        if blocks and first < blocks[-1][1]:
            before = blocks.pop()
            block = (before[0], max(before[1], last), [*before[2], one])
        else:
            block = (first, last, [one])
        blocks.append(block)
    at = 0
    for first, last, some in blocks:
        yield from ((row, Cell(column, 1)) for row in range(at, first))
        yield first, Cell(column, last - first, some)
        at = last
    yield from ((row, Cell(column, 1)) for row in range(at, number))
