"""
Who works when, and which rooms there are: what free time is found from. Pure: no
database, no clock, no settings.

Many work the same hours, and most rooms are fit for the same. So they are told of by
teams, and one by one only to whoever asks for that.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from datetime import UTC, date, datetime, time, timedelta
from functools import cached_property, lru_cache
from operator import itemgetter
from typing import Any, NamedTuple, TypeVar, overload
from zoneinfo import ZoneInfo

from appointments.half_hours import STEP, first_start
from appointments.spans import NOTHING, Shared, Span, Taken, joined

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
    A tuple, for many may be made.
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

    def filled(self, therapist: int, busy: Taken) -> Diary:
        """Return the diary of another one of the team."""
        _one, location, zone, certified, shifts, _busy, closed = self
        return Diary(therapist, location, zone, certified, shifts, busy, closed)

    @property
    def team(self) -> Any:
        """What two have in common who differ in nothing but what fills them."""
        # Of certificates and shifts not what they say, which takes long to look up.
        same = (id(self.certified), id(self.shifts))
        return (*same, self.location, self.zone, frozenset(self.closed))


class RoomDiary(NamedTuple):
    """
    One room of a place, when it is taken, and what for: an empty `fit` is all.

    A tuple, for many may be made.
    """

    room: int
    location: int
    busy: Taken = NOTHING
    fit: Set[int] = frozenset()

    def serves(self, technique: int | None) -> bool:
        """Say whether it is fit; where the therapist decides, every room is."""
        return technique is None or not self.fit or technique in self.fit

    def filled(self, room: int, busy: Taken) -> RoomDiary:
        """Return that of another room of the same."""
        return RoomDiary(room, self.location, busy, self.fit)

    @property
    def team(self) -> Any:
        """What two rooms have in common that differ in nothing but what fills them."""
        return (self.location, frozenset(self.fit))

    def is_free(self, span: Span) -> bool:
        """Say whether nothing in the room overlaps `span`."""
        return self.busy.leaves(span.start, span.end)


D = TypeVar("D", Diary, RoomDiary)


class Diaries(Sequence[D]):
    """
    The diaries of many therapists, or of many rooms, in order of their keys.

    Free time is sought team by team; single diaries are made for whoever asks for them.

    :param teams: who is of each, as one number, and the diary of one of them. They
        differ in nothing but what fills them.
    :param busy: what fills them all.
    """

    def __init__(self, teams: Sequence[tuple[int, D]], busy: Shared) -> None:
        self.teams: Sequence[tuple[int, D]] = teams
        self.busy = busy

    @classmethod
    def of(cls, some: Iterable[D]) -> Diaries[D]:
        """Return them as such, if they are not yet."""
        if isinstance(some, Diaries):
            return some
        each = list(some)
        busy = joined((one[0], one.busy) for one in each)
        whom: dict[Any, int] = defaultdict(int)
        like: dict[Any, D] = {}
        for one in each:
            whom[one.team] |= busy.keys.bit(one[0])
            like.setdefault(one.team, one)
        return cls([(whom[team], one) for team, one in like.items()], busy)

    @cached_property
    def _each(self) -> list[D]:
        busy, keys = self.busy, self.busy.keys
        return sorted(
            (
                like.filled(key, Taken(shared=busy, key=key))
                for whom, like in self.teams
                for key in keys.named(whom)
            ),
            key=itemgetter(0),
        )

    def one(self, key: int) -> D | None:
        """Return the diary of one of them, without making the others."""
        bit = self.busy.keys.bit(key)
        for whom, like in self.teams:
            if whom & bit:
                return like.filled(key, Taken(self.busy.of(key)))
        return None

    def __len__(self) -> int:
        return len(self._each)

    @overload
    def __getitem__(self, place: int) -> D: ...
    @overload
    def __getitem__(self, place: slice) -> Sequence[D]: ...
    def __getitem__(self, place: int | slice) -> D | Sequence[D]:
        return self._each[place]

    def __iter__(self) -> Iterator[D]:
        return iter(self._each)


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


class Worked(Taken):
    """
    The real time that is worked; a visit lies within one stretch of it.

    What is reckoned from it is kept: it is the same of many, and asked for often.
    """

    def __init__(self, spans: Iterable[Span], zone: ZoneInfo) -> None:
        super().__init__(spans)
        self.zone = zone
        self._starts: dict[tuple[datetime, timedelta], dict[timedelta, int]] = {}

    @cached_property
    def aligned(self) -> list[tuple[Span, datetime]]:
        """The stretches, each with the first start in it, if it is long enough."""
        return [(span, first_start(span.start, self.zone)) for span in self.spans]

    def starts(self, begin: datetime, length: timedelta) -> dict[timedelta, int]:
        """
        Return the starts of visits that fit, as bits, by how they are in step.

        Bit n is n half hours after `begin` and the step, which is less than one.

        :param begin: before all that is worked.
        """
        if (begin, length) not in self._starts:
            found: dict[timedelta, int] = defaultdict(int)
            for span, start in self.aligned:
                after, step = divmod(start - begin, STEP)
                if (number := (span.end - length - start) // STEP + 1) > 0:
                    found[step] |= (1 << number) - 1 << after
            self._starts[begin, length] = dict(found)
        return self._starts[begin, length]


def worked(diary: Diary, first: date, last: date) -> Worked:
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
) -> Worked:
    days = (first + timedelta(days=offset) for offset in range((last - first).days + 1))
    spans = (
        shift_span(shift, day, zone)
        for day in days
        if day not in closed
        for shift in shifts
        if shift.is_on(day)
    )
    # Shifts that overlap or touch are one stretch: no time is found twice.
    return Worked((span for span in spans if span is not None), zone)
