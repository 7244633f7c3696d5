"""Make a plan: who has which opening, at what harm. Pure: no database, no clock."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial

import numpy as np

from appointments.planning.assign import NONE, assign
from appointments.planning.feasible import Pairs, moment, pairs
from appointments.planning.instance import Entry, Opening, end_of_plan
from appointments.planning.prices import Floats
from appointments.planning.progress import Phase, Progress, silent
from appointments.priority import DAY, harm

DAY_MICROSECONDS = 86_400_000_000


@dataclass(frozen=True)
class Planned:
    """What becomes of one entry. Days are days of 24 hours."""

    entry: Entry
    opening: Opening | None
    waited_days: float | None  # until its opening, or the end of the plan
    target_days: float  # after need
    harm: float | None  # both None if there is no opening at all, so no end either

    @property
    def in_time(self) -> bool:
        """Whether it has an opening, and that within its target."""
        return (
            self.opening is not None
            and self.waited_days is not None
            and self.waited_days <= self.target_days
        )


def plan(
    entries: Sequence[Entry],
    openings: Sequence[Opening],
    *,
    exponent: float,
    given: Pairs | None = None,
    extra: Floats | None = None,
    progress: Progress = silent,
) -> list[Planned]:
    """
    Return what becomes of each entry, in their order, so that total harm is least.

    An entry without an opening is charged its harm at 24:00 local of the day of the
    opening that starts last; nothing, if it was received after that.

    :param exponent: p, the clinic's policy; 1 or more.
    :param given: who can have what, entry by entry, each pair once; without, `pairs`
        finds it. None starts before its entry was received.
    :param extra: what each pair of `given` costs beside its harm, zero or more; it
        weighs in the choice, and is in nobody's `harm`.
    :param progress: told from time to time what is done, and how much of it.
    :raises ValueError: as `priority.harm` and `feasible.pairs`.
    """
    end = end_of_plan(list(openings))
    if end is None:
        return [_planned(entry, None, None, exponent) for entry in entries]
    told = partial(progress, Phase.COMPARING)
    found = pairs(entries, openings, told=told) if given is None else given
    harms = costs(entries, openings, found, exponent=exponent)
    chosen = assign(
        found,
        harms if extra is None else harms + extra,
        charges(entries, end, exponent=exponent),
        openings=len(openings),
        progress=progress,
    )
    return [
        _planned(entry, None if number == NONE else openings[number], end, exponent)
        for entry, number in zip(entries, chosen, strict=True)
    ]


def costs(
    entries: Sequence[Entry],
    openings: Sequence[Opening],
    found: Pairs,
    *,
    exponent: float,
) -> Floats:
    """Return, for each pair, the harm of having waited until the opening starts."""
    received = np.array([moment(entry.received_at) for entry in entries], np.int64)
    targets = np.array([entry.target_days for entry in entries], np.float64)
    starts = np.array([moment(opening.starts_at) for opening in openings], np.int64)
    waited = (starts[found.opening] - received[found.entry]) / DAY_MICROSECONDS
    share: Floats = waited / targets[found.entry]
    return share**exponent  # as priority.harm: one by one it would take too long


def charges(entries: Sequence[Entry], end: datetime, *, exponent: float) -> Floats:
    """Return, for each entry, its harm if it still waits at `end`."""
    return np.array(
        [
            harm(
                waited_days=_waited(entry, end),
                target_days=entry.target_days,
                exponent=exponent,
            )
            for entry in entries
        ],
        np.float64,
    )


def _waited(entry: Entry, until: datetime) -> float:
    # In UTC: times of one zone subtract as clocks on the wall, changes left out.
    waited = until.astimezone(UTC) - entry.received_at.astimezone(UTC)
    return max(waited / DAY, 0.0)


def _planned(
    entry: Entry, opening: Opening | None, end: datetime | None, exponent: float
) -> Planned:
    target = entry.target_days
    until = opening.starts_at if opening else end
    if until is None:
        return Planned(entry, None, None, target, None)
    waited = _waited(entry, until)
    harmed = harm(waited_days=waited, target_days=target, exponent=exponent)
    return Planned(entry, opening, waited, target, harmed)
