"""The front of the line, that is read without the rest, is the front of the whole."""

from __future__ import annotations

import random

import pytest

from appointments.changes import Stand
from appointments.models import TriageCategory, WaitlistEntry
from appointments.models.need_order import LINE, STEPS, front
from massage_portal.prepared import Prepared
from tests.factories import (
    DAY,
    NOW,
    make_category,
    make_entry,
    make_overrule,
    make_referral,
    make_request,
    make_target,
)

pytestmark = pytest.mark.django_db


def make_line(number, *, seed, needs, categories):
    dice = random.Random(seed)  # noqa: S311 - the same line each time
    referrals = [make_referral(sessions=60) for _ in range(0, number, 60)]
    for place in range(number):
        entry = make_entry(
            referral=referrals[place // 60],
            session=place % 60 + 1,
            waited_days=dice.choice([7, dice.uniform(0, 200), dice.uniform(-30, 1)]),
            category=dice.choice(categories),
            need_score=dice.choice(needs),
        )
        if dice.random() < 0.15:
            ended = dice.random() < 0.3
            make_overrule(
                entry, dice.choice([1, 9, 700]), **{"ends_at": NOW} if ended else {}
            )
    make_request()


def whole(exponent):
    line = WaitlistEntry.objects.waiting().in_order_of_need(now=NOW, exponent=exponent)
    return list(line.stands())


@pytest.mark.parametrize("exponent", [1.0, 1.1, 3.0, 6.0])
@pytest.mark.parametrize("needs", [[0], [0, 40, 100], range(101)])
def test_every_stretch_is_the_one_of_the_whole_line(exponent, needs):
    categories = [make_category(target_days=days) for days in (1, 14, 84)]
    # One whose target begins tomorrow, and one whose target is only now in force.
    values = {"priority": "routine", "meaning": "An example."}
    coming = TriageCategory.objects.create(name="Coming", **values)
    make_target(coming, 9, in_force_from=NOW + DAY)
    renewed = make_category()
    renewed.targets.update(in_force_until=NOW)
    make_target(renewed, 3, in_force_from=NOW)
    make_line(
        90, seed=len(needs), needs=needs, categories=[*categories, coming, renewed]
    )
    line = whole(exponent)
    assert len(line) == 90
    assert any(one[-2] is None for one in line)  # whose target has not begun

    for begin, until in [(0, 1), (0, 8), (7, 20), (0, 51), (49, 89), (80, 140)]:
        found = front(begin=begin, until=until, now=NOW, exponent=exponent)
        assert found == line[begin:until]


def test_a_few_who_wait_in_many_steps_hide_none_of_the_many_in_one():
    urgent = make_category(target_days=3)
    slow = make_category(target_days=84)
    make_line(20, seed=1, needs=range(101), categories=[slow])
    make_line(30, seed=2, needs=[0], categories=[urgent])
    line = whole(3.0)
    assert front(begin=0, until=25, now=NOW, exponent=3.0) == line[:25]


def test_nobody_stands_in_an_empty_line():
    assert front(begin=0, until=50, now=NOW, exponent=3.0) == []


LOOKED_AT = Prepared(
    "tests_looked_at",
    f"""
    WITH mine AS MATERIALIZED (
        SELECT %(adds)s::float8 AS adds, %(exponent)s::float8 AS exponent
    ), steps AS MATERIALIZED ({STEPS})
    SELECT count(*) FROM ({LINE}) line
    """,  # noqa: S608 - the names are ours
)


@pytest.mark.parametrize("exponent", [1.1, 2.0, 3.0, 6.0])
def test_hardly_more_are_looked_at_than_stand_before_somebody(exponent):
    """However much need differs: of ten points, each has a bound of its own."""
    categories = [make_category(target_days=days) for days in (14, 84)]
    referrals = [make_referral(sessions=60) for _ in range(5)]
    dice = random.Random(7)  # noqa: S311 - the same line each time
    for place in range(300):
        make_entry(
            referral=referrals[place // 60],
            session=place % 60 + 1,
            waited_days=dice.uniform(0, 120),
            category=dice.choice(categories),
            need_score=dice.randrange(101),
        )
    line = whole(exponent)
    for place in (10, 60, 200):
        adds = Stand._make(line[place]).day_adds

        [(number,)] = LOOKED_AT.rows(adds=adds, exponent=exponent, now=NOW)

        assert place < number <= place + 4


@pytest.mark.parametrize("exponent", [1.1, 1.5, 2.0, 2.1, 3.0, 6.0])
def test_the_mean_of_a_day_lies_no_further_over_its_begin_than_the_index_is_read(
    exponent,
):
    """A day adds e m^(e - 1) / t^e; who is looked for has waited m, less this."""
    most = max(0.5, exponent ** (-1 / (exponent - 1)))
    for waited in (0, 0.01, 0.3, 1, 2.5, 10, 90, 700):
        grown = (waited + 1) ** exponent - waited**exponent
        mean = (grown / exponent) ** (1 / (exponent - 1))
        assert mean <= waited + most + 1e-8
