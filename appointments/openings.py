"""
Free time, computed and never stored. Pure: no database, no clock, no settings.

Working hours minus closed days minus time off minus appointments, per therapist, in the
local time of the place, and right across clock changes.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from functools import cached_property, lru_cache
from itertools import islice
from operator import attrgetter
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from appointments.half_hours import STEP as STEP
from appointments.half_hours import HalfHours, first_start

ONE_DAY = timedelta(days=1)


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
    """
    Stretches of time, joined where they touch: none overlap.

    They are sorted when first asked for; `given` has them as they came, which is enough
    for who only asks what is left.
    """

    def __init__(self, spans: Iterable[Span] = ()) -> None:
        self.given = tuple(spans)

    @cached_property
    def spans(self) -> list[Span]:
        """They, in order of time."""
        joined: list[Span] = []
        for span in sorted(self.given):
            if joined and span.start <= joined[-1].end:
                last = joined.pop()
                span = Span(last.start, max(last.end, span.end))
            joined.append(span)
        return joined

    @cached_property
    def _ends(self) -> list[datetime]:
        return [span.end for span in self.spans]

    def leaves(self, start: datetime, end: datetime) -> bool:
        """Say whether none of them overlaps the time from `start` to `end`."""
        for begins, ends in self.given:  # noqa: SIM110 - asked of each room: twice as fast
            if begins < end and start < ends:
                return False
        return True

    def touching(self, span: Span) -> Iterator[Span]:
        """Yield those that overlap `span`, in order; the search is logarithmic."""
        for taken in islice(self.spans, bisect_right(self._ends, span.start), None):
            if taken.start >= span.end:
                return
            yield taken


class Shift(NamedTuple):
    """
    One weekly stretch of work: local times, valid on both ends' days.

    Extra hours are such a stretch that is valid on its one day. A tuple, for it is
    looked up by: many therapists work the same hours.
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


NOTHING = Taken()


class RoomDiary(NamedTuple):
    """
    One room of a place, when it is taken, and what for: an empty `fit` is all.

    A tuple, for all rooms of a place are made to find one.
    """

    room: int
    location: int
    busy: Taken = NOTHING
    fit: Set[int] = frozenset()

    def serves(self, technique: int | None) -> bool:
        """Say whether it is fit; where the therapist decides, every room is."""
        return technique is None or not self.fit or technique in self.fit

    def is_free(self, span: Span) -> bool:
        """Say whether nothing in the room overlaps `span`."""
        return self.busy.leaves(span.start, span.end)


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
    return _worked(
        tuple(diary.shifts), frozenset(diary.closed), diary.zone, first, last
    )


@lru_cache(maxsize=1024)  # as above
def _worked(
    shifts: tuple[Shift, ...],
    closed: frozenset[date],
    zone: ZoneInfo,
    first: date,
    last: date,
) -> Taken:
    days = (first + timedelta(days=offset) for offset in range((last - first).days + 1))
    spans = (
        shift_span(shift, day, zone)
        for day in days
        if day not in closed
        for shift in shifts
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
    search = _Search(first, last, length, turnover, not_before)
    for room in rooms:
        if room.serves(technique):
            search.rooms[room.location].append(room)
    for diary in sorted(diaries, key=attrgetter("therapist")):
        until = diary.last_day_for(technique, last)
        if until is not None and first <= until:
            search.add(diary, until)
    return search.in_order()


class _Search:
    """Gathers openings, therapist by therapist, under their starts."""

    def __init__(
        self,
        first: date,
        last: date,
        length: timedelta,
        turnover: timedelta,
        not_before: datetime | None,
    ) -> None:
        self.first = first
        # A local day begins up to 14 hours before Greenwich's, and ends up to 12 after.
        self.begin = datetime.combine(first, time.min, tzinfo=UTC) - ONE_DAY
        self.number = ((last - first).days + 3) * (ONE_DAY // STEP)
        self.length, self.held = length, length + turnover
        self.not_before = not_before
        self.rooms: dict[int, list[RoomDiary]] = defaultdict(list)
        self._grids: dict[tuple[int, timedelta], HalfHours] = {}
        self._work: dict[Any, list[tuple[HalfHours, int]]] = {}
        self._found: dict[datetime, list[Opening]] = defaultdict(list)

    def add(self, diary: Diary, last: date) -> None:
        """Add one therapist's openings, each with the first room that is free."""
        therapist, location, zone = diary.therapist, diary.location, diary.zone
        found = self._found
        for grid, work in self._worked(diary, last):
            starts = work & ~grid.blocked(diary.busy.given)
            for start, room, ends_at, until in grid.moments(starts):
                found[start].append(
                    Opening(start, therapist, room, location, ends_at, until, zone)
                )

    def in_order(self) -> list[Opening]:
        """Return all of them, by start and therapist."""
        return [one for start in sorted(self._found) for one in self._found[start]]

    def _worked(self, diary: Diary, last: date) -> list[tuple[HalfHours, int]]:
        """Return the starts within the hours of work at which there is a room."""
        hours, closed = tuple(diary.shifts), frozenset(diary.closed)
        key = (hours, closed, diary.zone, diary.location, last)
        if key not in self._work:
            starts: dict[HalfHours, int] = defaultdict(int)
            for work in worked(diary, self.first, last).spans:
                start = first_start(work.start, diary.zone)
                grid = self._grid(diary.location, start)
                starts[grid] |= grid.fitting(*work) & grid.with_room
            self._work[key] = list(starts.items())
            if self.not_before is not None:
                moment = self.not_before
                self._work[key] = [(g, s & g.since(moment)) for g, s in starts.items()]
        return self._work[key]

    def _grid(self, location: int, start: datetime) -> HalfHours:
        """Return the half hours of a place that are in step with `start`."""
        step = (start - self.begin) % STEP
        if (location, step) not in self._grids:
            self._grids[location, step] = HalfHours(
                self.begin + step,
                self.number,
                [(room.room, room.busy.given) for room in self.rooms[location]],
                length=self.length,
                held=self.held,
            )
        return self._grids[location, step]
