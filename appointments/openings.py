"""
Free time, computed and never stored. Pure: no database, no clock, no settings.

Working hours minus time off minus appointments, per therapist, in the local time of
the place, and right across clock changes.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from itertools import islice
from operator import attrgetter
from zoneinfo import ZoneInfo

STEP = timedelta(minutes=30)  # visits start on the hour and the half hour


@dataclass(frozen=True, order=True)
class Span:
    """A stretch of time from `start` up to, not including, `end`; both aware."""

    start: datetime
    end: datetime


class Taken:
    """Stretches of time, joined where they touch: none overlap."""

    def __init__(self, spans: Iterable[Span] = ()) -> None:
        self.spans: list[Span] = []
        for span in sorted(spans, key=attrgetter("start", "end")):
            if self.spans and span.start <= self.spans[-1].end:
                last = self.spans.pop()
                span = Span(last.start, max(last.end, span.end))
            self.spans.append(span)
        self._ends = [span.end for span in self.spans]

    def touching(self, span: Span) -> Iterator[Span]:
        """Yield those that overlap `span`, in order; the search is logarithmic."""
        for taken in islice(self.spans, bisect_right(self._ends, span.start), None):
            if taken.start >= span.end:
                return
            yield taken


@dataclass(frozen=True)
class Shift:
    """One weekly stretch of work: local times, valid on both ends' days."""

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
    """What is known of one therapist: their shifts, and what already fills them."""

    therapist: int
    location: int
    zone: ZoneInfo
    techniques: frozenset[int]
    shifts: Sequence[Shift]
    busy: Taken = field(default_factory=Taken)


@dataclass(frozen=True)
class RoomDiary:
    """One room of a place, and when it is taken."""

    room: int
    location: int
    busy: Taken = field(default_factory=Taken)

    def is_free(self, span: Span) -> bool:
        """Say whether nothing in the room overlaps `span`."""
        return next(self.busy.touching(span), None) is None


class FreeRooms:
    """The rooms of all places; each stretch of time is looked up once in each place."""

    def __init__(self, rooms: Iterable[RoomDiary]) -> None:
        self._of_place: dict[int, list[RoomDiary]] = {}
        for room in rooms:
            self._of_place.setdefault(room.location, []).append(room)
        self._found: dict[tuple[int, datetime, datetime], RoomDiary | None] = {}

    def first(self, location: int, span: Span) -> RoomDiary | None:
        """Return the first room of the place, as given, that is free; None if none."""
        key = (location, span.start, span.end)
        if key not in self._found:
            rooms = self._of_place.get(location, ())
            self._found[key] = next((r for r in rooms if r.is_free(span)), None)
        return self._found[key]


@dataclass(frozen=True, order=True)
class Opening:
    """A time at which one therapist, in one room, could see a patient; in UTC."""

    starts_at: datetime
    therapist: int
    room: int
    location: int
    ends_at: datetime
    blocked_until: datetime
    zone: ZoneInfo = field(compare=False)

    @property
    def local_start(self) -> datetime:
        """The start as the clock on the wall shows it."""
        return self.starts_at.astimezone(self.zone)


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
    :param technique: only therapists certified for it; None is any.
    :param not_before: no opening starts earlier than this moment.
    :raises ValueError: if `length` is not positive or `turnover` is negative.
    """
    if length <= timedelta(0) or turnover < timedelta(0):
        raise ValueError(f"impossible length {length} or turnover {turnover}")
    free_rooms = FreeRooms(rooms)
    found = [
        opening
        for diary in diaries
        if technique is None or technique in diary.techniques
        for opening in _of_one(diary, free_rooms, first, last, length, turnover)
        if not_before is None or opening.starts_at >= not_before
    ]
    return sorted(found, key=attrgetter("starts_at", "therapist"))


def _of_one(
    diary: Diary,
    rooms: FreeRooms,
    first: date,
    last: date,
    length: timedelta,
    turnover: timedelta,
) -> Iterator[Opening]:
    """Yield one therapist's openings, each with the first room that is free."""
    days = (first + timedelta(days=offset) for offset in range((last - first).days + 1))
    worked = (
        shift_span(shift, day, diary.zone)
        for day in days
        for shift in diary.shifts
        if shift.is_on(day)
    )
    # Shifts that overlap or touch are one stretch: no time is found twice.
    for work in Taken(span for span in worked if span is not None).spans:
        # The turnover may run past the shift, but not into the next visit.
        reach = Span(work.start, work.end + turnover)
        for free in free_spans(reach, diary.busy):
            for start in starts_in(free, needs=length + turnover, zone=diary.zone):
                held = Span(start, start + length + turnover)
                room = rooms.first(diary.location, held)
                if room is not None:
                    yield Opening(
                        starts_at=start,
                        therapist=diary.therapist,
                        room=room.room,
                        location=diary.location,
                        ends_at=start + length,
                        blocked_until=held.end,
                        zone=diary.zone,
                    )
