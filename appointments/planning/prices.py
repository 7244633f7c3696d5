"""
What openings are worth to those who compete for them, nearly. Pure: numbers only.

Source: the forward auction of Bertsekas and Castanon 1992, "A forward/reverse auction
algorithm for asymmetric assignment problems", Computational Optimization and
Applications 1:277-297; here all who are without bid at once.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from appointments.planning.progress import EVERY, Share

FINENESS = 3e-6  # the smallest step of a bid, as a share of the mean of the best gains
MOST_ROUNDS = 30_000
MOST_SEEN = 300_000_000  # gains, by all bidders of all rounds: some seconds
MOST_CELLS = 20_000_000  # of the table that the bidders see; the rest they do without
NONE = -1

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]


def auction(
    entry: Integers,
    opening: Integers,
    gain: Floats,
    *,
    entries: int,
    openings: int,
    told: Share | None = None,
) -> Floats | None:
    """
    Return a price for each opening, zero or more; None if bidding came to no end.

    How long it goes on depends on the numbers alone, not on the clock.

    :param entry: of each pair, rising; there is a pair.
    :param opening: of each pair.
    :param gain: of each pair: what the entry would lose without any opening, less what
        it loses with this one.
    :param told: how much of the work that bidding may cost at the most is done.
    """
    prices = np.zeros(openings + 1)  # the last stands for no opening, and is never bid
    owner = np.full(openings + 1, NONE, np.int64)
    choices, gains = _table(entry, opening, gain, entries, openings)
    step = FINENESS * float(gains.max(axis=1, initial=0).mean())
    without = np.arange(entries)
    seen = 0
    for number in range(MOST_ROUNDS):
        if told and number % EVERY == 0:
            told(max(number / MOST_ROUNDS, seen / MOST_SEEN))
        bidder, wanted, bid = _bids(without, choices, gains, prices, step)
        if not bidder.size:
            return prices[:openings]
        seen += without.size * choices.shape[1]
        if seen > MOST_SEEN:
            break
        won = _highest(wanted, bid)
        before = owner[wanted[won]]
        owner[wanted[won]], prices[wanted[won]] = bidder[won], bid[won]
        without = np.concatenate([np.delete(bidder, won), before[before != NONE]])
    return None


def _highest(wanted: NDArray[np.int32], bid: Floats) -> Integers:
    """Return the places of the highest bid for each opening."""
    order = np.lexsort((-bid, wanted))
    _, first = np.unique(wanted[order], return_index=True)
    won: Integers = order[first]
    return won


def _bids(
    without: Integers,
    choices: NDArray[np.int32],
    gains: Floats,
    prices: Floats,
    step: float,
) -> tuple[Integers, NDArray[np.int32], Floats]:
    """
    Return who bids, for which opening and how much; who gains nowhere stays out.

    Each bids what makes the best opening as good as the second best, and a step more.
    """
    value = gains[without] - prices[choices[without]]
    here = np.arange(len(without))
    best = value.argmax(axis=1)
    most = value[here, best]
    value[here, best] = -np.inf
    second = np.maximum(value.max(axis=1), 0)  # to stay without gains nothing
    bids = most > 0
    wanted = choices[without[bids], best[bids]]
    return without[bids], wanted, prices[wanted] + (most - second)[bids] + step


def _table(
    entry: Integers,
    opening: Integers,
    gain: Floats,
    entries: int,
    openings: int,
) -> tuple[NDArray[np.int32], Floats]:
    """Return each entry's openings and gains side by side, filled up with none."""
    begins = np.searchsorted(entry, np.arange(entries + 1))
    widest = int(np.diff(begins).max(initial=0))
    width = min(widest, max(1, MOST_CELLS // max(entries, 1)))
    place = np.arange(len(entry)) - begins[entry]
    seen = place < width
    choices = np.full((entries, width), openings, np.int32)
    gains = np.full((entries, width), -np.inf)
    choices[entry[seen], place[seen]] = opening[seen]
    gains[entry[seen], place[seen]] = gain[seen]
    return choices, gains
