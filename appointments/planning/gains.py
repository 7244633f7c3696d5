"""Whom a time would help more than it helps the one who has it. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np

from appointments.planning.feasible import moment
from appointments.priority import DAY, harm

DAY_MICROSECONDS = 86_400_000_000


@dataclass(frozen=True)
class Held:
    """A time that a plan gives, and how much less harm that is than none."""

    therapist: int
    starts_at: datetime
    ends_at: datetime
    gain: float
    of_all: bool  # whether it is asked of all who wait, also of whom the plan knew


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
        self._most = np.array([one.gain + margin for one in held], np.float64)
        self._ends_at = ends_at
        self._exponent = exponent

    def better_for(self, received_at: datetime, target_days: float) -> list[int]:
        """Return the numbers of the times by which this one would gain more."""
        none = harm(
            waited_days=max((self._ends_at - received_at) / DAY, 0.0),
            target_days=target_days,
            exponent=self._exponent,
        )
        waited = (self._start - moment(received_at)) / DAY_MICROSECONDS
        share = np.maximum(waited, 0.0) / target_days
        gain = none - share**self._exponent
        found: list[int] = np.flatnonzero(gain > self._most).tolist()
        return found
