"""The best that could be done, against all that could be done."""

from __future__ import annotations

from dataclasses import replace
from itertools import permutations
from random import Random

import pytest

from appointments.simulation import clairvoyant
from appointments.simulation.model import Category, Rates, World, draw, serve
from appointments.simulation.orders import all_orders
from appointments.simulation.result import figures

RATES = Rates(
    categories=(Category("urgent", 1, 0.4), Category("routine", 4, 0.6)),
    minutes=(120, 60, 0, 60, 60, 0, 60),
)
UNLIKE = replace(RATES, lengths=((60, 0.5), (30, 0.5)), no_shows=0.2, cancellations=0.2)
MISSED, CANCELED = False, True
MOST = 7  # people, so that all their orders can be tried


def world_of(rates, *days):
    """Return a world in which these come: row and fate, day by day."""
    return World(rates, draw(rates, load=1, days=1, seed=1).rows, days)


def small_world(seed, *, rates=RATES, fates=((),), most=MOST):
    """Return a world of few people and too few times."""
    chance = Random(seed)  # noqa: S311 - it must repeat
    rows = len(rates.categories) * len(rates.lengths)
    days = [[] for _day in range(4)]
    for _one in range(chance.randint(1, most)):
        one = (chance.randrange(rows), chance.choice(fates))
        days[chance.randrange(4)].append(one)
    return world_of(rates, *map(tuple, days))


def every_plan(world):
    """Yield the share of the target each would use, for each way of taking turns."""
    people = [
        (day, world.rows[row], fate)
        for day, came in enumerate(world.came)
        for row, fate in came
    ]
    for turns in permutations(people):
        yield plan_of(turns, list(world.rates.minutes) * 8)


def plan_of(turns, left):
    """Let each in turn have the first days that still have time for them."""
    plan = []
    for came, row, fate in turns:
        after = came
        for canceled in [*fate, None]:
            day = next(day for day in range(after, 56) if left[day] >= row.minutes)
            left[day] -= 0 if canceled else row.minutes
            after = day + 1
        plan.append((day - came) / row.target)
    return plan


@pytest.mark.parametrize("seed", range(30))
def test_nobody_finds_a_better_plan(seed):
    world = small_world(seed)

    plans = list(every_plan(world))

    assert clairvoyant.most_in_time(world) == max(
        sum(share <= 1 for share in plan) for plan in plans
    )
    for exponent in (1, 3):
        assert clairvoyant.least_harm(world, exponent=exponent) == pytest.approx(
            min(sum(share**exponent for share in plan) for plan in plans)
        )


@pytest.mark.parametrize("seed", range(30))
def test_nobody_finds_a_better_plan_where_visits_differ_or_are_missed(seed):
    fates = [(), (), (MISSED,), (CANCELED,), (CANCELED, MISSED)]
    world = small_world(seed, rates=UNLIKE, fates=fates, most=6)

    plans = list(every_plan(world))

    in_time = max(sum(share <= 1 for share in plan) for plan in plans)
    assert in_time <= clairvoyant.most_in_time(world) <= in_time + 1
    for exponent in (1, 3):
        harm = min(sum(share**exponent for share in plan) for plan in plans)
        assert clairvoyant.least_harm(world, exponent=exponent) <= harm + 1e-9


def test_a_missed_time_takes_time_and_a_day_and_a_canceled_one_a_day():
    once = world_of(UNLIKE, ((0, (MISSED,)),))  # Monday missed, and Tuesday kept
    both = world_of(UNLIKE, ((0, (CANCELED, MISSED)),))  # not before Wednesday

    assert clairvoyant.most_in_time(once) == 1
    assert clairvoyant.least_harm(once, exponent=3) == pytest.approx(1)
    assert clairvoyant.most_in_time(both) == 0
    four = world_of(UNLIKE, ((0, (MISSED,)),) * 4)  # 480 minutes, and 180 in time
    assert clairvoyant.most_in_time(four) == 1


def test_a_short_visit_is_more_of_a_minute_than_a_long_one():
    three = world_of(UNLIKE, (), ((0, ()), (1, ()), (1, ())))  # Tuesday: an hour

    assert clairvoyant.most_in_time(three) == 2


def test_a_day_has_the_time_that_visits_can_fill():
    rates = replace(RATES, lengths=((45, 0.5), (60, 0.5)), minutes=(44, *(170,) * 6))

    assert clairvoyant.room_of(rates) == [0, *(165,) * 6]


@pytest.mark.parametrize("load", [0.8, 0.9, 1.0, 1.1])
def test_the_harm_order_comes_close_where_visits_differ_or_are_missed(load):
    rates = replace(
        Rates(), lengths=((60, 0.7), (90, 0.3)), no_shows=0.06, cancellations=0.08
    )
    world = draw(rates, load=load, days=180, seed=1)
    best = clairvoyant.most_in_time(world) / sum(map(len, world.came))

    ours = figures(serve(world, all_orders()["harm, p = 3"]), exponent=3)

    assert 0.97 * best <= ours.share <= best
    assert ours.harm >= clairvoyant.least_harm(world, exponent=3)


@pytest.mark.parametrize("rates", [Rates(), replace(Rates(), no_shows=0.1)])
def test_the_optimum_does_not_depend_on_where_the_search_begins(monkeypatch, rates):
    world = draw(rates, load=1.3, days=60, seed=3)
    wide = clairvoyant.least_harm(world, exponent=3)

    monkeypatch.setattr(clairvoyant, "NEAR", 0)
    narrow = clairvoyant.least_harm(world, exponent=3)
    monkeypatch.setattr(clairvoyant, "NEAR", 200)  # every pair from the beginning
    whole = clairvoyant.least_harm(world, exponent=3)

    assert narrow == pytest.approx(wide, rel=1e-6)
    assert whole == pytest.approx(wide, rel=1e-6)


def test_where_nobody_comes_there_is_no_harm():
    nobody = world_of(RATES, (), ())

    assert clairvoyant.least_harm(nobody, exponent=3) == 0
    assert clairvoyant.most_in_time(nobody) == 0
