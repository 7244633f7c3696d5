"""Sets of keys as the bits of numbers, against sets of keys."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appointments.keys import BLOCK, Keys, alike, flags, ones

FAR = 10**12
keys = st.one_of(st.integers(1, 200), st.sampled_from([FAR, FAR + 1, 7 * FAR + 63]))
some = st.sets(keys, max_size=12)


def number(of, few):
    return sum(map(of.bit, few))


@given(known=some, few=some)
def test_a_number_is_named_by_its_keys_in_order(known, few):
    of = Keys.of(known | few)

    assert of.named(number(of, few)) == sorted(few)
    assert of.named(0) == []
    if few:
        assert of.first(number(of, few)) == min(few)


@given(mine=some, theirs=some, few=some)
def test_a_number_of_others_is_told_as_one_of_these(mine, theirs, few):
    of, others = Keys.of(mine), Keys.of(theirs | few)
    blocks = {key // BLOCK for key in mine}

    told = of.told_by(others, number(others, few))

    assert of.named(told) == sorted(key for key in few if key // BLOCK in blocks)
    assert told == number(of, few)  # of whom nothing is known there is no bit


def test_keys_of_many_millions_make_no_huge_numbers():
    of = Keys.of([3, FAR, 9 * FAR])

    assert of.bit(9 * FAR) < 1 << 3 * BLOCK
    assert of.bit(5 * FAR) == 0


def test_the_highest_bit_of_a_block_is_the_sign_in_the_database():
    of = Keys([0, 2])

    lowest = -(1 << BLOCK - 1)  # as bit_or tells of this one alone
    assert of.named(of.number(0, lowest)) == [63]
    assert of.named(of.number(2, lowest | 1)) == [128, 191]
    assert of.number(1, lowest) == 0


@pytest.mark.parametrize("bits", [[], [0], [63], [0, 1, 62, 64, 500]])
def test_the_bits_of_a_number_come_lowest_first(bits):
    made = sum(1 << bit for bit in bits)

    assert ones(made) == bits
    assert [place for place, bit in enumerate(flags(made)) if bit] == bits


@given(sets=st.lists(st.sets(st.integers(0, 70)), max_size=6))
def test_who_are_in_the_same_sets_are_alike(sets):
    found = alike([sum(1 << bit for bit in one) for one in sets])

    expected = {}
    for bit in set().union(*sets):
        within = sum(1 << place for place, one in enumerate(sets) if bit in one)
        expected[within] = expected.get(within, 0) | 1 << bit
    assert found == expected
