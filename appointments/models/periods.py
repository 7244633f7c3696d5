"""Stretches of time as PostgreSQL's ranges, for constraints and reads."""

from __future__ import annotations

from django.contrib.postgres.fields import DateTimeRangeField
from django.db.models import Func, Value


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
