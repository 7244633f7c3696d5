"""What the orders made of the same worlds, added up over seeds."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from statistics import mean, stdev
from typing import Any

from appointments.priority import DEFAULT_EXPONENT
from appointments.simulation import clairvoyant
from appointments.simulation.model import BadRates, Rates, Served, World, draw, serve
from appointments.simulation.orders import all_orders

KNOWN_FUTURE = "the future known"
MOST_SEEDS = 100
LEAST_EXPONENT, MOST_EXPONENT = 1, 10


@dataclass(frozen=True)
class Spread:
    """A figure over seeds: its mean, and how far seeds stray (standard deviation)."""

    mean: float
    deviation: float

    @classmethod
    def of(cls, figures: Sequence[float]) -> Spread:
        """Return the spread of one figure for each seed; of one seed, it is none."""
        return cls(mean(figures), stdev(figures) if len(figures) > 1 else 0.0)


@dataclass(frozen=True)
class Figures:
    """One order in one world. An empty category counts as seen in time."""

    shares: tuple[float, ...]  # within target, 0 to 1, by category
    share: float  # of everybody
    worst: tuple[float, ...]  # longest wait in targets, by category
    harm: float  # of everybody together


@dataclass(frozen=True)
class Line:
    """One order at one load. The future known has no categories: each is its own."""

    order: str
    shares: tuple[Spread, ...]
    share: Spread
    worst: tuple[Spread, ...]
    harm: Spread


@dataclass(frozen=True)
class Table:
    """All orders at one load: the portal's own, and then the future known, are last."""

    load: float
    lines: tuple[Line, ...]
    exact: bool  # whether the future known is an optimum; otherwise a bound

    @property
    def of_the_best(self) -> float:
        """The portal's share within target, of the share that could be had at most."""
        *_others, ours, best = self.lines
        return ours.share.mean / best.share.mean if best.share.mean else 1.0

    def line(self, order: str) -> Line:
        """
        Return the line of this order.

        :raises KeyError: if there is none.
        """
        for one in self.lines:
            if one.order == order:
                return one
        raise KeyError(order)

    def as_data(self) -> dict[str, Any]:
        """Return the table in what JSON can hold."""
        return {**asdict(self), "of_the_best": self.of_the_best}


def figures(served: Served, *, exponent: float) -> Figures:
    """
    Add up what an order made of a world.

    :param exponent: p of the harm; 1 or more.
    """
    rows, categories = served.world.rows, served.world.rates.categories
    total, timely = [0] * len(categories), [0] * len(categories)
    worst, harm = [0.0] * len(categories), 0.0
    for (row, came, at), number in served.seen.items():
        share = (at - came) / rows[row].target
        category = rows[row].category
        total[category] += number
        timely[category] += number * (share <= 1)
        worst[category] = max(worst[category], share)
        harm += number * share**exponent
    return Figures(
        shares=tuple(map(_share, timely, total)),
        share=_share(sum(timely), sum(total)),
        worst=tuple(worst),
        harm=harm,
    )


def _share(part: int, whole: int) -> float:
    """Return the share; of nobody, everybody was seen in time."""
    return part / whole if whole else 1.0


def _best(world: World, *, exponent: float) -> Figures:
    """Return the most that can be seen in time, and, apart from it, the least harm."""
    return Figures(
        shares=(),
        share=_share(clairvoyant.most_in_time(world), sum(map(len, world.came))),
        worst=(),
        harm=clairvoyant.least_harm(world, exponent=exponent),
    )


def simulate(
    rates: Rates,
    *,
    load: float,
    days: int,
    seeds: int,
    exponent: float = DEFAULT_EXPONENT,
    done: Callable[[], None] = lambda: None,
) -> Table:
    """
    Let every order serve the same worlds, one for each seed from 1 on.

    :param load: demand as a multiple of capacity, 0.1 to 3.
    :param days: on which people come, 1 to 730; then the queue drains.
    :param seeds: how many worlds, 1 to 100.
    :param exponent: p, 1 to 10.
    :param done: called after each world.
    :raises BadRates: if one is out of range.
    """
    if not 1 <= seeds <= MOST_SEEDS:
        raise BadRates(f"seeds must be 1 to {MOST_SEEDS}: {seeds}")
    if not LEAST_EXPONENT <= exponent <= MOST_EXPONENT:
        raise BadRates(
            f"exponent must be {LEAST_EXPONENT} to {MOST_EXPONENT}: {exponent:g}"
        )
    orders = all_orders(exponent)
    found: dict[str, list[Figures]] = {name: [] for name in orders}
    found[KNOWN_FUTURE] = []
    for seed in range(1, seeds + 1):
        world = draw(rates, load=load, days=days, seed=seed)
        for name, order in orders.items():
            found[name].append(figures(serve(world, order), exponent=exponent))
        found[KNOWN_FUTURE].append(_best(world, exponent=exponent))
        done()
    lines = tuple(_line(name, each) for name, each in found.items())
    return Table(load, lines, exact=rates.alike)


def _line(order: str, each: Sequence[Figures]) -> Line:
    """Return the spreads of what one order did with each seed."""
    return Line(
        order=order,
        shares=tuple(map(Spread.of, zip(*(one.shares for one in each), strict=True))),
        share=Spread.of([one.share for one in each]),
        worst=tuple(map(Spread.of, zip(*(one.worst for one in each), strict=True))),
        harm=Spread.of([one.harm for one in each]),
    )
