"""Booked times that were freed, and what became of them."""

from __future__ import annotations

from collections.abc import Collection
from datetime import timedelta
from typing import Any

from django.db.models import OuterRef, QuerySet, Subquery

from appointments.codes import SEEING_THE_PATIENT, Status
from appointments.models.appointment import Appointment, AppointmentQuerySet
from appointments.models.outside import outside_of_hours
from appointments.outside import NOT_TO_OFFER

LONGEST = timedelta(days=1)  # a visit with its turnover, by far


def filled_again(freed: AppointmentQuerySet) -> QuerySet[Any, Any]:
    """
    Return the canceled visits, each with when it was filled again as `again`.

    Its therapist saw, or will see, somebody else in it, who was booked after it was
    canceled; None if nobody was.
    """
    others = (
        Appointment.objects.filter(
            therapist=OuterRef("therapist"),
            status__in=[*SEEING_THE_PATIENT, Status.NOSHOW],
            starts_at__lt=OuterRef("blocked_until"),
            starts_at__gt=OuterRef("starts_at") - LONGEST,  # for the index
            blocked_until__gt=OuterRef("starts_at"),
            booked_at__gte=OuterRef("ended_at"),
        )
        .exclude(patient=OuterRef("patient"))
        .order_by("booked_at")
    )
    return freed.annotate(again=Subquery(others.values("booked_at")[:1]))


def with_again(freed: AppointmentQuerySet) -> list[Any]:
    """Return the same, each with its place."""
    return list(filled_again(freed.with_place()))


def not_to_offer(freed: Collection[Any]) -> set[int]:
    """
    Return the keys of those that nobody could be offered, and nobody was.

    Their therapist is off, say, or the place closed.
    """
    left = [one for one in freed if one.again is None]
    why = outside_of_hours(left)
    return {one.pk for one in left if why.get(one.pk) in NOT_TO_OFFER}
