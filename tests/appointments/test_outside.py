"""Which visits lie outside of the working time."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest

from appointments.openings import Span, Taken
from appointments.outside import Outside, Pattern, Roster, Stretch, outside

ZONE = ZoneInfo("America/Chicago")
MONDAY = date(2026, 10, 19)
MORNING = Stretch(time(8), time(12))


def wall(day, clock, *, fold=0):
    at = time.fromisoformat(clock).replace(fold=fold)
    return datetime.combine(day, at, tzinfo=ZONE).astimezone(UTC)


def why(clock, *, minutes=50, day=MONDAY, technique=None, **fields):
    fields.setdefault("weekly", [Pattern(0, MORNING, date(2026, 1, 1))])
    start = wall(day, clock)
    return outside(
        start,
        start + timedelta(minutes=minutes),
        technique=technique,
        roster=Roster(zone=ZONE, **fields),
    )


@pytest.mark.parametrize(
    ("clock", "found"),
    [
        ("08:00", None),
        ("11:10", None),
        ("11:11", Outside.HOURS),
        ("07:59", Outside.HOURS),
    ],
)
def test_a_visit_lies_whole_within_the_hours(clock, found):
    assert why(clock) == found


def test_hours_that_touch_are_one_and_end_on_their_last_day():
    parts = [Stretch(time(8), time(9)), Stretch(time(9), time(10))]
    weekly = [Pattern(0, one, date(2026, 1, 1), MONDAY) for one in parts]

    assert why("08:30", weekly=weekly) is None
    assert why("08:30", weekly=weekly, day=MONDAY + timedelta(7)) == Outside.HOURS


def test_extra_hours_count_and_a_closed_place_takes_them_too():
    tuesday = MONDAY + timedelta(1)
    extra = {tuesday: [MORNING]}

    assert why("09:00", day=tuesday) == Outside.HOURS
    assert why("09:00", day=tuesday, extra=extra) is None
    closed = frozenset([tuesday])
    assert why("09:00", day=tuesday, extra=extra, closed=closed) == Outside.CLOSED


def test_time_off_is_in_the_way_only_where_it_touches_the_visit():
    off = Taken([Span(wall(MONDAY, "09:00"), wall(MONDAY, "10:00"))])

    found = [why(clock, off=off) for clock in ("08:10", "08:11", "09:59", "10:00")]

    assert found == [None, Outside.OFF, Outside.OFF, None]


def test_a_certificate_counts_on_its_last_day_and_is_asked_for_only_by_its_technique():
    for until, found in [(None, None), (MONDAY, None)]:
        assert why("09:00", technique=7, certified={7: until}) == found
    ended = {7: MONDAY - timedelta(1)}
    assert why("09:00", technique=7, certified=ended) == Outside.CERTIFICATE
    assert why("09:00", technique=7) == Outside.CERTIFICATE
    assert why("09:00", certified=ended) is None


@pytest.mark.parametrize(
    ("day", "worked"),
    [
        pytest.param(date(2026, 3, 8), 180, id="spring: 1:00 to 5:00 are 3 hours"),
        pytest.param(date(2026, 11, 1), 300, id="fall: they are 5"),
    ],
)
def test_hours_across_a_clock_change_are_as_long_as_they_really_were(day, worked):
    weekly = [Pattern(6, Stretch(time(1), time(5)), date(2026, 1, 1))]

    assert why("01:00", day=day, minutes=worked, weekly=weekly) is None
    assert why("01:00", day=day, minutes=worked + 1, weekly=weekly) == Outside.HOURS
