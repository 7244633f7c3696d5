"""Whom a time would help more than it helps the one who has it. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np

from appointments.planning.feasible import moment

DAY_MICROSECONDS = 86_400_000_000


@dataclass(frozen=True)
class Held:
    """A time that a plan gives, and to whom."""

    therapist: int
    starts_at: datetime
    ends_at: datetime
    of_all: bool  # whether it is asked of all who wait, also of whom the plan knew
    received_at: datetime  # the clock of whoever has it
    target_days: float  # theirs


class Times:
    """
    The times of a plan as columns: one who waits is compared with all at once.

    :param ends_at: who has no time is charged the harm of waiting until then.
    :param margin: harm by which one must gain more.
    """

    def __init__(
        self,
        held: Sequence[Held],
        *,
        ends_at: datetime,
        exponent: float,
        margin: float,
    ) -> None:
        self._start = np.array([moment(one.starts_at) for one in held], np.int64)
        self._received = np.array([moment(one.received_at) for one in held], np.int64)
        self._target = np.array([one.target_days for one in held], np.float64)
        self._end = moment(ends_at)
        self._exponent, self._margin = exponent, margin
        self._has = self._harm(self._start, self._received, self._target)
        none = self._harm(self._end, self._received, self._target)
        self._gain = none - self._has  # how much less harm than none

    def better_for(self, received_at: datetime, target_days: float) -> list[int]:
        """Return the numbers of the times by which this one would gain more."""
        mine = (moment(received_at), target_days)
        none, theirs = (self._harm(each, *mine) for each in (self._end, self._start))
        more = none - theirs > self._gain + self._margin
        found: list[int] = np.flatnonzero(more).tolist()
        return found

    def better_than(self, own: int) -> list[tuple[int, bool]]:
        """
        Return the earlier times by which whoever has the time `own` would gain more.

        That is more than the other would lose who had `own` instead; it is said as
        well whether it is more than the other would lose who had none.
        """
        start = self._start[own]
        theirs = self._harm(self._start, self._received[own], self._target[own])
        more = theirs[own] - theirs - self._margin
        loses = self._harm(start, self._received, self._target) - self._has
        found = np.flatnonzero((self._start < start) & (more > loses))
        return [(int(one), bool(more[one] > self._gain[one])) for one in found]

    def _harm(self, start: Any, received: Any, target_days: Any) -> Any:
        """Return the harm of waiting until `start`: numbers, or arrays of them."""
        waited = np.maximum((start - received) / DAY_MICROSECONDS, 0.0)
        return (waited / target_days) ** self._exponent
