"""
The assignment of least total cost, exact. Pure; the only module here that knows scipy.

scipy's matching follows shortest paths, and with harms of a clinic they are long: some
minutes for 10,000 entries and as many openings. Prices of the openings, found first by
bidding, make them short. Whatever the prices are, they change no sum by more than what
is the same for all assignments, so the optimum stays what it was; only the time
depends on them. Where bidding comes to no end, scipy goes alone. Where a gain depends
on one side of its pairs alone, the greed of `greedy` is as exact, and sooner done.

Source: Jonker and Volgenant 1987, "A shortest augmenting path algorithm for dense and
sparse linear assignment problems", Computing 38:325-340, as scipy has it.
"""

from __future__ import annotations

from functools import partial

import numpy as np
from scipy.sparse import csr_array
from scipy.sparse.csgraph import min_weight_full_bipartite_matching

from appointments.planning.feasible import Pairs
from appointments.planning.greedy import alone, assign_by
from appointments.planning.prices import NONE, Floats, Integers, auction
from appointments.planning.progress import Phase, Progress, silent

__all__ = ["NONE", "assign"]

NOTHING = 1e-300  # a sparse matrix takes a zero for no pair at all


def assign(
    pairs: Pairs,
    costs: Floats,
    charges: Floats,
    *,
    openings: int,
    progress: Progress = silent,
) -> Integers:
    """
    Return the opening of each entry, or NONE; no opening is given twice.

    The sum of the costs of the pairs chosen and the charges of the entries left without
    is the least there is, as far as 64-bit floats can tell.

    :param pairs: each once, entry by entry.
    :param costs: of each pair; finite, zero or more.
    :param charges: of each entry, if it has no opening; finite, zero or more.
    :param openings: how many there are.
    :param progress: told what is done, and how much of it.
    :raises ValueError: if a number is not finite or is negative.
    """
    numbers = np.concatenate([costs, charges])
    if not np.isfinite(numbers).all() or (numbers < 0).any():
        raise ValueError("costs and charges must be finite and not negative")
    gain = charges[pairs.entry] - costs
    helps = gain > 0
    entry = pairs.entry[helps].astype(np.int64)
    opening = pairs.opening[helps].astype(np.int64)
    gain = gain[helps]
    if not len(gain):
        return np.full(len(charges), NONE)
    return _assigned(entry, opening, gain, charges, openings, progress)


def _assigned(
    entry: Integers,
    opening: Integers,
    gain: Floats,
    charges: Floats,
    openings: int,
    told: Progress,
) -> Integers:
    """Return the best assignment, by the shortest way that this instance has."""
    entries = len(charges)
    greedy = partial(told, Phase.MATCHING)
    if (of_each := alone(opening, gain, openings)) is not None:
        return _turned(
            assign_by(opening, entry, of_each, entries, told=greedy), entries
        )
    if (of_each := alone(entry, gain, entries)) is not None:
        return assign_by(entry, opening, of_each, openings, told=greedy)
    price = auction(
        entry,
        opening,
        gain,
        entries=entries,
        openings=openings,
        told=partial(told, Phase.BIDDING),
    )
    told(Phase.MATCHING, 0.0)
    if price is None:
        return _unpriced(entry, opening, gain, charges, openings)
    return _priced(entry, opening, gain, price, entries)


def _turned(has: Integers, entries: int) -> Integers:
    """Return the opening of each entry, from the entry of each opening."""
    given = np.flatnonzero(has != NONE)
    chosen = np.full(entries, NONE, np.int64)
    chosen[has[given]] = given
    return chosen


def _priced(
    entry: Integers, opening: Integers, gain: Floats, price: Floats, entries: int
) -> Integers:
    """
    Return the best assignment, by the reduced costs that prices leave.

    Prices may be taken off only if all openings are in every assignment. So the graph
    is there twice, the second one mirrored: who is without, or what is nobody's, has
    itself in the mirror. Both halves leave the same ones over, so each is the best.
    """
    openings = len(price)
    net = np.zeros(entries)
    np.maximum.at(net, entry, gain - price[opening])
    over = net[entry] - (gain - price[opening])
    who, what = np.arange(entries), np.arange(openings)
    row = np.concatenate([entry, who, entries + opening, entries + what])
    column = np.concatenate([opening, openings + who, openings + entry, what])
    weight = np.concatenate([over, 2 * net, over, 2 * price])
    chosen = _matched(row, column, weight, entries + openings, entries + openings)
    return np.where(chosen[:entries] < openings, chosen[:entries], NONE)


def _unpriced(
    entry: Integers, opening: Integers, gain: Floats, charges: Floats, openings: int
) -> Integers:
    """Return the best assignment; each entry has a place of its own to be without."""
    entries = len(charges)
    order = np.argsort(-charges, kind="stable")  # who has most to lose goes first
    line = np.empty(entries, np.int64)
    line[order] = np.arange(entries)
    most = np.zeros(entries)
    np.maximum.at(most, entry, gain)
    own = np.arange(entries)
    row = np.concatenate([line[entry], line])
    column = np.concatenate([opening, openings + own])
    weight = np.concatenate([most[entry] - gain, most])
    chosen = _matched(row, column, weight, entries, openings + entries)[line]
    return np.where(chosen < openings, chosen, NONE)


def _matched(
    row: Integers, column: Integers, weight: Floats, rows: int, columns: int
) -> Integers:
    graph = csr_array((np.maximum(weight, NOTHING), (row, column)), (rows, columns))
    _rows, chosen = min_weight_full_bipartite_matching(graph)
    return np.asarray(chosen, np.int64)
