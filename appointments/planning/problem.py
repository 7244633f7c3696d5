"""What a plan of offers is drawn up from, and what becomes of each. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from appointments.matching import Wish
from appointments.openings import Opening, RoomDiary
from appointments.priority import DAY

Kind = tuple[int | None, timedelta]  # technique, length of the visit


@dataclass(frozen=True)
class Asking:
    """One of the line: what they wait for, and what would suit them."""

    key: int
    received_at: datetime
    target_days: float  # that counts, in days; more than zero
    wish: Wish
    kind: Kind
    last_therapist: int | None = None  # of the last visit of the same plan
    patient: int | None = None  # who may wait for another visit too


@dataclass(frozen=True)
class Problem:
    """The line and the free time of some weeks."""

    asking: Sequence[Asking]  # in the order of need
    openings: Mapping[Kind, Sequence[Opening]]  # of each kind asked for, by time
    rooms: Sequence[RoomDiary]
    now: datetime
    ends_at: datetime  # who has nothing is charged the harm of waiting until then
    exponent: float
    same_therapist: float = (
        0.0  # what a visit with the same therapist may cost, in harm
    )
    fixed: Sequence[tuple[Opening, int | None]] = ()  # given by hand; technique


@dataclass(frozen=True)
class Outcome:
    """What the plan gives one of the line, and what the line alone would give."""

    asking: Asking
    opening: Opening | None
    harm: float  # of having waited until then, or until the plan ends
    line_opening: Opening | None
    line_harm: float
    suits: bool  # whether any opening suits them at all
    left_out: bool = False  # more wait than a plan weighs; they had less to gain

    @property
    def waited_days(self) -> float:
        """How long they will have waited by then, in days; 0 without an opening."""
        if self.opening is None:
            return 0.0
        return (self.opening.starts_at - self.asking.received_at) / DAY

    @property
    def same_therapist(self) -> bool:
        """Whether the last visit of the plan was with the same therapist."""
        last = self.asking.last_therapist
        return self.opening is not None and self.opening.therapist == last
