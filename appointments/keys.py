"""
Sets of keys, as the bits of whole numbers. Pure: no database, no clock.

Who is taken at a time, and which rooms are, is then one number, however many they are;
PostgreSQL puts such numbers together itself, and who is left takes one operation.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from itertools import chain, compress, count

SHIFT = 6
BLOCK = 1 << SHIFT  # keys whose bits go into one bigint of PostgreSQL
EVERY = (1 << BLOCK) - 1
ZERO_OR_ONE = bytes.maketrans(b"01", b"\0\1")  # by which one is left out, or taken


class Keys:
    """
    Keys, each of which is one bit; the higher key is the higher bit.

    They stand in blocks of BLOCK. Only blocks that hold one are counted, so that keys
    of many millions make no huge numbers.

    :param blocks: that hold any, by their numbers: a key's is the key by BLOCK.
    """

    def __init__(self, blocks: Iterable[int]) -> None:
        some = sorted(set(blocks))
        # The lowest bit of each.
        self._lowest = {block: place << SHIFT for place, block in enumerate(some)}
        every = (range(one << SHIFT, (one + 1) << SHIFT) for one in some)
        self._by_bit = [*chain.from_iterable(every)]

    @classmethod
    def of(cls, keys: Iterable[int]) -> Keys:
        """Return such for these keys, and their neighbors."""
        return cls({key >> SHIFT for key in keys})

    def number(self, block: int, bits: int) -> int:
        """
        Return those of one block, as PostgreSQL tells them: its highest bit is a sign.

        None of them, if it is no block of these.
        """
        lowest = self._lowest.get(block)
        return 0 if lowest is None else (bits & EVERY) << lowest

    def bit(self, key: int) -> int:
        """Return one key as a number; 0 if its block is none of these."""
        return self.number(key >> SHIFT, 1 << (key & (BLOCK - 1)))

    def told_by(self, others: Keys, number: int) -> int:
        """Return what is a number of others as one of these; who is unknown is not."""
        if others is self or others._lowest == self._lowest:
            return number
        return sum(
            self.number(block, number >> lowest)
            for block, lowest in others._lowest.items()
        )

    def named(self, number: int) -> list[int]:
        """Return the keys of a number, in their order."""
        return list(compress(self._by_bit, flags(number)))

    def first(self, number: int) -> int:
        """Return the least key of a number that is not 0."""
        return self._by_bit[(number & -number).bit_length() - 1]


def flags(number: int) -> bytes:
    """Return the bits of a number, the lowest first, each as a 0 or a 1."""
    return f"{number:b}"[::-1].encode().translate(ZERO_OR_ONE)


def ones(number: int) -> list[int]:
    """Return which bits of a number are 1, the lowest first."""
    return list(compress(count(), flags(number)))


def alike(numbers: Collection[int]) -> dict[int, int]:
    """
    Return, for some of the numbers, which bits are in all of these, and in no others.

    Each some that any bit is in, itself as a number: bit n of it is the n-th number.
    """
    if len(numbers) == 1:  # as often as all are alike
        (number,) = numbers
        return {1: number} if number else {}
    places = [ones(number) for number in numbers]
    within = [0] * (max(chain.from_iterable(places), default=-1) + 1)
    for place, bits in enumerate(places):
        for bit in bits:
            within[bit] |= 1 << place
    found: dict[int, int] = {}
    for bit, some in enumerate(within):
        if some:
            found[some] = found.get(some, 0) | 1 << bit
    return found
