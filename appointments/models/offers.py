"""Reads of offers: appointments that are proposed, and hold their time for a while."""

from __future__ import annotations

from datetime import datetime
from typing import Self, TypeVar

from django.db import models
from django.db.models import Q

from appointments.codes import Status
from appointments.models.identity import Identities

Row = TypeVar("Row", bound=models.Model)


class Offers(Identities[Row]):
    """Reads of appointments that are offers; see `AppointmentQuerySet`."""

    def offers_open(self, now: datetime) -> Self:
        """Offers that can still be accepted at `now`."""
        return self.filter(
            status=Status.PROPOSED, held_until__gt=now, starts_at__gt=now
        )

    def offers_lapsed(self, now: datetime) -> Self:
        """Offers that hold their time no longer, though nobody has said so yet."""
        return self.filter(status=Status.PROPOSED).filter(
            Q(held_until__lte=now) | Q(starts_at__lte=now)
        )
