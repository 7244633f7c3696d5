"""
Free time, computed and never stored. Pure: no database, no clock, no settings.

Working hours minus closed days minus time off minus appointments, per therapist, in the
local time of the place, and right across clock changes.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, date, datetime, time, timedelta
from functools import reduce
from itertools import chain, groupby, repeat
from operator import attrgetter, itemgetter, or_
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from appointments.diaries import ONE_DAY, Diaries
from appointments.diaries import Diary as Diary
from appointments.diaries import RoomDiary as RoomDiary
from appointments.diaries import Shift as Shift
from appointments.diaries import on_the_clock as on_the_clock
from appointments.diaries import shift_span as shift_span
from appointments.diaries import worked as worked
from appointments.half_hours import STEP as STEP
from appointments.half_hours import Place, Starts
from appointments.spans import NOTHING as NOTHING
from appointments.spans import Shared
from appointments.spans import Span as Span
from appointments.spans import Taken as Taken
from appointments.spans import free_spans as free_spans


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
    staff, house = Diaries.of(diaries), Diaries.of(rooms)
    search = _Search(first, length, turnover, not_before)
    for which, room in house.teams:
        if room.serves(technique):
            search.rooms[room.location] |= which
    for who, diary in staff.teams:
        until = diary.last_day_for(technique, last)
        if until is not None and first <= until:
            search.add(diary, until, who)
    return search.in_order(staff.busy, house.busy)


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
        and not (visit.start - start) % STEP
        for work, start in worked(diary, first, until).aligned
    ) and diary.busy.leaves(*held)


class _Search:
    """Gathers who works at which starts, team by team, and finds who is free then."""

    def __init__(
        self,
        first: date,
        length: timedelta,
        turnover: timedelta,
        not_before: datetime | None,
    ) -> None:
        self.first = first
        # A local day begins up to 14 hours before Greenwich's.
        self.begin = datetime.combine(first, time.min, tzinfo=UTC) - ONE_DAY
        self.length, self.held = length, length + turnover
        self.not_before = not_before or self.begin
        self.rooms: dict[int, int] = defaultdict(int)  # all of each place
        # Each at the starts of one step, which is how they lie to those of Greenwich.
        self._places: dict[timedelta, dict[tuple[int, ZoneInfo], Place]] = defaultdict(
            dict
        )

    def add(self, diary: Diary, last: date, who: int) -> None:
        """Add who works as it is in a diary."""
        work = worked(diary, self.first, last).starts(self.begin, self.length)
        for step, starts in work.items():
            places, key = self._places[step], (diary.location, diary.zone)
            if key not in places:
                places[key] = Place(self.rooms[diary.location])
            over = max(-((self.begin + step - self.not_before) // STEP), 0)
            places[key].add(starts >> over << over, who)

    def in_order(self, busy: Shared, used: Shared) -> list[Slot]:
        """Return all slots, by start and place."""
        found = [
            slot
            for step, places in self._places.items()
            for slot in self._found(step, places, busy, used)
        ]
        return sorted(found, key=itemgetter(0, 1))

    def _found(
        self,
        step: timedelta,
        places: Mapping[tuple[int, ZoneInfo], Place],
        busy: Shared,
        used: Shared,
    ) -> Iterator[Slot]:
        """Yield the slots of one step, place by place."""
        some = reduce(or_, (place.starts for place in places.values()), 0)
        starts = Starts(self.begin + step, some, held=self.held)
        taken = starts.moments(), starts.taken(busy), starts.taken(used)
        length, held = self.length, self.held
        for (location, zone), place in places.items():
            for start, away, full, working in zip(
                *taken, place.working(starts), strict=True
            ):
                if (free := working & ~away) and (rooms := place.rooms & ~full):
                    ends = (start + length, start + held)
                    room, whom = used.keys.first(rooms), busy.keys.named(free)
                    yield Slot(start, location, room, *ends, zone, whom)
