"""How much can still be given, week by week. Pure: no database, no clock."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from appointments.openings import (
    Diary,
    Opening,
    RoomDiary,
    Span,
    Taken,
    free_spans,
    worked,
)

ONE_DAY = timedelta(days=1)


@dataclass(frozen=True)
class Week:
    """What is left of one week: whole visits, and minutes of therapists' time."""

    monday: date
    visits: int
    minutes: int


def weeks(
    *,
    diaries: Sequence[Diary],
    rooms: Sequence[RoomDiary],
    openings: Iterable[Opening],
    first: date,
    last: date,
    not_before: datetime,
) -> list[Week]:
    """
    Return each week from that of `first` to that of `last`; only their days count.

    `minutes` are those that therapists work and that nothing fills. `visits` is how
    many of `openings` can be had side by side, taken as they come: by therapist alone
    that is the most there can be (equal lengths, the earliest end first); where rooms
    are few there may be a better choice, so it is at least so many.

    :param openings: of one length, in order of time.
    :param not_before: minutes and visits before this moment are over.
    """
    visits: dict[date, int] = defaultdict(int)
    for one in side_by_side(openings, rooms):
        visits[_monday(one.local_start.date())] += 1
    minutes: dict[date, timedelta] = defaultdict(timedelta)
    for diary in diaries:
        for number in range((last - first).days + 1):
            day = first + number * ONE_DAY
            for work in worked(diary, day, day).spans:
                for free in _after(work, not_before, diary.busy):
                    minutes[_monday(day)] += free.end - free.start
    count = (_monday(last) - _monday(first)).days // 7 + 1 if first <= last else 0
    mondays = [_monday(first) + 7 * n * ONE_DAY for n in range(count)]
    return [Week(m, visits[m], minutes[m] // timedelta(minutes=1)) for m in mondays]


def side_by_side(
    openings: Iterable[Opening], rooms: Iterable[RoomDiary]
) -> list[Opening]:
    """
    Return those that can be had together, no therapist or room being in two.

    :param openings: of one length, in order of time: so at one start and place the free
        rooms are the same for all, and are gone through once.
    """
    of_place: dict[int, list[RoomDiary]] = defaultdict(list)
    for room in rooms:
        of_place[room.location].append(room)
    seen_until: dict[int, datetime] = {}  # by therapist
    used_until: dict[int, datetime] = {}  # by room
    left: dict[tuple[int, datetime], Iterator[int]] = {}
    chosen = []
    for one in openings:
        if seen_until.get(one.therapist, one.starts_at) > one.starts_at:
            continue
        here = (one.location, one.starts_at)
        if here not in left:
            held = Span(one.starts_at, one.blocked_until)
            left[here] = _free(of_place[one.location], held, used_until)
        if (key := next(left[here], None)) is not None:
            seen_until[one.therapist] = used_until[key] = one.blocked_until
            chosen.append(one)
    return chosen


def _free(
    rooms: Iterable[RoomDiary], held: Span, used_until: Mapping[int, datetime]
) -> Iterator[int]:
    """Yield the keys of the rooms that are neither used nor taken then."""
    for room in rooms:
        if used_until.get(room.room, held.start) <= held.start and room.is_free(held):
            yield room.room


def _after(work: Span, moment: datetime, busy: Taken) -> Iterable[Span]:
    """Yield what is free of `work` from `moment` on."""
    start = max(work.start, moment)
    return free_spans(Span(start, work.end), busy) if start < work.end else ()


def _monday(day: date) -> date:
    return day - day.weekday() * ONE_DAY
