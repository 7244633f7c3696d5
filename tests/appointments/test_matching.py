"""Who can use which opening: each wish, on both sides of each of its bounds."""

from __future__ import annotations

import itertools
from dataclasses import fields, replace
from datetime import date, time, timedelta
from zoneinfo import ZoneInfo

import pytest

from appointments.matching import Wish, fits, suits, usable
from appointments.openings import Opening, Span
from tests.factories import DAY, HOUR, NOW, TODAY, ZONE, at

VISIT_DAY = TODAY + 2 * DAY  # a Friday
AUTUMN = date(2026, 11, 1)  # 01:00 to 02:00 comes twice
MICROSECOND, MINUTE = timedelta(microseconds=1), timedelta(minutes=1)
ANY = Wish(valid_from=TODAY - 30 * DAY, valid_until=TODAY + 90 * DAY)


def opening(clock="09:00", *, day=VISIT_DAY, therapist=1, minutes=50):
    start = at(day, clock)
    return Opening(
        starts_at=start,
        therapist=therapist,
        room=1,
        location=1,
        ends_at=start + minutes * MINUTE,
        blocked_until=start + (minutes + 10) * MINUTE,
        zone=ZONE,
    )


def stretch(clock, until):
    return Span(at(VISIT_DAY, clock), at(VISIT_DAY, until))


def can(wish=ANY, some=None, *, now=NOW, **wanted):
    return fits(replace(wish, **wanted), some or opening(), now=now)


BOUNDS = [
    pytest.param({"valid_from": VISIT_DAY}, True, id="referral begins that day"),
    pytest.param({"valid_from": VISIT_DAY + DAY}, False, id="referral begins after"),
    pytest.param({"valid_until": VISIT_DAY}, True, id="referral ends that day"),
    pytest.param({"valid_until": VISIT_DAY - DAY}, False, id="referral ended before"),
    pytest.param({"earliest": VISIT_DAY}, True, id="from that day"),
    pytest.param({"earliest": VISIT_DAY + DAY}, False, id="from the day after"),
    pytest.param({"latest": VISIT_DAY}, True, id="until that day"),
    pytest.param({"latest": VISIT_DAY - DAY}, False, id="until the day before"),
    pytest.param({"weekdays": "F"}, True, id="on that weekday"),
    pytest.param({"weekdays": "MTWRSU"}, False, id="on every other weekday"),
    pytest.param({"from_time": time(9, 0)}, True, id="from its start"),
    pytest.param({"from_time": time(9, 1)}, False, id="from a minute after its start"),
    pytest.param({"to_time": time(9, 50)}, True, id="until its end"),
    pytest.param({"to_time": time(9, 49)}, False, id="until a minute before its end"),
    pytest.param({"therapist": 1}, True, id="with that therapist"),
    pytest.param({"therapist": 2}, False, id="with another therapist"),
    pytest.param({"location": 1}, True, id="at that place"),
    pytest.param({"location": 2}, False, id="at another place"),
    pytest.param({"notice": opening().starts_at - NOW}, True, id="just enough notice"),
    pytest.param(
        {"notice": opening().starts_at - NOW + MICROSECOND},
        False,
        id="too short notice",
    ),
    pytest.param({"refused": frozenset()}, True, id="never refused"),
    pytest.param(
        {"refused": frozenset({(1, opening().starts_at)})}, False, id="refused before"
    ),
    pytest.param(
        {"refused": frozenset({(2, opening().starts_at)})},
        True,
        id="refused with another therapist",
    ),
    pytest.param(
        {"refused": frozenset({(1, opening().starts_at + 30 * MINUTE)})},
        True,
        id="refused at another time",
    ),
    pytest.param({"elsewhere": (stretch("08:00", "09:00"),)}, True, id="free until"),
    pytest.param({"elsewhere": (stretch("10:00", "11:00"),)}, True, id="free again"),
    pytest.param({"elsewhere": (stretch("08:00", "09:01"),)}, False, id="held before"),
    pytest.param({"elsewhere": (stretch("09:59", "11:00"),)}, False, id="held after"),
    pytest.param({"elsewhere": (stretch("09:20", "09:30"),)}, False, id="held within"),
]


@pytest.mark.parametrize(("wanted", "possible"), BOUNDS)
def test_an_opening_is_of_use_just_within_each_bound_and_not_beyond(wanted, possible):
    assert can(**wanted) is possible


def test_every_wish_is_tried_on_both_sides():
    tried = {(name, case.values[1]) for case in BOUNDS for name in case.values[0]}
    names = {field.name for field in fields(Wish)}
    assert tried >= {(name, side) for name in names for side in (True, False)}


def test_whoever_wishes_nothing_can_use_any_time_that_is_still_ahead():
    assert can(some=opening("00:00"))
    assert can(some=opening("23:00"))
    assert can(now=opening().starts_at)
    assert not can(now=opening().starts_at + MICROSECOND)


@pytest.mark.parametrize(("place", "letter"), list(enumerate("MTWRFSU")))
def test_each_letter_is_its_own_weekday(place, letter):
    monday = date(2026, 10, 19)
    days = [
        can(some=opening(day=monday + number * DAY), weekdays=letter)
        for number in range(7)
    ]
    assert days == [number == place for number in range(7)]


def test_a_visit_must_end_on_the_day_it_began():
    assert can(some=opening("23:00", minutes=59))
    assert not can(some=opening("23:00", minutes=60))
    assert not can(some=opening("23:30", minutes=50))


def test_days_and_hours_are_those_of_the_place_and_not_of_greenwich():
    late = opening("20:00")  # the next day already in UTC
    assert late.starts_at.date() == VISIT_DAY + DAY
    assert can(some=late, latest=VISIT_DAY, weekdays="F", from_time=time(20, 0))


def test_the_visit_counts_and_not_its_turnover():
    assert opening().blocked_until == at(VISIT_DAY, "10:00")
    assert can(to_time=time(9, 55))


def test_both_comings_of_an_hour_suit_whoever_can_come_at_that_hour():
    first = opening("01:00", day=AUTUMN)
    second = first._replace(
        starts_at=first.starts_at + HOUR, ends_at=first.ends_at + HOUR
    )
    hours = {"from_time": time(1, 0), "to_time": time(1, 50)}
    assert can(some=first, **hours)
    assert can(some=second, **hours)
    refused = frozenset({(1, first.starts_at)})
    assert not can(some=first, refused=refused)
    assert can(some=second, refused=refused)


def test_notice_is_real_time_though_the_clocks_change_in_it():
    visit = opening("09:00", day=AUTUMN)
    now = at(AUTUMN - DAY, "09:00")
    assert can(some=visit, now=now, notice=25 * HOUR)
    assert not can(some=visit, now=now, notice=25 * HOUR + MICROSECOND)


# --- several openings -----------------------------------------------------------------

CLOCKS = ["08:00", "08:30", "09:00", "10:00", "11:00"]


def suiting(wish):
    return [one for one in map(opening, CLOCKS) if suits(wish.habits, one)]


@pytest.mark.parametrize(
    ("most", "expected"),
    [
        (1, ["09:00"]),
        (2, ["09:00", "10:00"]),
        (3, ["09:00", "10:00", "11:00"]),
        (9, ["09:00", "10:00", "11:00"]),
    ],
)
def test_the_first_that_suit_are_returned_in_their_order_and_no_more(most, expected):
    wish = replace(ANY, from_time=time(9, 0))
    some = usable(wish, suiting(wish), now=NOW, most=most)
    assert [f"{one.local_start:%H:%M}" for one in some] == expected


def test_looking_at_the_stretch_in_question_finds_what_looking_at_all_would():
    days = [VISIT_DAY + number * DAY for number in range(-3, 4)]
    zones = [ZONE, ZoneInfo("Pacific/Kiritimati"), ZoneInfo("Pacific/Pago_Pago")]
    every = sorted(
        opening(clock, day=day)._replace(zone=zone)
        for clock, day, zone in itertools.product(CLOCKS, days, zones)
    )
    bounds = [None, VISIT_DAY - DAY, VISIT_DAY, VISIT_DAY + DAY]
    notices = [timedelta(0), timedelta(hours=30), timedelta(days=60)]
    found = 0
    for earliest, latest, notice in itertools.product(bounds, bounds, notices):
        wish = replace(ANY, earliest=earliest, latest=latest, notice=notice)
        slow = [one for one in every if fits(wish, one, now=NOW)]
        suiting = [one for one in every if suits(wish.habits, one)]
        assert usable(wish, suiting, now=NOW, most=1000) == slow
        found += len(slow)
    assert found


def test_where_none_suits_none_is_returned():
    assert usable(ANY, [], now=NOW, most=3) == []
    elsewhere = replace(ANY, therapist=9)
    assert usable(elsewhere, suiting(elsewhere), now=NOW, most=3) == []
