"""
Which rows are one visit: those with the same `uid`, of which one is in force.

A visit that is moved, or booked again after the wrong mark, goes on as another row. To
the patient and their calendar it stays the same visit.
"""

from __future__ import annotations

from typing import Any, Self, TypeVar

from django.db import models
from django.db.models import Q

from appointments.codes import Ending, Status

Row = TypeVar("Row", bound=models.Model)


def in_force() -> Q:
    """Return what is true of rows whose place no other row has taken."""
    return ~Q(status=Status.ENTERED_IN_ERROR) & ~Q(ending=Ending.MOVED)


class Identities(models.QuerySet[Row]):
    """Reads of appointments as visits; see `AppointmentQuerySet`."""

    def in_force(self) -> Self:
        """Return one row of each visit: the last one."""
        return self.filter(in_force())

    def as_it_stands(self, pk: int) -> Row | None:
        """
        Return the visit of a key; booked again, if that row was entered in error.

        So links that were sent before the wrong mark go on. Those of a visit that was
        moved do not: they spoke of another time.
        """
        found: Any = self.filter(pk=pk).first()
        while found is not None and found.status == Status.ENTERED_IN_ERROR:
            again = self.filter(replaces=found, booked_at__isnull=False).first()
            if again is None:
                break
            found = again
        return found
