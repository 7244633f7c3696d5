"""
Who is seen next: the clinic's own order, and those that it is measured against.

Each order is a pure function of those who stand first in each row. A row holds one
category and one length of visit, so that whoever came first stands first in any order.
Ties go to who has waited longest.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

from appointments.priority import DEFAULT_EXPONENT


class Waiting(NamedTuple):
    """Who stands first in a row."""

    row: int
    waited_days: float
    target_days: float


Order = Callable[[Sequence[Waiting]], Waiting]


def first_come(heads: Sequence[Waiting]) -> Waiting:
    """Pick who has waited longest."""
    return max(heads, key=lambda one: one.waited_days)


def category_first(heads: Sequence[Waiting]) -> Waiting:
    """Pick from the most urgent category who has waited longest."""
    return max(heads, key=lambda one: (-one.target_days, one.waited_days))


def waited_share(heads: Sequence[Waiting]) -> Waiting:
    """Pick who has used the largest share of the target."""
    return max(
        heads, key=lambda one: (one.waited_days / one.target_days, one.waited_days)
    )


def earliest_due(heads: Sequence[Waiting]) -> Waiting:
    """Pick whose target ends first."""
    return max(
        heads, key=lambda one: (one.waited_days - one.target_days, one.waited_days)
    )


def least_harm(exponent: float) -> Order:
    """
    Return the portal's own order: highest first, the harm that one more day adds.

    It is `priority.day_adds`, written out because it is asked millions of times.

    :param exponent: p, the clinic's policy; 1 or more.
    :raises ValueError: if it is less.
    """
    if exponent < 1:
        raise ValueError(f"exponent must be at least 1: {exponent}")

    def added(one: Waiting) -> tuple[float, float]:
        _row, waited, target = one
        now = (waited / target) ** exponent
        return ((waited + 1) / target) ** exponent - now, waited

    def pick(heads: Sequence[Waiting]) -> Waiting:
        return max(heads, key=added)

    return pick


def all_orders(exponent: float = DEFAULT_EXPONENT) -> dict[str, Order]:
    """
    Return every order by its name, the portal's own last.

    :raises ValueError: as `least_harm`.
    """
    return {
        "first come, first served": first_come,
        "earliest due date": earliest_due,
        "waited / target": waited_share,
        "category, then first come": category_first,
        f"harm, p = {exponent:g}": least_harm(exponent),
    }
