"""Stretches of time as PostgreSQL's ranges, for constraints and reads."""

from __future__ import annotations

from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import DateTimeRangeField, RangeOperators
from django.db.models import Func, Q, Value

from appointments.codes import HOLDING_TIME


def period(starts: str, ends: str) -> Func:
    """
    Return tstzrange(starts, ends) of two columns: half-open, so back to back passes.

    An end that is null is open.
    """
    return Func(
        starts,
        ends,
        Value("[)"),
        function="tstzrange",
        output_field=DateTimeRangeField(),
    )


def never_in_two_places(who: str) -> ExclusionConstraint:
    """Forbid two appointments that hold `who`'s time at once."""
    return ExclusionConstraint(
        name=f"appointment_{who}_is_in_one_place",
        expressions=[
            (who, RangeOperators.EQUAL),
            (period("starts_at", "blocked_until"), RangeOperators.OVERLAPS),
        ],
        condition=Q(status__in=HOLDING_TIME),
    )
