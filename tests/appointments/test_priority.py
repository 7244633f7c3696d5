"""The formula of harm, which ranks everyone who waits."""

from __future__ import annotations

from datetime import timedelta
from math import isclose, sqrt

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from appointments.priority import day_adds, explain, harm, target_wait
from tests.factories import DAY, NOW

targets = st.integers(1, 730)
needs = st.integers(0, 100)
waits = st.floats(0, 1000)
exponents = st.sampled_from([1.0, 1.5, 2.0, 2.7, 3.0, 4.5, 6.0])
steep = st.sampled_from([1.5, 2.0, 2.7, 3.0, 4.5, 6.0])
examples = settings(deadline=None, max_examples=200)


def rank(*, waited, target, exponent=3.0):
    return day_adds(waited_days=waited, target_days=target, exponent=exponent)


# --- harm -----------------------------------------------------------------------------


@pytest.mark.parametrize("exponent", [1, 1.5, 3, 6])
@pytest.mark.parametrize("target", [1, 3, 42, 730])
def test_harm_is_nothing_at_the_start_and_one_at_the_target(target, exponent):
    assert harm(waited_days=0, target_days=target, exponent=exponent) == 0
    assert harm(waited_days=target, target_days=target, exponent=exponent) == 1


@pytest.mark.parametrize(
    ("waited", "target", "exponent", "expected"),
    [
        pytest.param(21, 42, 3, 1 / 8, id="half the target"),
        pytest.param(84, 42, 3, 8, id="twice the target"),
        pytest.param(6, 3, 2, 4, id="a gentler policy"),
        pytest.param(6, 3, 1, 2, id="the share itself"),
    ],
)
def test_harm_is_the_share_of_the_target_to_the_power_of_policy(
    waited, target, exponent, expected
):
    found = harm(waited_days=waited, target_days=target, exponent=exponent)
    assert found == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize("rule", [harm, day_adds])
@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"waited_days": -0.001}, "waited must not be negative: -0.001"),
        ({"target_days": 0}, "target must be positive: 0"),
        ({"target_days": -3}, "target must be positive: -3"),
        ({"exponent": 0.99}, "exponent must be at least 1: 0.99"),
    ],
)
def test_no_rank_is_made_of_impossible_numbers(rule, wrong, message):
    right = {"waited_days": 5, "target_days": 28, "exponent": 3}
    if rule is day_adds and "waited_days" in wrong:
        wrong = {"waited_days": -1.001}
        message = "waited must not be negative"
    with pytest.raises(ValueError, match=message):
        rule(**right | wrong)


def test_a_wait_that_has_not_begun_has_no_rank_even_by_less_than_a_day():
    with pytest.raises(ValueError, match=r"waited must not be negative: -0\.5"):
        rank(waited=-0.5, target=28)


# --- the target, shortened by need ----------------------------------------------------


@pytest.mark.parametrize(
    ("need", "expected"),
    [(0, 28), (1, 27.86), (50, 21), (99, 14.14), (100, 14)],
)
def test_the_target_is_shortened_by_need_to_no_less_than_half(need, expected):
    found = target_wait(target_days=28, need_score=need)
    assert found == pytest.approx(expected, rel=1e-12)


@given(target=targets, need=needs)
@examples
def test_need_never_lengthens_a_wait_and_never_more_than_halves_it(target, need):
    assert target / 2 <= target_wait(target_days=target, need_score=need) <= target


@given(target=targets, need=st.integers(0, 99))
@examples
def test_each_point_of_need_shortens_the_target(target, need):
    less = target_wait(target_days=target, need_score=need)
    assert target_wait(target_days=target, need_score=need + 1) < less


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"target_days": 0}, "target must be positive: 0"),
        ({"target_days": -1}, "target must be positive: -1"),
        ({"need_score": -1}, "need score must be 0 to 100: -1"),
        ({"need_score": 101}, "need score must be 0 to 100: 101"),
    ],
)
def test_no_target_is_made_of_impossible_numbers(wrong, message):
    with pytest.raises(ValueError, match=message):
        target_wait(**{"target_days": 28, "need_score": 0} | wrong)


# --- the rank: what one more day adds -------------------------------------------------


def test_the_rank_is_the_harm_that_one_more_day_adds():
    today = harm(waited_days=10, target_days=28, exponent=3)
    tomorrow = harm(waited_days=11, target_days=28, exponent=3)
    assert rank(waited=10, target=28) == tomorrow - today


@given(waited=waits, more=st.floats(1, 400), target=targets, exponent=steep)
@examples
def test_the_rank_rises_with_the_wait(waited, more, target, exponent):
    earlier = rank(waited=waited, target=target, exponent=exponent)
    later = rank(waited=waited + more, target=target, exponent=exponent)
    assert later > earlier > 0


@given(waited=waits, target=targets)
@examples
def test_with_the_gentlest_policy_the_rank_stays_what_the_target_says(waited, target):
    found = rank(waited=waited, target=target, exponent=1.0)
    assert isclose(found, 1 / target, rel_tol=1e-9)


@given(waited=waits, target=targets, need=needs, more=st.integers(1, 100), p=exponents)
@examples
def test_more_need_never_lowers_a_rank(waited, target, need, more, p):
    little = target_wait(target_days=target, need_score=need)
    much = target_wait(target_days=target, need_score=min(need + more, 100))
    raised = rank(waited=waited, target=much, exponent=p)
    assert raised >= rank(waited=waited, target=little, exponent=p)


@given(waited=waits, target=targets, more=st.integers(1, 365), p=exponents)
@examples
def test_a_shorter_target_ranks_higher_after_the_same_wait(waited, target, more, p):
    shorter = rank(waited=waited, target=target, exponent=p)
    assert shorter > rank(waited=waited, target=target + more, exponent=p)


# --- urgent and routine, targets of 3 and 42 days -------------------------------------


@pytest.mark.parametrize(("routine_waited", "urgent_first"), [(29, True), (30, False)])
def test_a_new_urgent_patient_stands_before_a_routine_one_short_of_30_days(
    routine_waited, urgent_first
):
    urgent, routine = rank(waited=0, target=3), rank(waited=routine_waited, target=42)
    assert (urgent > routine) is urgent_first


@pytest.mark.parametrize(("times", "urgent_first"), [(1, True), (4, True), (5, False)])
def test_an_urgent_patient_who_is_due_yields_only_far_beyond_the_routine_target(
    times, urgent_first
):
    urgent, routine = rank(waited=3, target=3), rank(waited=42 * times, target=42)
    assert (urgent > routine) is urgent_first


@pytest.mark.parametrize("routine_share", [1.0, 2.0, 3.0])
def test_urgent_is_served_at_about_a_quarter_of_the_routine_share(routine_share):
    level = rank(waited=42 * routine_share, target=42)
    waits = (part / 100 for part in range(3000))
    same = next(waited for waited in waits if rank(waited=waited, target=3) >= level)
    # One day is a third of an urgent target, so the wait that counts is its middle.
    share = (same + 0.5) / 3
    assert share == pytest.approx(routine_share * sqrt(3 / 42), rel=0.1)


# --- the numbers behind a rank --------------------------------------------------------


def told(*, waited=14 * DAY, category_days=28, need_score=0, exponent=3.0):
    return explain(
        received_at=NOW - waited,
        category_days=category_days,
        need_score=need_score,
        now=NOW,
        exponent=exponent,
    )


def test_an_explanation_gives_every_number_of_the_formula():
    why = told(waited=14 * DAY, category_days=28, need_score=50)
    assert (why.waited_days, why.category_days, why.need_score) == (14, 28, 50)
    assert why.target_days == 21
    assert why.share == pytest.approx(2 / 3)
    assert why.due_at == NOW - 14 * DAY + 21 * DAY
    assert why.harm == pytest.approx((2 / 3) ** 3)
    assert why.day_adds == pytest.approx((15 / 21) ** 3 - (14 / 21) ** 3)


@pytest.mark.parametrize(
    ("waited", "overdue"),
    [
        pytest.param(28 * DAY - timedelta(seconds=1), False, id="a second before"),
        pytest.param(28 * DAY, True, id="to the second"),
        pytest.param(29 * DAY, True, id="a day after"),
    ],
)
def test_an_entry_is_overdue_from_the_moment_its_target_is_reached(waited, overdue):
    assert told(waited=waited).overdue is overdue


def test_the_share_in_per_cent_is_whole_and_exact_where_it_can_be():
    days = list(range(1, 301))
    shown = [told(waited=day * DAY, category_days=100).per_cent for day in days]
    assert shown == days


def test_the_share_in_per_cent_is_rounded_down_so_100_means_due():
    almost = told(waited=28 * DAY - timedelta(minutes=1))
    assert (almost.per_cent, almost.overdue) == (99, False)


@pytest.mark.parametrize("ahead", [timedelta(seconds=1), 40 * DAY])
def test_a_clock_that_lies_ahead_counts_as_no_wait_yet(ahead):
    why = told(waited=-ahead)
    assert (why.waited_days, why.share, why.harm, why.overdue) == (0, 0, 0, False)
    assert why.day_adds == pytest.approx(1 / 28**3)
    assert why.due_at == NOW + ahead + 28 * DAY


@pytest.mark.parametrize(
    "wrong",
    [{"category_days": 0}, {"need_score": 101}, {"need_score": -1}, {"exponent": 0.5}],
)
def test_an_explanation_refuses_what_the_formula_refuses(wrong):
    with pytest.raises(ValueError, match="must be"):
        told(**wrong)


def test_a_day_is_24_hours_though_the_clocks_change_in_it():
    spring = explain(
        received_at=NOW.replace(month=3, day=7),
        category_days=10,
        need_score=0,
        now=NOW.replace(month=3, day=9),
        exponent=3.0,
    )
    assert spring.waited_days == 2
