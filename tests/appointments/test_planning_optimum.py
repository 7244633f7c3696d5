"""The assignment of a plan is the best there is."""

from __future__ import annotations

import random
from functools import cache
from math import fsum

import numpy as np
import pytest

from appointments.planning import prices
from appointments.planning.assign import NONE, assign
from appointments.planning.feasible import Pairs


def pairs_of(rows):
    """Return pairs as columns, from rows of entry and opening."""
    table = np.array(rows, np.int32).reshape(len(rows), 2)
    return Pairs(table[:, 0], table[:, 1])


def total(rows, costs, charges, chosen):
    """Return what an assignment comes to; it must give real pairs, and each once."""
    cost = dict(zip(rows, costs, strict=True))
    given = [(entry, int(o)) for entry, o in enumerate(chosen) if o != NONE]
    assert len({opening for _entry, opening in given}) == len(given)
    without = [c for c, o in zip(charges, chosen, strict=True) if o == NONE]
    return fsum([*(cost[pair] for pair in given), *without])


def least(rows, costs, charges):
    """Return the least total, by trying everything."""
    cost = dict(zip(rows, costs, strict=True))

    @cache
    def rest(entry, taken):
        if entry == len(charges):
            return 0
        best = charges[entry] + rest(entry + 1, taken)
        for (who, opening), one in cost.items():
            if who == entry and opening not in taken:
                best = min(best, one + rest(entry + 1, taken | {opening}))
        return best

    return rest(0, frozenset())


def small(chance):
    """Return a small instance: many ties, or none; few pairs, or all."""
    entries, openings = chance.randrange(6), chance.randrange(6)
    often, most = chance.choice([0.2, 0.6, 1.0]), chance.choice([2, 5, 10_000])
    rows = [
        (entry, opening)
        for entry in range(entries)
        for opening in range(openings)
        if chance.random() < often
    ]
    costs = [chance.randrange(most) for _pair in rows]
    charges = [chance.randrange(most * 2) for _entry in range(entries)]
    return rows, costs, charges, openings


def alike(chance, side):
    """Return a small instance in which a gain depends on one side of its pair alone."""
    rows, _costs, charges, openings = small(chance)
    most = chance.choice([2, 5, 10_000])
    harms = [chance.randrange(most) for _one in range(6)]
    if side == "opening":
        charges = [chance.randrange(most * 2)] * len(charges)
        return rows, [harms[opening] for _entry, opening in rows], charges, openings
    return rows, [harms[entry] for entry, _opening in rows], charges, openings


@pytest.mark.parametrize("rounds", [0, prices.MOST_ROUNDS])  # scipy alone, or not
@pytest.mark.parametrize("seed", range(5))
def test_no_other_assignment_costs_less(seed, rounds, monkeypatch):
    monkeypatch.setattr(prices, "MOST_ROUNDS", rounds)
    chance = random.Random(seed)  # noqa: S311 - the same instances each time
    for _instance in range(60):
        rows, costs, charges, openings = small(chance)

        chosen = assign(
            pairs_of(rows),
            np.array(costs, float),
            np.array(charges, float),
            openings=openings,
        )

        assert total(rows, costs, charges, chosen) == least(rows, costs, charges)


@pytest.mark.parametrize("side", ["entry", "opening"])
def test_where_only_one_side_counts_the_best_is_found_without_bidding(
    side, monkeypatch
):
    monkeypatch.setattr("appointments.planning.assign.auction", None)
    chance = random.Random(3)  # noqa: S311 - the same instances each time
    for _instance in range(300):
        rows, costs, charges, openings = alike(chance, side)

        chosen = assign(
            pairs_of(rows),
            np.array(costs, float),
            np.array(charges, float),
            openings=openings,
        )

        assert total(rows, costs, charges, chosen) == least(rows, costs, charges)


def waiting(count, openings, each, *, ties):
    """Return a large instance: harms of waits, cubed, as a clinic has them."""
    chance = np.random.default_rng(5)
    keys = np.unique(
        np.repeat(np.arange(count), each) * openings
        + chance.integers(0, openings, count * each)
    )
    entry, opening = keys // openings, keys % openings
    starts = np.sort(chance.random(openings) * 56)
    waited = chance.random(count) * 90
    target = chance.choice([3.0, 14.0, 42.0], count)
    if ties == "all at once":
        waited[:], target[:] = 10, 14
    elif ties:
        starts, waited = np.floor(starts), np.floor(waited / 30) * 30
    costs = ((starts[opening] + waited[entry]) / target[entry]) ** 3
    return Pairs(entry, opening), costs, ((57 + waited) / target) ** 3


def prices_that_prove(pairs, costs, charges, chosen, openings):
    """
    Return a price for each opening by which all is best, by Bellman and Ford.

    An entry at what it has, and an opening at nobody's, are nodes; a price is how much
    less an exchange that begins there could cost. It settles only if none is left that
    makes the whole cheaper.
    """
    key = pairs.entry.astype(np.int64) * openings + pairs.opening
    now = charges.copy()
    has = np.flatnonzero(chosen != NONE)
    now[has] = costs[np.searchsorted(key, has * openings + chosen[has])]
    place = np.where(chosen == NONE, openings, chosen)  # the last: outside, price 0
    price = np.zeros(openings + 1)
    over = now[pairs.entry] - costs
    for _round in range(openings + 2):
        before = price.copy()
        # what an entry would pay for another opening, given the price of its own
        np.maximum.at(price, pairs.opening, over + before[place[pairs.entry]])
        if (price[:-1] <= before[:-1] + 1e-9 * np.maximum(1, before[:-1])).all():
            return before[:-1], now, place
    raise AssertionError("prices never settle: some exchange makes the whole cheaper")


@pytest.mark.parametrize(
    ("count", "openings", "ties"),
    [
        (1500, 1600, False),
        (2000, 900, False),
        (900, 2000, True),
        (1500, 1600, "all at once"),
        (2000, 900, "all at once"),
    ],
)
def test_of_many_the_reduced_costs_prove_the_optimum(count, openings, ties):
    pairs, costs, charges = waiting(count, openings, 20, ties=ties)

    chosen = assign(pairs, costs, charges, openings=openings)

    price, now, place = prices_that_prove(pairs, costs, charges, chosen, openings)
    paid = (
        now + np.append(price, 0)[place]
    )  # the dual of an entry, tight at what it has
    slack = 1e-7 * np.maximum(1, charges)
    assert (price >= 0).all()
    assert (
        costs + price[pairs.opening] - paid[pairs.entry] >= -slack[pairs.entry]
    ).all()
    assert (charges - paid >= -slack).all()  # being without is no better
    nobodys = np.setdiff1d(np.arange(openings), chosen)
    assert (price[nobodys] <= slack.max()).all()
    bound = fsum(paid) - fsum(price)
    assert fsum(now) == pytest.approx(bound, rel=1e-9)  # primal and dual meet


@pytest.mark.parametrize("bad", [np.nan, np.inf, -1.0])
@pytest.mark.parametrize("where", ["costs", "charges"])
def test_a_cost_that_is_no_cost_is_refused(bad, where):
    numbers = {"costs": np.ones(1), "charges": np.ones(1)}
    numbers[where][0] = bad

    with pytest.raises(ValueError, match="finite"):
        assign(pairs_of([(0, 0)]), **numbers, openings=1)
