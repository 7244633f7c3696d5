"""Where many times are alike, the assignment is still the best there is."""

from __future__ import annotations

import random

import numpy as np
import pytest
from scipy.optimize import linear_sum_assignment

from appointments.planning import alike
from appointments.planning.prices import NONE


def instance(chance):
    """Return a small instance: many ties or none, much room or little."""
    people, classes = chance.randrange(1, 9), chance.randrange(6)
    most, often = chance.choice([2, 5, 10_000]), chance.choice([0.3, 0.7, 1.0])
    gains = np.array(
        [
            [chance.randrange(most) * (chance.random() < often) for _ in range(classes)]
            for _ in range(people)
        ],
        float,
    ).reshape(people, classes)
    room = np.array([chance.randrange(4) for _ in range(classes)], np.int64)
    return gains, room


def most(gains, room):
    """Return the most there is, by a table with a column for each single place."""
    table = np.repeat(gains, room, axis=1)
    return table[linear_sum_assignment(table, maximize=True)].sum()


@pytest.mark.parametrize("classes", [0, alike.MOST_CLASSES])  # by scipy's table, or not
@pytest.mark.parametrize("seed", range(5))
def test_no_other_assignment_gains_more(seed, classes, monkeypatch):
    monkeypatch.setattr(alike, "MOST_CLASSES", classes)
    chance = random.Random(seed)  # noqa: S311 - the same instances each time
    for _instance in range(100):
        gains, room = instance(chance)

        has = alike.assign(gains, room)

        given = [(one, int(which)) for one, which in enumerate(has) if which != NONE]
        counts = np.bincount([which for _one, which in given], minlength=len(room))
        assert (counts <= room).all()
        assert all(gains[pair] > 0 for pair in given)
        assert sum(gains[pair] for pair in given) == most(gains, room)


def test_of_many_who_want_the_same_prices_prove_the_optimum():
    """No price is paid for what is left, and nobody would rather have another class."""
    chance = np.random.default_rng(5)
    waited, target = chance.random(600) * 90, chance.choice([3.0, 14.0, 42.0], 600)
    starts = np.sort(chance.random(40) * 28)
    share = (waited[:, None] + starts) / target[:, None]
    gains = ((waited + 29) / target)[:, None] ** 3 - share**3
    gains *= chance.random(gains.shape) < 0.6
    room = np.full(40, 10)
    classes = alike._Classes(gains, room)

    has = classes.filled(None)

    value = np.append(gains, np.zeros((600, 1)), axis=1) - classes._price
    mine = value[np.arange(600), has]  # NONE is the last column: nothing
    counts = np.bincount(has[has != NONE], minlength=40)
    assert (classes._price >= 0).all()
    assert (classes._price[:40][counts < room] == 0).all()
    assert (mine >= value.max(axis=1) - 1e-6).all()
    assert sum(gains[n, k] for n, k in enumerate(has) if k != NONE) == pytest.approx(
        most(gains, room)
    )


def test_it_tells_from_time_to_time_that_it_goes_on():
    told = []

    alike.assign(
        np.ones((alike.EVERY + 1, 1)), np.array([3]), step=lambda: told.append(1)
    )

    assert len(told) == 2
