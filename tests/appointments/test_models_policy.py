"""What the database itself refuses of targets and policy; which policy is in force."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest
from django.db import IntegrityError, InternalError, transaction

from appointments.models import Policy, TargetWait, TriageCategory
from referrals.codes import Priority
from tests.factories import DAY, HOUR, NOW, make_category, make_policy, make_target

pytestmark = pytest.mark.django_db


def target_at(category, now):
    """Return the target by both reads, which must agree."""
    by_row = category.target_on(now)
    found = TriageCategory.objects.with_target(now).get(pk=category.pk)
    assert found.target_days == by_row
    return by_row


def test_a_target_lies_between_a_day_and_two_years():
    kept = [target_at(make_category(target_days=days), NOW) for days in (1, 730)]
    assert kept == [1, 730]


@pytest.mark.parametrize("days", [0, 731])
def test_a_target_below_a_day_or_beyond_two_years_is_refused(days):
    with pytest.raises(IntegrityError, match='"target_is_1_to_730_days"'):
        make_category(target_days=days)


def test_each_target_counts_until_the_next_begins_in_whatever_order_they_came():
    """The work of the trigger target_ends_the_one_before."""
    category, other = make_category(target_days=28), make_category(target_days=5)
    make_target(category, 14, in_force_from=NOW + 9 * DAY)
    make_target(category, 21, in_force_from=NOW)

    early = timedelta(microseconds=1)
    moments = [NOW - early, NOW, NOW + 9 * DAY - early, NOW + 9 * DAY]
    assert [target_at(category, moment) for moment in moments] == [28, 21, 21, 14]
    assert target_at(category, NOW - 9999 * DAY) is None
    assert target_at(other, NOW) == 5


def test_two_targets_never_count_at_once():
    category = make_category()

    with pytest.raises(IntegrityError, match='"target_one_at_a_time"'):
        make_target(category, 14)


def test_a_target_keeps_its_beginning_and_its_row():
    """The triggers target_keeps_its_beginning and target_is_kept."""
    target = make_category().targets.get()
    for change in (
        lambda: TargetWait.objects.update(in_force_from=NOW),
        lambda: target.delete(),
    ):
        with pytest.raises(InternalError, match="Cannot"), transaction.atomic():
            change()


def test_a_category_without_a_target_in_force_is_not_offered():
    category = TriageCategory.objects.create(name="New", priority="asap", meaning="x")
    make_target(category, 14, in_force_from=NOW + DAY)

    assert list(TriageCategory.objects.offered(NOW)) == []
    assert list(TriageCategory.objects.offered(NOW + DAY)) == [category]


def test_a_category_has_a_priority_of_fhir():
    kept = [make_category(priority=priority).priority for priority in Priority]
    assert kept == Priority.values

    with pytest.raises(IntegrityError, match='"category_priority_is_known"'):
        make_category(priority="whenever")


@pytest.mark.parametrize("exponent", ["1.0", "6.0"])
def test_harm_may_be_as_steep_as_1_to_6(exponent):
    """One half of policy_harm_exponent_is_1_to_6."""
    policy = make_policy(harm_exponent=Decimal(exponent))
    assert Policy.objects.get(pk=policy.pk).harm_exponent == Decimal(exponent)


@pytest.mark.parametrize("exponent", ["0.9", "6.1"])
def test_harm_is_neither_flatter_nor_steeper(exponent):
    with pytest.raises(IntegrityError, match='"policy_harm_exponent_is_1_to_6"'):
        make_policy(harm_exponent=Decimal(exponent))


@pytest.mark.parametrize(
    ("field", "least"), [("hold_hours", 1), ("ahead_days", 1), ("visit_minutes", 5)]
)
def test_the_times_of_a_policy_are_positive(field, least):
    assert getattr(make_policy(**{field: least}), field) == least

    with pytest.raises(IntegrityError, match='"policy_times_are_positive"'):
        make_policy(in_force_from=NOW, **{field: least - 1})


@pytest.mark.parametrize(
    ("field", "most"), [("visit_minutes", 240), ("turnover_minutes", 120)]
)
def test_no_visit_holds_time_for_longer_than_it_is_looked_for(field, most):
    assert getattr(make_policy(**{field: most}), field) == most

    name = "policy_visits_are_as_short_as_they_are_looked_for"
    with pytest.raises(IntegrityError, match=f'"{name}"'):
        make_policy(in_force_from=NOW, **{field: most + 1})


def test_the_same_therapist_may_cost_no_less_than_nothing():
    assert make_policy(same_therapist_harm=Decimal(0)).pk

    with pytest.raises(
        IntegrityError, match='"policy_same_therapist_harm_is_not_negative"'
    ):
        make_policy(in_force_from=NOW, same_therapist_harm=Decimal("-0.01"))


def test_the_newest_policy_that_has_begun_is_in_force():
    make_policy(in_force_from=NOW - 2 * DAY)
    newest = make_policy(in_force_from=NOW)
    make_policy(in_force_from=NOW + HOUR)

    assert Policy.objects.in_force(NOW) == newest
    assert Policy.objects.in_force(NOW - timedelta(seconds=1)) != newest


def test_without_any_policy_the_defaults_are_in_force():
    make_policy(in_force_from=NOW + HOUR)

    found = Policy.objects.in_force(NOW)

    assert found.pk is None
    assert found.harm_exponent == Decimal("3.0")
    assert found.hold == 24 * HOUR


def test_reminders_lead_by_distinct_times_longest_first_and_zero_means_none():
    both = Policy(first_reminder_hours=24, second_reminder_hours=72)
    same = Policy(first_reminder_hours=24, second_reminder_hours=24)
    none = Policy(first_reminder_hours=0, second_reminder_hours=0)

    assert both.reminder_leads == [72 * HOUR, 24 * HOUR]
    assert same.reminder_leads == [24 * HOUR]
    assert none.reminder_leads == []


def test_a_scheduler_may_choose_the_categories_in_use_shortest_target_first():
    slow = make_category(target_days=90)
    fast = make_category(target_days=2)
    make_category(target_days=1, active=False)

    assert list(TriageCategory.objects.offered(NOW)) == [fast, slow]
