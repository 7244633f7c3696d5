"""Free time, against a slow model that looks at every minute of the day."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from hypothesis import given, settings
from hypothesis import strategies as st

from appointments.keys import Keys
from appointments.openings import (
    Diary,
    RoomDiary,
    Shift,
    Span,
    Taken,
    is_free,
    one_by_one,
    openings,
    slots,
)
from appointments.spans import Shared
from tests.factories import DAY, TODAY

MINUTE = timedelta(minutes=1)
LONG_AGO = date(2020, 1, 1)
DAYS = {
    "America/Chicago": [
        date(2026, 3, 8),  # 02:00 to 03:00 is skipped
        date(2026, 11, 1),  # 01:00 to 02:00 comes twice
        date(2028, 2, 29),
        date(2026, 12, 31),
        TODAY,
    ],
    "Asia/Kolkata": [TODAY],  # half an hour off the hour
    "Australia/Lord_Howe": [date(2026, 4, 5), date(2026, 10, 4)],  # changes by half
}
places = st.sampled_from([(zone, day) for zone, days in DAYS.items() for day in days])
fives = st.integers(0, 287).map(lambda number: number * 5)


@lru_cache
def minutes_around(day, zone):
    """Return (moment, what the wall shows) for each minute of `day` and beyond."""
    noon = datetime.combine(day, time(12), tzinfo=UTC)
    moments = [noon + number * MINUTE for number in range(-36 * 60, 60 * 60)]
    return [(moment, moment.astimezone(ZoneInfo(zone))) for moment in moments]


def worked(shift, day, zone):
    """Return the minutes from the first to the last that the shift names on `day`."""
    if not shift.is_on(day):
        return set()
    named = [
        moment
        for moment, wall in minutes_around(day, zone)
        if wall.date() == day and shift.starts <= wall.time() < shift.ends
    ]
    if not named:
        return set()
    length = (named[-1] - named[0]) // MINUTE
    return {named[0] + number * MINUTE for number in range(length + 1)}


def within(spans):
    return {
        one.start + number * MINUTE
        for one in spans
        for number in range((one.end - one.start) // MINUTE)
    }


def every_minute(diaries, rooms, days, zone, length, turnover, technique):
    """Return (start, therapist, room) of each opening, found the slow way."""
    answer = set()
    room_taken = [(one, within(one.busy.spans)) for one in rooms]
    for one in diaries:
        if technique and technique not in one.certified:
            continue
        until = one.certified[technique] if technique else None
        open_days = [day for day in days if day not in one.closed]
        work = {
            m for s in one.shifts for day in open_days for m in worked(s, day, zone)
        }
        taken = within(one.busy.spans)
        for start, wall in minutes_around(days[0], zone):
            if start not in work or wall.minute % 30:
                continue
            if until and wall.date() > until:
                continue
            visit = {start + n * MINUTE for n in range(length // MINUTE)}
            held = {start + n * MINUTE for n in range((length + turnover) // MINUTE)}
            if visit <= work and not held & taken:
                free = [
                    r.room
                    for r, busy in room_taken
                    if r.location == one.location
                    and not held & busy
                    and (technique is None or not r.fit or technique in r.fit)
                ]
                if free:
                    answer.add((start, one.therapist, free[0]))
    return answer


@st.composite
def spans(draw, day):
    start = datetime.combine(day, time(0), tzinfo=UTC) + draw(fives) * 2 * MINUTE
    return Span(start, start + draw(st.integers(1, 40)) * 5 * MINUTE)


@st.composite
def shift_of(draw, day):
    starts, ends = sorted(draw(st.lists(fives, min_size=2, max_size=2, unique=True)))
    weekday = (day + timedelta(days=draw(st.integers(0, 1)))).weekday()
    clock = [time(minute // 60, minute % 60) for minute in (starts, ends)]
    return Shift(weekday, *clock, LONG_AGO)


def told(some):
    """Return stretches that are each told with all whom they fill, by other bits."""
    keys = Keys.of([400, *(key for _span, whom in some for key in whom)])
    whom = [sum(map(keys.bit, each)) for _span, each in some]
    return Shared(keys, ([span for span, _whom in some], whom))


def shared(day, keys):
    """Return what fills some of the keys at once."""
    whom = st.lists(st.sampled_from(keys), max_size=len(keys), unique=True)
    return st.lists(st.tuples(spans(day), whom), min_size=3, max_size=9).map(told)


def takens(draw, day, keys):
    """Return what fills each: alone, with some others, or as it fills another."""
    some = st.lists(spans(day), max_size=2)
    many = [draw(shared(day, keys)), draw(shared(day, keys)), None]
    # Nearly always one tells of all.
    which = st.sampled_from([0] * 6 + [1, 2])
    return [
        Taken(
            draw(some),
            shared=many[draw(which)],
            key=draw(st.sampled_from([key] * 6 + keys)),
        )
        for key in keys
    ]


def certificates(day):
    until = st.sampled_from([None, day - DAY, day, day + DAY])
    return st.dictionaries(st.integers(1, 2), until, max_size=2)


# Of one block, of several, and far from each other.
numbers = st.sampled_from([(1, 2, 3), (63, 64, 65), (9, 700, 10**12)])


@st.composite
def clinics(draw):
    zone, day = draw(places)
    some = draw(numbers)
    therapists = list(some[: draw(st.integers(1, 3))])
    keys = list(draw(numbers)[: draw(st.integers(1, 3))])
    same = draw(st.lists(shift_of(day), min_size=1, max_size=3))  # by many
    hours = st.one_of(st.just(same), st.lists(shift_of(day), max_size=3))
    diaries = [
        Diary(
            therapist=number,
            location=draw(st.sampled_from([1, 1, 1, 2])),
            zone=ZoneInfo(zone),
            certified=draw(certificates(day)),
            shifts=draw(hours),
            busy=busy,
            closed=draw(st.frozensets(st.sampled_from([day, day + DAY]), max_size=1)),
        )
        for number, busy in zip(therapists, takens(draw, day, therapists), strict=True)
    ]
    rooms = [
        RoomDiary(
            room=number,
            location=draw(st.sampled_from([1, 1, 1, 2])),
            busy=busy,
            fit=draw(st.frozensets(st.integers(1, 2), max_size=2)),
        )
        for number, busy in zip(keys, takens(draw, day, keys), strict=True)
    ]
    length = draw(st.integers(1, 18)) * 5 * MINUTE
    turnover = draw(st.integers(0, 9)) * 5 * MINUTE
    technique = draw(st.sampled_from([None, None, None, 1, 2]))
    return zone, day, diaries, rooms, length, turnover, technique


@given(clinic=clinics())
@settings(deadline=None, max_examples=300)
def test_openings_are_what_a_look_at_every_minute_finds(clinic):
    zone, day, diaries, rooms, length, turnover, technique = clinic
    days = [day, day + DAY]
    begun_together = slots(
        diaries=diaries,
        rooms=rooms,
        first=day,
        last=day + DAY,
        length=length,
        turnover=turnover,
        technique=technique,
    )
    some = one_by_one(begun_together)
    got = [(one.starts_at, one.therapist, one.room) for one in some]
    asked = (length, turnover, technique)
    assert got == sorted(every_minute(diaries, rooms, days, zone, *asked))
    for one in some:
        assert one.ends_at - one.starts_at == length
        assert one.blocked_until - one.ends_at == turnover
    places = [(one.starts_at, one.location) for one in begun_together]
    assert places == sorted(set(places))


@given(clinic=clinics())
@settings(deadline=None, max_examples=100)
def test_one_time_alone_is_judged_as_among_all(clinic):
    zone, day, diaries, rooms, length, turnover, technique = clinic
    asked = {"first": day, "last": day, "technique": technique}
    some = openings(
        diaries=diaries, rooms=rooms, length=length, turnover=turnover, **asked
    )
    got = {(one.starts_at, one.therapist) for one in some}
    for start, wall in minutes_around(day, zone)[::5]:
        visit = Span(start, start + length)
        held = Span(start, start + length + turnover)
        for one in diaries:
            there = any(
                room.location == one.location
                and room.serves(technique)
                and room.is_free(held)
                for room in rooms
            )
            alone = is_free(one, visit, held=held, **asked)
            assert (alone and there) == ((start, one.therapist) in got), wall
