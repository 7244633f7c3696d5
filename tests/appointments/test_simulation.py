"""A clinic simulated: who comes, who is seen next, and what it adds up to."""

from __future__ import annotations

from dataclasses import replace

import pytest

from appointments.priority import day_adds
from appointments.simulation import orders
from appointments.simulation.model import BadRates, Category, Rates, World, draw, serve
from appointments.simulation.orders import Waiting, all_orders, least_harm
from appointments.simulation.result import KNOWN_FUTURE, figures, simulate

PER_CENT = {  # urgent, soon, routine and all, at demand 1.3 times capacity
    "first come, first served": (6, 27, 77, 55),
    "earliest due date": (66, 61, 48, 54),
    "waited / target": (66, 63, 47, 54),
    "category, then first come": (100, 100, 36, 62),
    "harm, p = 3": (100, 100, 42, 65),
}
WORST_URGENT = {
    "first come, first served": 19,
    "earliest due date": 7.3,
    "waited / target": 2.1,
    "category, then first come": 0.7,
    "harm, p = 3": 1.0,
}
ONE_A_DAY = Rates(
    categories=(Category("urgent", 2, 0.5), Category("routine", 10, 0.5)),
    minutes=(60,) * 7,
)


def world(*days, rates=ONE_A_DAY):
    """Return a world in which these rows come: a string of digits for each day."""
    rows = draw(rates, load=1, days=1, seed=1).rows
    came = tuple(tuple((int(row), ()) for row in day) for day in days)
    return World(rates, rows, came)


def seen(world, order):
    """Return who was seen: row, day they came, day they were seen, by that day."""
    return sorted(serve(world, order).seen, key=lambda one: one[2])


# --- Each order, by hand --------------------------------------------------------------

LONG_ROUTINE = Waiting(0, waited_days=30, target_days=42)
NEW_URGENT = Waiting(1, waited_days=1, target_days=3)
LATE_SOON = Waiting(2, waited_days=12, target_days=14)
HEADS = [NEW_URGENT, LONG_ROUTINE, LATE_SOON]


@pytest.mark.parametrize(
    ("order", "picked"),
    [
        pytest.param(orders.first_come, LONG_ROUTINE, id="waited longest"),
        pytest.param(orders.category_first, NEW_URGENT, id="most urgent"),
        pytest.param(orders.waited_share, LATE_SOON, id="12 of 14 days"),
        pytest.param(orders.least_harm(3), NEW_URGENT, id="7/27 is most"),
    ],
)
def test_each_order_picks_who_is_seen_next(order, picked):
    assert order(HEADS) == picked
    assert order(HEADS[::-1]) == picked


def test_the_earliest_due_is_seen_before_who_is_most_urgent():
    due_in_a_day = Waiting(3, waited_days=41, target_days=42)

    assert orders.earliest_due([*HEADS, due_in_a_day]) == due_in_a_day


def test_of_two_alike_who_waited_longer_is_seen_first():
    early, late = Waiting(0, 2, 2), Waiting(1, 4, 4)

    for order in (orders.earliest_due, orders.waited_share):
        assert order([early, late]) == order([late, early]) == late


@pytest.mark.parametrize("exponent", [1, 2.5, 3])
def test_the_harm_order_is_the_rank_of_the_queue(exponent):
    def rank(one):
        return day_adds(
            waited_days=one.waited_days,
            target_days=one.target_days,
            exponent=exponent,
        )

    heads = [Waiting(n, n * 7 % 23, 3 + n) for n in range(20)]

    assert rank(least_harm(exponent)(heads)) == max(map(rank, heads))


# --- The days of a clinic -------------------------------------------------------------


def test_the_queue_drains_in_the_order_given():
    two_come = world("11", "0")

    assert seen(two_come, orders.category_first) == [(1, 0, 0), (0, 1, 1), (1, 0, 2)]
    assert seen(two_come, orders.first_come) == [(1, 0, 0), (1, 0, 1), (0, 1, 2)]


def test_nobody_is_seen_on_a_day_off():
    closed = replace(ONE_A_DAY, minutes=(60, 0, 0, 60, 0, 0, 0))

    assert seen(world("00", rates=closed), orders.first_come) == [(0, 0, 0), (0, 0, 3)]


def test_a_missed_time_is_lost_and_the_place_is_kept():
    base = world("01")
    missed = World(base.rates, base.rows, (((0, (False,)), (1, ())),))

    assert seen(missed, orders.category_first) == [(0, 0, 1), (1, 0, 2)]


def test_a_canceled_time_goes_to_the_next_in_line():
    base = world("01")
    canceled = World(base.rates, base.rows, (((0, (True,)), (1, ())),))

    assert seen(canceled, orders.category_first) == [(1, 0, 0), (0, 0, 1)]


def test_a_visit_is_given_only_where_it_fits():
    lengths = replace(ONE_A_DAY, lengths=((60, 0.5), (30, 0.5)), minutes=(90,) * 7)
    long, long_too, short = "0", "0", "3"  # rows: category by length

    found = seen(world(long + long_too + short, rates=lengths), orders.category_first)

    assert sorted(found) == [(0, 0, 0), (0, 0, 1), (3, 0, 0)]


def test_figures_add_up_what_was_seen():
    found = figures(serve(world("000", "1"), orders.first_come), exponent=3)

    assert found.shares == (1, 1)  # urgent after 0, 1 and 2 days of 2; routine 2 of 10
    assert found.worst == (1, 0.2)
    assert found.harm == pytest.approx(0.5**3 + 1 + 0.2**3)
    late = figures(serve(world("0000"), orders.first_come), exponent=1)
    assert late.shares == (0.75, 1)
    assert late.share == 0.75


def test_need_shortens_the_target():
    assert Category("urgent", 10, 1, need_score=100).target == 5


# --- Chance ---------------------------------------------------------------------------


def test_the_same_seed_gives_the_same_world_and_another_seed_another():
    def drawn(seed):
        rates = replace(Rates(), no_shows=0.1, cancellations=0.1)
        return draw(rates, load=1.3, days=30, seed=seed).came

    assert drawn(7) == drawn(7)
    assert drawn(7) != drawn(8)


def test_as_many_come_as_the_load_says():
    rates = replace(Rates(), no_shows=0.1, cancellations=0.2, lengths=((45, 1.0),))
    came = draw(rates, load=1.2, days=728, seed=1).came

    fates = [fate for day in came for _row, fate in day]
    missed = sum(fate.count(False) for fate in fates)
    used = 45 * (len(fates) + missed) / (104 * 6000)
    weekend = sum(len(day) for n, day in enumerate(came) if n % 7 > 4) / 2
    workdays = sum(len(day) for n, day in enumerate(came) if n % 7 < 5) / 5

    assert used == pytest.approx(1.2, rel=0.03)
    assert weekend / workdays == pytest.approx(0.2, rel=0.05)


def test_a_simulation_repeats_to_the_last_figure():
    asked = {"load": 1.1, "days": 40, "seeds": 2}

    assert simulate(Rates(), **asked) == simulate(Rates(), **asked)


# --- What it says ---------------------------------------------------------------------


@pytest.fixture(scope="module")
def overload():
    """Half a year of demand 30 % above capacity, in ten clinics."""
    return simulate(Rates(), load=1.3, days=180, seeds=10)


@pytest.mark.parametrize("order", PER_CENT)
def test_overload_does_to_each_order_what_the_design_says(overload, order):
    line = overload.line(order)

    found = [100 * spread.mean for spread in (*line.shares, line.share)]

    assert found == pytest.approx(PER_CENT[order], abs=5)
    assert line.worst[0].mean == pytest.approx(WORST_URGENT[order], rel=0.15)


def test_no_order_does_better_than_who_knows_the_future(overload):
    best = overload.line(KNOWN_FUTURE)
    for name in all_orders():
        assert overload.line(name).share.mean <= best.share.mean
        assert overload.line(name).harm.mean >= best.harm.mean


@pytest.mark.parametrize("load", [0.8, 0.9, 1.0, 1.1])
def test_the_harm_order_sees_nearly_all_in_time_that_anybody_could(load):
    table = simulate(Rates(), load=load, days=180, seeds=10)

    ours, best = table.line("harm, p = 3"), table.line(KNOWN_FUTURE)

    assert ours.share.mean >= 0.97 * best.share.mean


def test_where_visits_differ_the_future_known_is_a_bound():
    alike = simulate(Rates(), load=1, days=20, seeds=2)
    table = simulate(replace(Rates(), no_shows=0.1), load=1, days=20, seeds=2)

    assert (alike.exact, table.exact) == (True, False)
    assert [one.order for one in table.lines] == [*all_orders(), KNOWN_FUTURE]
    ours, best = table.line("harm, p = 3"), table.line(KNOWN_FUTURE)
    assert table.of_the_best == ours.share.mean / best.share.mean <= 1


# --- What is refused ------------------------------------------------------------------


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"categories": ()}, "add up to 1"),
        ({"categories": (Category("a", 3, 0.5),)}, "add up to 1"),
        ({"categories": (Category("a", 3, 0.5), Category("a", 4, 0.5))}, "same name"),
        ({"categories": (Category("a", 0, 1),)}, "target must be positive"),
        ({"categories": (Category("a", 3, 1, 101),)}, "need score must be 0 to 100"),
        ({"minutes": (60,) * 6}, "7 numbers"),
        ({"minutes": (0,) * 7}, "not all zero"),
        ({"minutes": (-60, *(60,) * 6)}, "7 numbers"),
        ({"lengths": ()}, "shares adding to 1"),
        ({"lengths": ((0, 1),)}, "1 or more"),
        ({"lengths": ((1201, 1),)}, "longer than any day"),
        ({"weekend": -1}, "weekend"),
        ({"no_shows": -0.1}, "negative"),
        ({"no_shows": 0.5, "cancellations": 0.5}, "together"),
    ],
)
def test_rates_that_make_no_sense_are_refused(wrong, said):
    with pytest.raises(BadRates, match=said):
        replace(Rates(), **wrong)
