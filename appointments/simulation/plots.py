"""
Pictures of what the orders made of each load, and the numbers beneath them.

Only places on a drawing are worked out here; templates draw. Lines differ in dash and
mark as well as in color, and each picture's table says all that the picture says.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from django.template.loader import render_to_string

from appointments.simulation.model import Rates
from appointments.simulation.result import Line, Spread, Table

WIDTH, HEIGHT = 760, 420  # of a drawing, in its own units
LEFT, RIGHT, TOP, BOTTOM = 80, 520, 20, 360  # of the field of the lines
LEGEND, SPACING = 540, 26
LOOKS = (  # color (4.5 to 1 on white or more), dash, mark
    ("#8a1c1c", "2 4", "circle"),
    ("#7a4a00", "8 4", "square"),
    ("#5b3a8c", "8 3 2 3", "diamond"),
    ("#1f5fa8", "14 4", "triangle"),
    ("#00615f", "none", "circle"),
    ("#333333", "1 3", "square"),
)
LEAST = 0.1  # the foot of a scale by powers of ten; what is less is drawn there


@dataclass(frozen=True)
class Measure:
    """What is drawn against load."""

    key: str  # the file's name
    title: str
    figure: Callable[[Line], Spread | None]
    powers: bool  # a scale by powers of ten; otherwise per cent
    digits: int


@dataclass(frozen=True)
class Tick:
    """One line of the scale: where, and its words."""

    at: float
    text: str


@dataclass(frozen=True)
class Curve:
    """One order: its line, its marks, and its place in the legend."""

    name: str
    color: str
    dash: str
    points: str  # of the line
    marks: str  # path of all marks
    legend_y: float
    legend_mark: str


@dataclass(frozen=True)
class Plot:
    """One picture and its table."""

    key: str
    title: str
    description: str
    across: list[Tick]
    up: list[Tick]
    curves: list[Curve]
    heads: list[str]
    rows: list[tuple[str, list[str]]]


def measures(rates: Rates) -> list[Measure]:
    """Return what is drawn: share within target, worst wait, total harm."""
    soonest = min(
        range(len(rates.categories)), key=lambda n: rates.categories[n].target
    )
    name = rates.categories[soonest].name
    return [
        Measure("share", "Seen within target, per cent", _share, False, 1),
        Measure(
            "worst",
            f"Longest wait of the category “{name}”, in targets",
            lambda line: line.worst[soonest] if line.worst else None,
            True,
            2,
        ),
        Measure("harm", "Total harm", lambda line: line.harm, True, 1),
    ]


def _share(line: Line) -> Spread:
    return Spread(100 * line.share.mean, 100 * line.share.deviation)


def plot(tables: Sequence[Table], measure: Measure) -> Plot:
    """
    Place one measure of all orders against load.

    :param tables: one or more, by rising load.
    """
    loads = [table.load for table in tables]
    drawn: list[tuple[str, list[Spread]]] = []
    for line in tables[0].lines:
        each = [measure.figure(table.line(line.order)) for table in tables]
        if None not in each:
            drawn.append((line.order, [one for one in each if one]))
    top = max(spread.mean for _name, each in drawn for spread in each)
    ceiling = _power_above(top) if measure.powers else 100.0

    def up(value: float) -> float:
        share = value / ceiling
        if measure.powers:
            share = math.log(max(value, LEAST) / LEAST) / math.log(ceiling / LEAST)
        return round(BOTTOM - share * (BOTTOM - TOP), 1)

    xs = [_across(load, loads) for load in loads]
    return Plot(
        key=measure.key,
        title=measure.title,
        description=f"{measure.title}, at demand of {loads[0]:g} to {loads[-1]:g} "
        "times capacity: one line for each order. The table beneath has the numbers.",
        across=[Tick(x, f"{load:g}") for x, load in zip(xs, loads, strict=True)],
        up=[Tick(up(value), _plain(value)) for value in _scale(measure, ceiling)],
        curves=[
            _curve(
                number, name, [(x, up(y.mean)) for x, y in zip(xs, each, strict=True)]
            )
            for number, (name, each) in enumerate(drawn)
        ],
        heads=[f"{load:g}" for load in loads],
        rows=[
            (name, [told(one, measure.digits) for one in each]) for name, each in drawn
        ],
    )


def told(spread: Spread, digits: int) -> str:
    """Return a mean and its deviation in figures: 66.1 ± 2.2."""
    return f"{spread.mean:,.{digits}f} ± {spread.deviation:,.{digits}f}"


def _plain(value: float) -> str:
    """Return a figure of the scale: 0.1, 1, 10,000,000."""
    return f"{value:,.0f}" if value >= 1 else f"{value:g}"


def _across(load: float, loads: Sequence[float]) -> float:
    """Return how far right a load stands; one alone stands in the middle."""
    if loads[-1] == loads[0]:
        return (LEFT + RIGHT) / 2
    share = (load - loads[0]) / (loads[-1] - loads[0])
    return round(LEFT + share * (RIGHT - LEFT), 1)


def _power_above(value: float) -> float:
    """Return the power of ten at or above a figure: 1 or more."""
    return float(10 ** max(0, math.ceil(math.log10(max(value, 1)))))


def _scale(measure: Measure, ceiling: float) -> list[float]:
    """Return the figures that the scale names."""
    if not measure.powers:
        return [0, 20, 40, 60, 80, 100]
    return [10.0**power for power in range(-1, round(math.log10(ceiling)) + 1)]


def _curve(number: int, name: str, places: Sequence[tuple[float, float]]) -> Curve:
    """Return the line of one order through its places."""
    color, dash, shape = LOOKS[number % len(LOOKS)]
    legend_y = TOP + 20 + number * SPACING
    return Curve(
        name=name,
        color=color,
        dash=dash,
        points=" ".join(f"{x:g},{y:g}" for x, y in places),
        marks=" ".join(_mark(shape, x, y) for x, y in places),
        legend_y=legend_y,
        legend_mark=_mark(shape, LEGEND + 20, legend_y),
    )


def _mark(shape: str, x: float, y: float) -> str:
    """Return the path of a mark about a place."""
    return {
        "circle": f"M{x - 4:g},{y:g}a4,4 0 1,0 8,0a4,4 0 1,0 -8,0z",
        "square": f"M{x - 4:g},{y - 4:g}h8v8h-8z",
        "diamond": f"M{x:g},{y - 5:g}l5,5l-5,5l-5,-5z",
        "triangle": f"M{x:g},{y - 5:g}l5,9h-10z",
    }[shape]


def files(tables: Sequence[Table], rates: Rates) -> dict[str, str]:
    """Return the pictures, and a page of them with their tables, by file name."""
    plots = [plot(tables, measure) for measure in measures(rates)]
    frame = {
        "width": WIDTH,
        "height": HEIGHT,
        "left": LEFT,
        "right": RIGHT,
        "top": TOP,
        "bottom": BOTTOM,
        "legend": LEGEND,
    }
    folder = "appointments/simulation"
    drawn = {
        f"{one.key}.svg": render_to_string(
            f"{folder}/plot.svg", {"plot": one, "frame": frame}
        )
        for one in plots
    }
    page = render_to_string(f"{folder}/plots.html", {"plots": plots, "frame": frame})
    return {**drawn, "index.html": page}
