"""The best that could be done, against all that could be done."""

from __future__ import annotations

from dataclasses import replace
from itertools import permutations
from random import Random

import pytest

from appointments.simulation import clairvoyant
from appointments.simulation.model import Category, Rates, World, draw

RATES = Rates(
    categories=(Category("urgent", 1, 0.4), Category("routine", 4, 0.6)),
    minutes=(120, 60, 0, 60, 60, 0, 60),
)
MOST = 7  # people, so that all their orders can be tried


def small_world(seed):
    """Return a world of few people and too few times."""
    chance = Random(seed)  # noqa: S311 - it must repeat
    rows = draw(RATES, load=1, days=1, seed=1).rows
    days = [[] for _day in range(4)]
    for _one in range(chance.randint(1, MOST)):
        days[chance.randrange(4)].append((chance.randrange(2), ()))
    return World(RATES, rows, tuple(map(tuple, days)))


def every_plan(world):
    """Yield the share of the target each would use, for each way of taking turns."""
    people = [
        (day, world.rows[row].target)
        for day, came in enumerate(world.came)
        for row, _fate in came
    ]
    for turns in permutations(people):
        free = [world.rates.minutes[day % 7] // 60 for day in range(28)]
        plan = []
        for came, target in turns:
            day = next(day for day in range(came, 28) if free[day])
            free[day] -= 1
            plan.append((day - came) / target)
        yield plan


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


def test_the_optimum_does_not_depend_on_where_the_search_begins(monkeypatch):
    world = draw(Rates(), load=1.3, days=60, seed=3)
    wide = clairvoyant.least_harm(world, exponent=3)

    monkeypatch.setattr(clairvoyant, "NEAR", 0)
    narrow = clairvoyant.least_harm(world, exponent=3)
    monkeypatch.setattr(clairvoyant, "NEAR", 200)  # every pair from the beginning
    whole = clairvoyant.least_harm(world, exponent=3)

    assert narrow == pytest.approx(wide, rel=1e-9)
    assert whole == pytest.approx(wide, rel=1e-9)


def test_where_nobody_comes_there_is_no_harm():
    nobody = World(RATES, draw(RATES, load=1, days=1, seed=1).rows, ((), ()))

    assert clairvoyant.least_harm(nobody, exponent=3) == 0
    assert clairvoyant.most_in_time(nobody) == 0


@pytest.mark.parametrize(
    "odd", [{"no_shows": 0.1}, {"lengths": ((60, 0.5), (30, 0.5))}]
)
def test_it_refuses_visits_that_are_not_alike(odd):
    world = draw(replace(RATES, **odd), load=1, days=3, seed=1)

    with pytest.raises(clairvoyant.NotAlike):
        clairvoyant.most_in_time(world)
    with pytest.raises(clairvoyant.NotAlike):
        clairvoyant.least_harm(world, exponent=3)
