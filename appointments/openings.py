"""
Free time, computed and never stored. Pure: no database, no clock, no settings.

Working hours minus closed days minus time off minus appointments, per therapist, in the
local time of the place, and right across clock changes.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from itertools import islice
from operator import itemgetter
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

STEP = timedelta(minutes=30)  # visits start on the hour and the half hour


class Span(NamedTuple):
    """
    A stretch of time from `start` up to, not including, `end`; both aware.

    A tuple, for there are thousands: it is made and sorted several times as fast.
    """

    start: datetime
    end: datetime

    @property
    def length(self) -> timedelta:
        """How long it is."""
        return self.end - self.start


class Taken:
    """Stretches of time, joined where they touch: none overlap."""

    def __init__(self, spans: Iterable[Span] = ()) -> None:
        self.spans: list[Span] = []
        for span in sorted(spans):
            if self.spans and span.start <= self.spans[-1].end:
                last = self.spans.pop()
                span = Span(last.start, max(last.end, span.end))
            self.spans.append(span)
        self._starts = [span.start for span in self.spans]
        self._ends = [span.end for span in self.spans]

    def leaves(self, start: datetime, end: datetime) -> bool:
        """Say whether none of them overlaps the time from `start` to `end`."""
        place = bisect_right(self._ends, start)
        return place == len(self._starts) or self._starts[place] >= end

    def touching(self, span: Span) -> Iterator[Span]:
        """Yield those that overlap `span`, in order; the search is logarithmic."""
        for taken in islice(self.spans, bisect_right(self._ends, span.start), None):
            if taken.start >= span.end:
                return
            yield taken


@dataclass(frozen=True)
class Shift:
    """
    One weekly stretch of work: local times, valid on both ends' days.

    Extra hours are such a stretch that is valid on its one day.
    """

    weekday: int  # 0 is Monday
    starts: time
    ends: time
    valid_from: date
    valid_until: date | None = None

    def is_on(self, day: date) -> bool:
        """Say whether the shift is worked on `day`."""
        return (
            day.weekday() == self.weekday
            and self.valid_from <= day
            and (self.valid_until is None or day <= self.valid_until)
        )


@dataclass(frozen=True)
class Diary:
    """
    What is known of one therapist: their shifts, and what already fills them.

    `certified` tells of each technique until which day, local and included, it may be
    given; None has no end. `closed` are the days on which the place gives no massage.
    """

    therapist: int
    location: int
    zone: ZoneInfo
    certified: Mapping[int, date | None]
    shifts: Sequence[Shift]
    busy: Taken = field(default_factory=Taken)
    closed: Set[date] = frozenset()

    def last_day_for(self, technique: int | None, last: date) -> date | None:
        """Return the last day up to `last` on which it may be given; None if never."""
        if technique is None:
            return last
        if technique not in self.certified:
            return None
        return min(last, self.certified[technique] or last)


@dataclass(frozen=True)
class RoomDiary:
    """One room of a place, when it is taken, and what for: an empty `fit` is all."""

    room: int
    location: int
    busy: Taken = field(default_factory=Taken)
    fit: Set[int] = frozenset()

    def serves(self, technique: int | None) -> bool:
        """Say whether it is fit; where the therapist decides, every room is."""
        return technique is None or not self.fit or technique in self.fit

    def is_free(self, span: Span) -> bool:
        """Say whether nothing in the room overlaps `span`."""
        return self.busy.leaves(span.start, span.end)


class FreeRooms:
    """
    The rooms of all places; each start is looked up once in each place.

    :param held: how long a visit keeps its room.
    """

    def __init__(
        self,
        rooms: Iterable[RoomDiary],
        technique: int | None = None,
        *,
        held: timedelta,
    ) -> None:
        self._held = held
        self._of_place: dict[int, list[RoomDiary]] = defaultdict(list)
        for room in rooms:
            if room.serves(technique):
                self._of_place[room.location].append(room)
        self._found: dict[int, dict[datetime, int | None]] = defaultdict(dict)

    def firsts(self, location: int) -> Callable[[datetime], int | None]:
        """Return what finds the first room of the place, as given, free from then."""
        here, found, held = self._of_place[location], self._found[location], self._held

        def first(start: datetime) -> int | None:
            if start not in found:
                end = start + held
                free = (room.room for room in here if room.busy.leaves(start, end))
                found[start] = next(free, None)
            return found[start]

        return first


class Opening(NamedTuple):
    """A time at which one therapist, in one room, could see a patient; in UTC."""

    starts_at: datetime
    therapist: int
    room: int
    location: int
    ends_at: datetime
    blocked_until: datetime
    zone: ZoneInfo

    def __lt__(self, other: tuple[Any, ...]) -> bool:
        """Compare all but the zone, which has no order."""
        return self[:-1] < other[:-1]

    @property
    def local_start(self) -> datetime:
        """The start as the clock on the wall shows it."""
        return self.starts_at.astimezone(self.zone)


@lru_cache(maxsize=4096)  # many therapists work the same hours of the same days
def on_the_clock(day: date, at: time, zone: ZoneInfo, *, fold: int) -> datetime:
    """
    Return, as UTC, when the wall clock in `zone` shows `at` on `day`.

    A time that the clocks skip is the moment at which they skip it. Of a time that
    comes twice, `fold` 0 is the first and 1 the second.
    """
    local = datetime.combine(day, at.replace(fold=fold), tzinfo=zone)
    moment = local.astimezone(UTC)
    if moment.astimezone(zone).replace(tzinfo=None) == local.replace(tzinfo=None):
        return moment
    # Skipped: read with the offset after the change, it lies just before the change.
    moment = local.replace(fold=1).astimezone(UTC)
    before = moment.astimezone(zone).utcoffset()
    while moment.astimezone(zone).utcoffset() == before:
        moment += timedelta(minutes=1)
    return moment


def shift_span(shift: Shift, day: date, zone: ZoneInfo) -> Span | None:
    """Return the real time worked on `day`, or None if the clocks leave nothing."""
    start = on_the_clock(day, shift.starts, zone, fold=0)
    end = on_the_clock(day, shift.ends, zone, fold=1)
    return Span(start, end) if start < end else None


def worked(diary: Diary, first: date, last: date) -> Taken:
    """Return the real time worked from `first` to `last`, local days, if not closed."""
    days = (first + timedelta(days=offset) for offset in range((last - first).days + 1))
    spans = (
        shift_span(shift, day, diary.zone)
        for day in days
        if day not in diary.closed
        for shift in diary.shifts
        if shift.is_on(day)
    )
    # Shifts that overlap or touch are one stretch: no time is found twice.
    return Taken(span for span in spans if span is not None)


def free_spans(work: Span, busy: Taken) -> Iterator[Span]:
    """Yield what is left of `work` after `busy` is taken out, in order of time."""
    start = work.start
    for taken in busy.touching(work):
        if taken.start > start:
            yield Span(start, taken.start)
        start = max(start, taken.end)
    if start < work.end:
        yield Span(start, work.end)


def starts_in(free: Span, *, needs: timedelta, zone: ZoneInfo) -> Iterator[datetime]:
    """
    Yield the starts, on the local half hours, from which `needs` still fits in `free`.

    Half hours of the wall and of real time agree, for every zone's offset and every
    clock change in use is a multiple of 15 minutes; we align to the wall once and then
    step in real time.
    """
    local = free.start.astimezone(zone)
    past = timedelta(
        minutes=local.minute % 30, seconds=local.second, microseconds=local.microsecond
    )
    start = free.start + (STEP - past if past else timedelta(0))
    while start + needs <= free.end:
        yield start
        start += STEP


def openings(
    *,
    diaries: Iterable[Diary],
    rooms: Iterable[RoomDiary],
    first: date,
    last: date,
    length: timedelta,
    turnover: timedelta,
    technique: int | None = None,
    not_before: datetime | None = None,
) -> list[Opening]:
    """
    Return every opening from `first` to `last` (local days, both included), by time.

    :param length: of the visit; more than zero.
    :param turnover: for which therapist and room stay held after it; zero or more. A
        visit may end with the shift: only the visit itself must lie within it.
    :param technique: only therapists certified for it by the local day of the visit,
        and rooms that are fit for it; None is any.
    :param not_before: no opening starts earlier than this moment.
    :raises ValueError: if `length` is not positive or `turnover` is negative.
    """
    if length <= timedelta(0) or turnover < timedelta(0):
        raise ValueError(f"impossible length {length} or turnover {turnover}")
    free_rooms = FreeRooms(rooms, technique, held=length + turnover)
    found = [
        opening
        for diary in diaries
        if (until := diary.last_day_for(technique, last)) is not None
        for opening in _of_one(diary, free_rooms, first, until, length, turnover)
        if not_before is None or opening.starts_at >= not_before
    ]
    return sorted(found, key=itemgetter(0, 1))  # by start and therapist


def _of_one(
    diary: Diary,
    rooms: FreeRooms,
    first: date,
    last: date,
    length: timedelta,
    turnover: timedelta,
) -> Iterator[Opening]:
    """Yield one therapist's openings, each with the first room that is free."""
    room_at, held = rooms.firsts(diary.location), length + turnover
    therapist, location, zone = diary.therapist, diary.location, diary.zone
    for work in worked(diary, first, last).spans:
        # The turnover may run past the shift, but not into the next visit.
        reach = Span(work.start, work.end + turnover)
        for free in free_spans(reach, diary.busy):
            for start in starts_in(free, needs=held, zone=zone):
                if (room := room_at(start)) is not None:
                    yield Opening(
                        start,
                        therapist,
                        room,
                        location,
                        start + length,
                        start + held,
                        zone,
                    )
