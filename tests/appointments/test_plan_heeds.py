"""What a plan of offers heeds of each: it would be another one without."""

from __future__ import annotations

from datetime import timedelta

import pytest

from appointments.models import Policy
from appointments.models.planner import Planner
from referrals.models import Authorization
from tests.appointments.plans import planned, rows_of, waits_of
from tests.factories import (
    DAY,
    NOW,
    TODAY,
    at,
    make_clinic,
    make_entry,
    make_policy,
    make_referral,
)

pytestmark = pytest.mark.django_db
WEEK = 7 * DAY
FIRST, SECOND = TODAY + DAY, TODAY + DAY + WEEK  # the days on which the clinic works


@pytest.fixture(autouse=True)
def clinic():
    """One time on each of two Thursdays."""
    make_policy()
    make_clinic(hours=("08:00", "09:00"), days=[FIRST.weekday()])


def days():
    """Return the day that the plan gives each, by the key of the entry."""
    draft = planned(weeks=2)
    return {key: row.starts_at for key, row in rows_of(draft).items()}, waits_of(draft)


def morning_of(day):
    return at(day, "08:00")


def pressing_and_other(**referral):
    """Return one whom waiting harms most, and one with a referral that says more."""
    pressing = make_entry(waited_days=60, target_days=14)
    covered = make_referral(received_at=NOW - 10 * DAY, **referral)
    return pressing, make_entry(waited_days=50, target_days=14, referral=covered)


@pytest.mark.parametrize("ends", [FIRST, FIRST + DAY, SECOND - DAY])
def test_who_is_covered_on_the_first_day_alone_gives_the_second_to_another(ends):
    pressing, other = pressing_and_other(valid_until=ends)

    given, waits = days()

    # Without the end: the pressing one first, the other a week later.
    assert given == {
        pressing.pk: morning_of(SECOND),
        other.pk: morning_of(FIRST),
    }
    assert waits == {}


def test_without_such_an_end_the_pressing_one_is_first():
    pressing, other = pressing_and_other(valid_until=SECOND)

    given, _waits = days()

    assert given == {pressing.pk: morning_of(FIRST), other.pk: morning_of(SECOND)}


def test_a_referral_that_ends_before_the_visit_gives_nothing():
    ended = make_referral(valid_until=FIRST - DAY)  # it still covers today
    entry = make_entry(referral=ended)

    assert days() == ({}, {entry.pk: "none"})


def test_a_referral_that_begins_later_covers_only_what_comes_then():
    later = make_entry(referral=make_referral(valid_from=FIRST + DAY))

    assert days()[0] == {later.pk: morning_of(SECOND)}


def test_an_insurers_end_counts_at_the_day_of_the_visit_too():
    pressing, other = pressing_and_other()
    authorize(other.referral, visits=1, valid_until=FIRST)

    given, _waits = days()

    assert given == {pressing.pk: morning_of(SECOND), other.pk: morning_of(FIRST)}


def authorize(referral, **fields):
    """Record what the insurer pays for."""
    return Authorization.objects.create(
        referral=referral,
        number="A-1",
        changed_at=NOW,
        changed_by=referral.recorded_by,
        **fields,
    )


@pytest.mark.parametrize(("paid", "expected"), [(1, 1), (2, 2), (3, 2)])
def test_of_several_visits_of_one_referral_as_many_are_planned_as_are_paid(
    paid, expected
):
    referral = make_referral(sessions=2)
    authorize(referral, visits=paid)
    visits = [make_entry(referral=referral, session=n) for n in (1, 2)]

    given, _waits = days()

    assert set(given) == {one.pk for one in visits[:expected]}


@pytest.mark.parametrize(("hours", "day"), [(22, FIRST), (23, SECOND)])
def test_the_shortest_notice_is_kept(hours, day):
    """The first time is in 22 hours."""
    assert morning_of(FIRST) - NOW == timedelta(hours=22)
    entry = make_entry(notice_hours=hours)

    assert days()[0] == {entry.pk: morning_of(day)}


@pytest.mark.parametrize(("hours", "first"), [(22, True), (23, False)])
def test_notice_gives_the_sooner_time_to_whom_waiting_harms_less(hours, first):
    pressing = make_entry(waited_days=60, target_days=14, notice_hours=hours)
    other = make_entry(waited_days=50, target_days=14)
    order = (pressing, other) if first else (other, pressing)

    given, _waits = days()

    assert sorted(given, key=given.get) == [one.pk for one in order]


@pytest.mark.parametrize("therapists", [1, 2])
def test_nobody_is_planned_for_two_visits_at_a_time(therapists):
    """Two therapists are free then, and the patient waits for two visits."""
    make_clinic(therapists=therapists, hours=("08:00", "09:00"), days=[FIRST.weekday()])
    referral = make_referral(sessions=2)
    visits = [make_entry(referral=referral, session=n) for n in (1, 2)]
    other = make_entry(waited_days=1)

    given, waits = days()

    first, second = (given[one.pk] for one in visits)
    assert {first, second} == {morning_of(FIRST), morning_of(SECOND)}
    assert given[other.pk] == morning_of(FIRST)
    assert waits == {}


def test_nor_does_the_line_alone_that_a_plan_is_held_against():
    make_clinic(hours=("08:00", "09:00"), days=[FIRST.weekday()])
    referral = make_referral(sessions=2)
    for number in (1, 2):
        make_entry(referral=referral, session=number)
    made = Planner.of_weeks(2, now=NOW, policy=Policy.objects.in_force(NOW))

    times = [one.line_opening.starts_at for one in made.draw().outcomes]

    assert times == [morning_of(FIRST), morning_of(SECOND)]
