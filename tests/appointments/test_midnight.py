"""Work around midnight: a stretch is of one day, also where the clocks change then."""

from __future__ import annotations

from datetime import date, time
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest

from appointments.forms.hours import Extra
from appointments.openings import Diary, RoomDiary, Shift, openings
from tests.factories import DAY, HOUR, TODAY

HAVANA = ZoneInfo("America/Havana")
SPRING = date(2026, 3, 8)  # at 0:00 the clocks show 1:00
AUTUMN = date(2026, 11, 1)  # at 1:00 they show 0:00 again
PAST_MIDNIGHT = (
    "Hours end at 23:59 at the latest. For work past midnight, add a second stretch "
    "that begins at 0:00 on the next day."
)
LATER = "Enter a time that is later than the one it begins at."


def said_of(starts, ends):
    """Return what the form says of the end of such hours."""
    day = {"day_month": TODAY.month, "day_day": TODAY.day, "day_year": TODAY.year}
    form = Extra({"starts": starts, "ends": ends, "seen": "", **day})
    return form.errors.get("ends", [])


@pytest.mark.parametrize(
    ("starts", "ends", "said"),
    [
        ("20:00", "23:59", []),
        ("0:00", "2:00", []),
        ("20:00", "24:00", [PAST_MIDNIGHT]),
        ("20:00", "24", [PAST_MIDNIGHT]),
        ("20:00", "0:00", [PAST_MIDNIGHT]),
        ("20:00", "12 a.m.", [PAST_MIDNIGHT]),
        ("22:00", "2:00", [PAST_MIDNIGHT]),
        ("14:00", "13:00", [LATER]),
        ("9:00", "8:00", [LATER]),
        ("9:00", "9:00", [LATER]),
        ("12:00", "8:00", [LATER]),
    ],
)
def test_hours_that_reach_midnight_are_refused_with_what_to_do(starts, ends, said):
    assert said_of(starts, ends) == said


def around(day, zone=HAVANA):
    """Return the openings of an hour, without turnover, of the night before `day`."""
    night = [Shift(one, time(22), time(23, 59), day - 9 * DAY) for one in range(7)]
    early = [Shift(one, time(0), time(2, 30), day - 9 * DAY) for one in range(7)]
    some = openings(
        diaries=[Diary(1, 1, zone, certified={}, shifts=[*night, *early])],
        rooms=[RoomDiary(1, 1)],
        first=day - DAY,
        last=day,
        length=HOUR,
        turnover=0 * HOUR,
    )
    begun = [one for one in some if one.local_start.hour < 4]
    return [one for one in begun if one.local_start.date() == day]


@pytest.mark.parametrize(
    ("day", "clocks"),
    [
        pytest.param(TODAY, ["00:00", "00:30", "01:00", "01:30"], id="any night"),
        pytest.param(SPRING, ["01:00", "01:30"], id="no hour after midnight"),
        pytest.param(
            AUTUMN,
            ["00:00", "00:30", "00:00", "00:30", "01:00", "01:30"],
            id="the hour after midnight comes twice",
        ),
    ],
)
def test_clocks_that_change_at_midnight_skip_and_repeat_its_openings(day, clocks):
    some = around(day)

    assert [f"{one.local_start:%H:%M}" for one in some] == clocks
    assert {b.starts_at - a.starts_at for a, b in pairwise(some)} == {HOUR / 2}
    assert {one.ends_at - one.starts_at for one in some} == {HOUR}


def test_no_visit_runs_from_one_day_into_the_next():
    some = openings(
        diaries=[
            Diary(
                1,
                1,
                HAVANA,
                certified={},
                shifts=[
                    Shift(TODAY.weekday(), time(22), time(23, 59), TODAY),
                    Shift((TODAY + DAY).weekday(), time(0), time(2), TODAY),
                ],
            )
        ],
        rooms=[RoomDiary(1, 1)],
        first=TODAY,
        last=TODAY + DAY,
        length=HOUR,
        turnover=0 * HOUR,
    )

    starts = [f"{one.local_start:%H:%M}" for one in some]
    assert starts == ["22:00", "22:30", "00:00", "00:30", "01:00"]
    ends = [one.ends_at.astimezone(HAVANA).date() for one in some]
    assert ends == [one.local_start.date() for one in some]
