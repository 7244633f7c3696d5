"""Whom a time of a plan would help more: against the formula, pair by pair."""

from __future__ import annotations

from datetime import timedelta
from random import Random

import pytest

from appointments.planning.gains import Held, Times
from appointments.priority import harm
from tests.factories import DAY, NOW

ENDS_AT = NOW + 28 * DAY
EXPONENT, MARGIN = 3.0, 0.05


def harm_of(one, until):
    return harm(
        waited_days=max((until - one.received_at) / DAY, 0.0),
        target_days=one.target_days,
        exponent=EXPONENT,
    )


def some(seed, *, number=12):
    """Return times that are held by as many who wait, drawn by chance."""
    chance = Random(seed)  # noqa: S311 - it must repeat
    held = []
    for therapist in range(number):
        starts_at = NOW + chance.uniform(0, 20) * DAY
        one = Held(
            therapist=therapist,
            starts_at=starts_at,
            ends_at=starts_at + timedelta(hours=1),
            of_all=False,
            received_at=NOW - chance.uniform(-5, 40) * DAY,
            target_days=chance.uniform(2, 30),
        )
        held.append(one)
    return held


def gain_of(one):
    """Return how much less harm their time is than none."""
    return harm_of(one, ENDS_AT) - harm_of(one, one.starts_at)


@pytest.mark.parametrize("seed", range(5))
def test_an_earlier_time_is_better_if_one_gains_more_than_the_other_loses(seed):
    held = some(seed)
    times = Times(held, ends_at=ENDS_AT, exponent=EXPONENT, margin=MARGIN)
    alone = 0

    for number, mine in enumerate(held):
        found = dict(times.better_than(number))
        for other, theirs in enumerate(held):
            gains = harm_of(mine, mine.starts_at) - harm_of(mine, theirs.starts_at)
            loses = harm_of(theirs, mine.starts_at) - harm_of(theirs, theirs.starts_at)
            earlier = theirs.starts_at < mine.starts_at
            assert (other in found) == (earlier and gains > loses + MARGIN)
            if other in found:
                assert found[other] == (gains > gain_of(theirs) + MARGIN)
                alone += found[other]
    assert alone  # and some of those who stand behind


@pytest.mark.parametrize("seed", range(5))
def test_a_time_is_better_than_none_if_one_gains_more_than_who_has_it(seed):
    *held, one = some(seed)
    times = Times(held, ends_at=ENDS_AT, exponent=EXPONENT, margin=MARGIN)

    found = times.better_for(one.received_at, one.target_days)

    none = harm_of(one, ENDS_AT)
    assert found == [
        number
        for number, theirs in enumerate(held)
        if none - harm_of(one, theirs.starts_at) > gain_of(theirs) + MARGIN
    ]
