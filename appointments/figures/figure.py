"""One figure: a table, and the bars drawn from it. Pure: no database, no clock."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from django.db.models import Model

ROOM = 26  # of one bar with its gap; of a drawing, in its own units
LABELS, FIELD, NUMBERS = 206, 184, 70  # widths: names, the longest bar, figures
TOP = 10
LONGEST_NAME = 22  # letters, in a wide face; the table has the whole name


class Told(str):
    """A cell in words, and what a file has in its place: a plain number, an ISO day."""

    __slots__ = ("plain",)
    plain: str

    def __new__(cls, said: str, plain: str = "") -> Told:
        """Keep both."""
        told = super().__new__(cls, said)
        told.plain = plain
        return told


@dataclass(frozen=True)
class Bar:
    """One bar: how long, what its figure says, and where a mark stands, if any."""

    name: str
    value: float  # zero or more
    said: str
    mark: float | None = None


@dataclass(frozen=True)
class Drawn:
    """One bar with its places on the drawing."""

    name: str
    said: str
    y: float
    middle: float
    length: float
    mark: float | None  # from the left edge


@dataclass(frozen=True)
class Figure:
    """What one section of the page shows, and its file holds."""

    key: str  # a slug: of the file and of the place on the page
    title: str
    about: str  # how it is reckoned, in a sentence or two
    heads: Sequence[str]
    rows: Sequence[Sequence[str]]
    bars: Sequence[Bar] = ()
    bars_title: str = ""
    warning: str = ""  # what somebody must do something about
    numbers: frozenset[int] = field(default_factory=frozenset)  # columns of figures
    seen: Sequence[Model] = ()  # records that single rows tell of: each leaves a trace

    @property
    def width(self) -> int:
        """The width of the drawing, in its own units."""
        return LABELS + FIELD + NUMBERS

    @property
    def height(self) -> int:
        """The height of the drawing, in its own units."""
        return 2 * TOP + ROOM * len(self.bars)

    @property
    def left(self) -> int:
        """Where bars begin."""
        return LABELS

    @property
    def cells(self) -> list[list[tuple[str, str, bool]]]:
        """Each row's cells with their heads, and whether they are figures."""
        return [
            [
                (head, cell, number in self.numbers)
                for number, (head, cell) in enumerate(zip(self.heads, row, strict=True))
            ]
            for row in self.rows
        ]

    @property
    def plain_rows(self) -> list[list[str]]:
        """The rows for a spreadsheet: ISO days, shares from 0 to 1, and no dashes."""
        return [
            ["" if cell == "-" else getattr(cell, "plain", cell) for cell in row]
            for row in self.rows
        ]

    @property
    def drawn(self) -> list[Drawn]:
        """
        The bars with their places: the longest fills the field.

        A mark counts in the scale, so a bar that ends before its mark is seen to.
        """
        top = max((max(one.value, one.mark or 0.0) for one in self.bars), default=0.0)
        scale = FIELD / top if top > 0 else 0.0
        return [
            Drawn(
                name=_short(one.name),
                said=one.said,
                y=TOP + ROOM * number,
                middle=TOP + ROOM * number + (ROOM - 8) / 2,
                length=round(one.value * scale, 1),
                mark=None if one.mark is None else round(LABELS + one.mark * scale, 1),
            )
            for number, one in enumerate(self.bars)
        ]


def _short(name: str) -> str:
    if len(name) <= LONGEST_NAME:
        return name
    return f"{name[: LONGEST_NAME - 1].rstrip()}…"


def share(part: float, whole: float) -> str:
    """Return a share in whole per cent, rounded down; a dash of nothing."""
    if not whole:
        return "-"
    return Told(f"{int(100 * part / whole)}%", f"{part / whole:.4f}")
