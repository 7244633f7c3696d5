"""
Free time, computed and never stored. Pure: no database, no clock, no settings.

Working hours minus closed days minus time off minus appointments, per therapist, in the
local time of the place, and right across clock changes.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence, Set
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from itertools import chain, groupby, repeat
from operator import attrgetter, itemgetter
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from appointments.half_hours import STEP as STEP
from appointments.half_hours import HalfHours, Place, first_start
from appointments.spans import NOTHING as NOTHING
from appointments.spans import Span as Span
from appointments.spans import Taken as Taken
from appointments.spans import free_spans as free_spans

ONE_DAY = timedelta(days=1)


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


class Diary(NamedTuple):
    """
    What is known of one therapist: their shifts, and what already fills them.

    `certified` tells of each technique until which day, local and included, it may be
    given; None has no end. `closed` are the days on which the place gives no massage.
    A tuple, for those of all therapists are made to find one time.
    """

    therapist: int
    location: int
    zone: ZoneInfo
    certified: Mapping[int, date | None]
    shifts: Sequence[Shift]
    busy: Taken = NOTHING
    closed: Set[date] = frozenset()

    def last_day_for(self, technique: int | None, last: date) -> date | None:
        """Return the last day up to `last` on which it may be given; None if never."""
        if technique is None:
            return last
        if technique not in self.certified:
            return None
        return min(last, self.certified[technique] or last)


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


class Slot(NamedTuple):
    """
    All openings of one place that begin at one moment: they differ by therapist alone.

    Each has the first room that is free then; `therapists` are in order of their keys.
    """

    starts_at: datetime
    location: int
    room: int
    ends_at: datetime
    blocked_until: datetime
    zone: ZoneInfo
    therapists: list[int]

    @property
    def local_start(self) -> datetime:
        """The start as the clock on the wall shows it."""
        return self.starts_at.astimezone(self.zone)

    def openings(self) -> list[Opening]:
        """Return one opening for each therapist."""
        start, location, room, ends_at, until, zone, therapists = self
        same = map(repeat, (room, location, ends_at, until, zone))
        values = zip(repeat(start), therapists, *same, strict=False)
        return list(map(tuple.__new__, repeat(Opening), values))


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


def openings(**asked: Any) -> list[Opening]:
    """Return every opening by time and then therapist, of what `slots` is asked for."""
    return one_by_one(slots(**asked))


def one_by_one(some: Iterable[Slot]) -> list[Opening]:
    """Return the openings of slots that are in order, by time and then therapist."""
    found: list[Opening] = []
    for _start, slots_then in groupby(some, key=attrgetter("starts_at")):
        then = [slot.openings() for slot in slots_then]
        found += then[0] if len(then) == 1 else sorted(chain(*then))
    return found


def slots(
    *,
    diaries: Iterable[Diary],
    rooms: Iterable[RoomDiary],
    first: date,
    last: date,
    length: timedelta,
    turnover: timedelta,
    technique: int | None = None,
    not_before: datetime | None = None,
) -> list[Slot]:
    """
    Return every opening from `first` to `last` (local days, both included), by time.

    Those of one place that begin together are one slot; of places, by their keys.

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


def is_free(
    diary: Diary,
    visit: Span,
    *,
    held: Span,
    first: date,
    last: date,
    technique: int | None = None,
) -> bool:
    """
    Say whether `slots` finds the therapist at a time, if a room is free.

    It asks about this time alone, and computes no other.

    :param held: the visit, and the turnover after it.
    """
    until = diary.last_day_for(technique, last)
    if until is None or until < first:
        return False
    return any(
        work.start <= visit.start
        and visit.end <= work.end
        and not (visit.start - first_start(work.start, diary.zone)) % STEP
        for work in worked(diary, first, until).spans
    ) and diary.busy.leaves(*held)


class _Search:
    """Gathers who is free at which starts, therapist by therapist."""

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
        self._half_hours: dict[timedelta, HalfHours] = {}
        self._places: dict[tuple[int, ZoneInfo, timedelta], Place] = {}
        self._work: dict[Any, list[tuple[Place, int]]] = {}

    def add(self, diary: Diary, last: date) -> None:
        """Add the starts at which one therapist is free, and a room is."""
        for place, work in self._worked(diary, last):
            if starts := work & ~place.half_hours.blocked(diary.busy):
                place.free.append((diary.therapist, starts))

    def in_order(self) -> list[Slot]:
        """Return all slots, by start and place."""
        found = [
            Slot(
                *(start, location, room, start + self.length, start + self.held),
                *(zone, therapists),
            )
            for (location, zone, _step), place in self._places.items()
            for start, room, therapists in place.by_start()
        ]
        return sorted(found, key=itemgetter(0, 1))

    def _worked(self, diary: Diary, last: date) -> list[tuple[Place, int]]:
        """Return the starts within the hours of work at which there is a room."""
        closed = frozenset(diary.closed)
        # Which hours, not what they are: that takes long to look up, and many share one
        # tuple of them. All diaries are at hand until the search is over.
        key = (id(diary.shifts), closed, diary.zone, diary.location, last)
        if key not in self._work:
            starts: dict[Place, int] = defaultdict(int)
            for work in worked(diary, self.first, last).spans:
                start = first_start(work.start, diary.zone)
                place = self._place(diary.location, diary.zone, start)
                starts[place] |= place.half_hours.fitting(*work) & place.with_room
            self._work[key] = [
                (one, self._in_time(one, s)) for one, s in starts.items()
            ]
        return self._work[key]

    def _in_time(self, place: Place, starts: int) -> int:
        if self.not_before is None:
            return starts
        return starts & place.half_hours.since(self.not_before)

    def _place(self, location: int, zone: ZoneInfo, start: datetime) -> Place:
        """Return a place with the half hours that are in step with `start`."""
        step = (start - self.begin) % STEP
        if step not in self._half_hours:
            self._half_hours[step] = HalfHours(
                self.begin + step, self.number, length=self.length, held=self.held
            )
        key = (location, zone, step)
        if key not in self._places:
            rooms = [(room.room, room.busy) for room in self.rooms[location]]
            self._places[key] = Place(self._half_hours[step], rooms)
        return self._places[key]
