"""Free time by example: what fills a day, and what clock changes do to it."""

from __future__ import annotations

import itertools
from datetime import UTC, date, time, timedelta

import pytest

from appointments.openings import (
    Diary,
    RoomDiary,
    Shift,
    Span,
    Taken,
    on_the_clock,
    openings,
    shift_span,
)
from tests.factories import DAY, TODAY, ZONE, at

MINUTE = timedelta(minutes=1)
FIFTY, TEN = 50 * MINUTE, 10 * MINUTE
SPRING, AUTUMN = date(2026, 3, 8), date(2026, 11, 1)  # 02:00 to 03:00, and back
LONG_AGO = date(2020, 1, 1)
ALWAYS = range(7)


def shifts(*hours, days=ALWAYS, valid_from=LONG_AGO, valid_until=None):
    """Return weekly shifts, each "HH:MM-HH:MM", on `days`."""
    ends = [tuple(map(time.fromisoformat, text.split("-"))) for text in hours]
    return [
        Shift(day, starts, stops, valid_from, valid_until)
        for day in days
        for starts, stops in ends
    ]


def span(day, clock, until):
    return Span(at(day, clock), at(day, until))


def diary(
    *hours,
    therapist=1,
    location=1,
    busy=(),
    techniques=(),
    until=None,
    zone=ZONE,
    closed=(),
    **when,
):
    return Diary(
        therapist=therapist,
        location=location,
        zone=zone,
        certified=dict.fromkeys(techniques) | (until or {}),
        shifts=shifts(*hours, **when),
        busy=Taken(busy),
        closed=frozenset(closed),
    )


def room(number=1, location=1, busy=(), fit=()):
    return RoomDiary(number, location, Taken(busy), frozenset(fit))


def found(*diaries, rooms=None, first=TODAY, last=None, **asked):
    asked = {"length": FIFTY, "turnover": TEN} | asked
    rooms = [room(number) for number in range(1, 9)] if rooms is None else rooms
    return openings(
        diaries=diaries, rooms=rooms, first=first, last=last or first, **asked
    )


def clocks(some):
    """Return the local starts, as read off the wall."""
    return [f"{opening.local_start:%H:%M}" for opening in some]


# --- what fills a shift ---------------------------------------------------------------


def test_an_empty_shift_opens_every_half_hour_that_a_visit_still_fits():
    assert clocks(found(diary("08:00-10:00"))) == ["08:00", "08:30", "09:00"]


def test_a_visit_may_end_with_the_shift_though_its_turnover_runs_past_it():
    some = found(diary("08:00-10:00"), length=60 * MINUTE)
    assert clocks(some) == ["08:00", "08:30", "09:00"]
    assert some[-1].blocked_until == at(TODAY, "10:10")


def test_a_visit_may_not_itself_run_past_the_shift():
    assert clocks(found(diary("08:00-09:59"), length=60 * MINUTE)) == ["08:00", "08:30"]


def test_a_turnover_may_not_run_into_the_next_visit():
    next_visit = span(TODAY, "09:00", "10:00")
    some = found(diary("08:00-09:00", busy=[next_visit]), length=60 * MINUTE)
    assert some == []
    some = found(diary("08:00-09:00", busy=[next_visit]), length=FIFTY)
    assert clocks(some) == ["08:00"]


def test_visits_may_stand_back_to_back():
    before, after = span(TODAY, "08:00", "09:00"), span(TODAY, "10:00", "11:00")
    some = found(diary("08:00-11:00", busy=[before, after]))
    assert clocks(some) == ["09:00"]


def test_one_minute_too_much_on_either_side_closes_a_time():
    for wrong in [("08:00", "09:01"), ("09:59", "11:00")]:
        busy = [span(TODAY, "08:00", "09:00"), span(TODAY, "10:00", "11:00")]
        some = found(diary("08:00-11:00", busy=[*busy, span(TODAY, *wrong)]))
        assert some == []


def test_time_off_in_the_middle_divides_a_day():
    away = span(TODAY, "09:30", "11:15")
    some = found(diary("08:00-13:00", busy=[away]))
    assert clocks(some) == ["08:00", "08:30", "11:30", "12:00"]


def test_time_off_over_the_whole_shift_and_more_leaves_nothing():
    away = Span(at(TODAY, "00:00"), at(TODAY + DAY, "00:00"))
    assert found(diary("08:00-12:00", busy=[away])) == []


def test_overlapping_shifts_do_not_open_a_time_twice():
    some = found(diary("08:00-10:00", "09:00-11:00"))
    assert clocks(some) == ["08:00", "08:30", "09:00", "09:30", "10:00"]


def test_shifts_that_touch_are_one_stretch_of_work():
    some = found(diary("08:00-09:00", "09:00-10:00"))
    assert clocks(some) == ["08:00", "08:30", "09:00"]


def test_a_break_between_shifts_stays_a_break():
    some = found(diary("08:00-09:00", "09:30-10:30"))
    assert clocks(some) == ["08:00", "09:30"]


# --- rooms ----------------------------------------------------------------------------


def test_two_therapists_may_each_be_offered_the_one_room_while_it_is_free():
    some = found(
        diary("08:00-09:00"), diary("08:00-09:00", therapist=2), rooms=[room()]
    )
    assert [(one.therapist, one.room) for one in some] == [(1, 1), (2, 1)]


def test_once_one_therapist_has_the_room_the_other_has_none():
    taken = span(TODAY, "08:00", "09:00")
    some = found(
        diary("08:00-10:00", busy=[taken]),
        diary("08:00-10:00", therapist=2),
        rooms=[room(busy=[taken])],
    )
    assert [(one.therapist, one.local_start.hour) for one in some] == [(1, 9), (2, 9)]


def test_a_taken_room_gives_way_to_the_next_one():
    some = found(
        diary("08:00-09:00"),
        rooms=[room(1, busy=[span(TODAY, "08:30", "09:30")]), room(2)],
    )
    assert [one.room for one in some] == [2]


@pytest.mark.parametrize("rooms", [[], [room(location=2)]], ids=["none", "elsewhere"])
def test_without_a_room_of_the_same_place_there_is_no_opening(rooms):
    assert found(diary("08:00-09:00"), rooms=rooms) == []


def test_the_turnover_keeps_the_room_too():
    some = found(
        diary("08:00-09:00"), rooms=[room(busy=[span(TODAY, "08:55", "10:00")])]
    )
    assert some == []


# --- what is asked --------------------------------------------------------------------


def test_only_therapists_certified_for_the_technique_are_asked():
    both = [
        diary("08:00-09:00", techniques=[7]),
        diary("08:00-09:00", therapist=2, techniques=[8]),
    ]
    assert [one.therapist for one in found(*both, technique=7)] == [1]
    assert [one.therapist for one in found(*both, technique=None)] == [1, 2]
    assert found(*both, technique=9) == []


def test_nothing_opens_before_the_moment_named_and_that_moment_counts():
    moment = at(TODAY, "08:30")
    some = diary("08:00-10:00")
    assert clocks(found(some, not_before=moment)) == ["08:30", "09:00"]
    assert clocks(found(some, not_before=moment + timedelta(microseconds=1))) == [
        "09:00"
    ]


def test_both_ends_of_a_shifts_validity_count():
    when = {"valid_from": TODAY, "valid_until": TODAY + 2 * DAY}
    some = found(
        diary("08:00-09:00", **when), first=TODAY - 3 * DAY, last=TODAY + 9 * DAY
    )
    days = [one.local_start.date() for one in some]
    assert days == [TODAY, TODAY + DAY, TODAY + 2 * DAY]


def test_a_shift_is_worked_on_its_own_weekday_only():
    some = found(diary("08:00-09:00", days=[2]), last=TODAY + 13 * DAY)
    assert [one.local_start.date() for one in some] == [TODAY, TODAY + 7 * DAY]


def test_both_ends_of_the_days_asked_for_count():
    some = found(diary("08:00-09:00"), last=TODAY + DAY)
    assert [one.local_start.date() for one in some] == [TODAY, TODAY + DAY]


def test_no_days_asked_for_gives_no_openings():
    assert found(diary("08:00-09:00"), first=TODAY, last=TODAY - DAY) == []


def test_openings_come_in_order_of_time_and_then_of_therapist():
    some = found(diary("08:00-10:00", therapist=2), diary("08:30-09:30"))
    order = [(f"{one.local_start:%H:%M}", one.therapist) for one in some]
    assert order == [("08:00", 2), ("08:30", 1), ("08:30", 2), ("09:00", 2)]


@pytest.mark.parametrize(
    "wrong",
    [{"length": timedelta(0)}, {"length": -FIFTY}, {"turnover": -MINUTE}],
)
def test_an_impossible_length_or_turnover_is_refused(wrong):
    with pytest.raises(ValueError, match="impossible length"):
        found(diary("08:00-09:00"), **wrong)


def test_no_turnover_at_all_is_possible():
    some = found(diary("08:00-09:00"), length=30 * MINUTE, turnover=timedelta(0))
    assert clocks(some) == ["08:00", "08:30"]


def test_a_certificate_counts_up_to_its_last_local_day_and_not_beyond():
    late = diary("08:00-09:00", "22:30-23:30", until={7: TODAY})
    some = found(late, last=TODAY + 2 * DAY, technique=7)
    assert clocks(some) == ["08:00", "22:30"]  # 22:30 is the next day in Greenwich
    assert len(found(late, last=TODAY + 2 * DAY)) == 6
    assert found(late, first=TODAY + DAY, last=TODAY + DAY, technique=7) == []


def test_a_room_takes_what_it_is_fit_for_and_an_unmarked_one_takes_all():
    here = diary("08:00-09:00", techniques=[7, 8])
    rooms = [room(1, fit=[8]), room(2)]
    assert [one.room for one in found(here, rooms=rooms, technique=8)] == [1]
    assert [one.room for one in found(here, rooms=rooms, technique=7)] == [2]
    assert [one.room for one in found(here, rooms=rooms)] == [1]
    assert found(here, rooms=rooms[:1], technique=7) == []


def test_a_closed_day_has_no_opening_and_its_neighbors_have_theirs():
    some = found(
        diary("08:00-09:00", "22:30-23:30", closed=[TODAY + DAY]), last=TODAY + 2 * DAY
    )
    days = [one.local_start.date() for one in some]
    assert days == [TODAY, TODAY, TODAY + 2 * DAY, TODAY + 2 * DAY]


# --- clock changes, leap days, year ends ----------------------------------------------


def hours_worked(day, hours):
    (shift,) = shifts(hours, days=[day.weekday()])
    work = shift_span(shift, day, ZONE)
    return None if work is None else (work.end - work.start) / timedelta(hours=1)


@pytest.mark.parametrize(
    ("day", "hours", "real"),
    [
        pytest.param(TODAY, "01:00-03:00", 2, id="an ordinary night"),
        pytest.param(SPRING, "01:00-03:00", 1, id="over the hour that is skipped"),
        pytest.param(SPRING, "02:15-03:30", 0.5, id="from within the skipped hour"),
        pytest.param(SPRING, "01:00-02:30", 1, id="into the skipped hour"),
        pytest.param(SPRING, "02:00-03:00", None, id="only the skipped hour"),
        pytest.param(SPRING, "02:10-02:50", None, id="within the skipped hour"),
        pytest.param(AUTUMN, "01:00-03:00", 3, id="over the hour that comes twice"),
        pytest.param(AUTUMN, "00:00-01:30", 2.5, id="into its second coming"),
        pytest.param(AUTUMN, "01:30-03:00", 2.5, id="from its first coming"),
        pytest.param(AUTUMN, "01:00-02:00", 2, id="both its comings"),
        pytest.param(SPRING, "00:00-23:59", 22 + 59 / 60, id="a day of 23 hours"),
        pytest.param(AUTUMN, "00:00-23:59", 24 + 59 / 60, id="a day of 25 hours"),
    ],
)
def test_a_shift_lasts_as_long_as_it_really_does(day, hours, real):
    assert hours_worked(day, hours) == (real and pytest.approx(real))


def test_no_opening_lies_at_a_time_that_the_clocks_skip():
    some = found(diary("00:30-04:30"), first=SPRING)
    assert clocks(some) == ["00:30", "01:00", "01:30", "03:00", "03:30"]
    apart = {b.starts_at - a.starts_at for a, b in itertools.pairwise(some)}
    assert apart == {30 * MINUTE}


def test_openings_of_the_hour_that_comes_twice_are_distinct():
    some = found(diary("00:30-03:00"), first=AUTUMN)
    twice = ["01:00", "01:30", "01:00", "01:30"]
    assert clocks(some) == ["00:30", *twice, "02:00"]
    assert [one.local_start.fold for one in some] == [0, 0, 0, 1, 1, 0]
    assert len({one.starts_at for one in some}) == len(some)


def test_a_visit_over_the_skipped_hour_lasts_its_real_length():
    last_before = found(diary("00:30-04:30"), first=SPRING)[2]
    assert last_before.ends_at - last_before.starts_at == FIFTY
    assert f"{last_before.ends_at.astimezone(ZONE):%H:%M}" == "03:20"


@pytest.mark.parametrize(
    ("change", "before", "after"), [(SPRING, 15, 14), (AUTUMN, 14, 15)]
)
def test_a_visit_at_nine_stays_at_nine_on_both_sides_of_a_change(change, before, after):
    some = found(diary("09:00-10:00"), first=change - DAY, last=change + DAY)
    assert clocks(some) == ["09:00"] * 3
    assert [one.starts_at.hour for one in some] == [before, after, after]


@pytest.mark.parametrize(
    ("clock", "fold", "utc"),
    [
        pytest.param("01:59", 0, "07:59", id="before the gap"),
        pytest.param("02:00", 0, "08:00", id="where the gap begins"),
        pytest.param("02:59", 1, "08:00", id="where the gap ends"),
        pytest.param("03:00", 0, "08:00", id="after the gap"),
    ],
)
def test_a_time_that_is_skipped_is_the_moment_at_which_it_is_skipped(clock, fold, utc):
    moment = on_the_clock(SPRING, time.fromisoformat(clock), ZONE, fold=fold)
    assert (f"{moment:%H:%M}", moment.tzinfo) == (utc, UTC)


@pytest.mark.parametrize(("fold", "hour"), [(0, 6), (1, 7)])
def test_of_a_time_that_comes_twice_either_can_be_named(fold, hour):
    moment = on_the_clock(AUTUMN, time(1, 30), ZONE, fold=fold)
    assert (moment.hour, moment.minute) == (hour, 30)


def test_the_leap_day_is_worked_like_any_other():
    leap = date(2028, 2, 29)
    some = found(diary("08:00-09:00"), first=leap - DAY, last=leap + DAY)
    assert [f"{one.local_start:%m-%d}" for one in some] == ["02-28", "02-29", "03-01"]


def test_a_year_ends_and_the_next_begins_without_a_gap():
    some = found(
        diary("22:00-23:59", "00:00-01:00"),
        first=date(2026, 12, 31),
        last=date(2027, 1, 1),
    )
    found_at = [f"{one.local_start:%Y-%m-%d %H:%M}" for one in some]
    assert found_at[:4] == [
        f"2026-12-31 {clock}" for clock in ("00:00", "22:00", "22:30", "23:00")
    ]
    assert found_at[4:] == [
        f"2027-01-01 {clock}" for clock in ("00:00", "22:00", "22:30", "23:00")
    ]


def test_a_shift_that_ends_a_minute_before_midnight_keeps_its_last_visit():
    (late,) = found(diary("23:00-23:59"))
    assert f"{late.ends_at.astimezone(ZONE):%H:%M}" == "23:50"
    assert late.blocked_until == at(TODAY + DAY, "00:00")
    later = span(TODAY + DAY, "00:00", "01:00")
    assert found(diary("23:00-23:59", busy=[later])) == [late]
