"""Reads of appointments by their state and their time."""

from __future__ import annotations

from datetime import datetime
from typing import Self, TypeVar

from django.db import models
from django.db.backends.postgresql.psycopg_any import DateTimeTZRange
from django.db.models import Q

from appointments.codes import (
    HOLDING_TIME,
    SEEING_THE_PATIENT,
    TAKING_THE_ENTRY,
    Missed,
    Status,
)
from appointments.models.offers import Offers
from appointments.models.periods import period

Row = TypeVar("Row", bound=models.Model)


class Visits(Offers[Row]):
    """Reads of appointments; see `AppointmentQuerySet`."""

    def visits_over(self) -> Self:
        """Those that were made, or missed by no fault of ours: they are used up."""
        over = self.filter(status__in=[Status.FULFILLED, Status.NOSHOW])
        return over.exclude(missed_because=Missed.CLINIC)

    def holding_time(self) -> Self:
        """Those that keep therapist, room and patient from being elsewhere."""
        return self.filter(status__in=HOLDING_TIME)

    def seeing_the_patient(self) -> Self:
        """Those made, or agreed and not missed: not offers, not what was canceled."""
        return self.filter(status__in=SEEING_THE_PATIENT)

    def taking_the_entry(self) -> Self:
        """Those that use a request up: it has one of them at most."""
        taking = self.filter(status__in=TAKING_THE_ENTRY)
        return taking.exclude(missed_because=Missed.CLINIC)

    def filling_time(self, now: datetime) -> Self:
        """Those that keep others out at `now`: a lapsed offer does so no longer."""
        lapsed = Q(status=Status.PROPOSED, held_until__lte=now)
        return self.holding_time().exclude(lapsed)

    def between(self, starts_at: datetime, ends_at: datetime) -> Self:
        """Those whose held time touches the period."""
        return self.filter(starts_at__lt=ends_at, blocked_until__gt=starts_at)

    def holding_between(self, starts_at: datetime, ends_at: datetime) -> Self:
        """Those that hold time then, found by the constraints' own indexes."""
        held = self.holding_time().alias(held=period("starts_at", "blocked_until"))
        return held.filter(held__overlap=DateTimeTZRange(starts_at, ends_at))

    def booked_now(self, now: datetime) -> Self:
        """Booked visits that have not begun."""
        return self.filter(status=Status.BOOKED, starts_at__gt=now)

    def ever_booked(self) -> Self:
        """Those that were booked once: not the offers that came to nothing."""
        return self.filter(booked_at__isnull=False)

    def to_move(self, now: datetime) -> Self:
        """Booked visits ahead for which the patient asked another time, by time."""
        asked = self.booked_now(now).filter(move_asked_at__isnull=False)
        return asked.order_by("starts_at", "pk")
