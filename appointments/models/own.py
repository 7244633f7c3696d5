"""What one patient has or had: read in one go, where only they are asked about."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import NamedTuple

from appointments.codes import HOLDING_TIME, Status
from appointments.spans import Span
from massage_portal.prepared import Prepared


class OwnTime(NamedTuple):
    """What is asked of a patient's own appointments."""

    entry_id: int
    therapist_id: int
    starts_at: datetime
    blocked_until: datetime
    status: str
    held_until: datetime | None

    def fills_time(self, now: datetime) -> bool:
        """Say whether it keeps others out at `now`, as `filling_time` finds them."""
        if self.status == Status.PROPOSED:
            return self.held_until is not None and self.held_until > now
        return self.status in HOLDING_TIME


class Own(NamedTuple):
    """Of one patient: what one request has or had, and when they are at a visit."""

    ahead: list[OwnTime]
    elsewhere: list[Span]


OWN_TIMES = Prepared(  # hundreds may ask at one moment: see `views/propose.py`
    "own_times",
    """
    SELECT entry_id, therapist_id, starts_at, blocked_until, status::varchar, held_until
      FROM appointments_appointment
     WHERE patient_id = %(patient)s AND starts_at >= %(since)s
    """,
)


def own_times(patient: int, *, since: datetime) -> Iterator[OwnTime]:
    """Return a patient's appointments from `since` on, whatever became of them."""
    return map(OwnTime._make, OWN_TIMES.rows(patient=patient, since=since))
