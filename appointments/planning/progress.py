"""How far a plan from files is, phase by phase, and the bar that shows it. Pure."""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum
from typing import Self

WIDTH = 30  # of the bar, in letters
EVERY = 500  # rows, entries or rounds between two reports


class Phase(Enum):
    """What is being done, and where in the bar that begins: about as long as it takes.

    scipy's matching says nothing until it is over, so there the bar waits for it.
    """

    ENTRIES = "reading the entries", 0.0
    OPENINGS = "reading the openings", 0.2
    COMPARING = "comparing each entry with the openings", 0.35
    BIDDING = "finding prices of the openings", 0.45
    MATCHING = "matching", 0.7
    WRITING = "writing the plan", 0.95

    def __init__(self, words: str, begins: float) -> None:
        self.words = words
        self.begins = begins


Share = Callable[[float], object]  # told how much of a phase is done, 0 to 1
Progress = Callable[[Phase, float], object]


def silent(_phase: Phase, _share: float) -> None:
    """Show nothing."""


class Bar:
    """
    Draws how far it is: on one line of a screen, in a file a line for each phase.

    :param write: is given what is to be shown, its ending included.
    """

    def __init__(self, write: Callable[[str], object], *, screen: bool) -> None:
        self._write = write
        self._screen = screen
        self._shown = ""
        self._phase: Phase | None = None

    def tell(self, phase: Phase, share: float) -> None:
        """Show that so much of a phase is done."""
        phases = list(Phase)
        ends = [*(one.begins for one in phases[1:]), 1.0][phases.index(phase)]
        whole = phase.begins + (ends - phase.begins) * min(share, 1.0)
        self._show(phase, whole, phase.words)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, fault: type[BaseException] | None, *_more: object) -> None:
        """Show that all is done; what is said next has a line of its own."""
        if fault is None:
            self._show(None, 1.0, "done")
        if self._screen and self._shown:
            self._write("\n")

    def _show(self, phase: Phase | None, whole: float, words: str) -> None:
        full = int(WIDTH * whole)
        line = f"[{'#' * full}{'.' * (WIDTH - full)}] {whole:4.0%} {words}"
        if line == self._shown or not (self._screen or phase is not self._phase):
            return
        rest = " " * (len(self._shown) - len(line))
        self._shown, self._phase = line, phase
        self._write(f"\r{line}{rest}" if self._screen else f"{line}\n")
