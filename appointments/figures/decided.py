"""What people decided against the order: how often by month, and one by one."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from operator import attrgetter
from typing import Any

from django.db.models import Count, Q, QuerySet
from django.db.models.functions import TruncMonth
from django.utils import timezone

from appointments.figures import words
from appointments.figures.figure import Bar, Figure, Told

YEAR = timedelta(days=366)
MOST_REASONS = 200


def by_month(
    found: QuerySet[Any],
    *,
    at: str,
    beside: list[Q],
    now: datetime,
    **said: Any,
) -> Figure:
    """
    Return how many decisions there were in each month of a year.

    The database counts them: a row for each month is read, and no decision.

    :param at: the field that tells when.
    :param beside: which of a month's decisions are counted beside their number, once
        for each column that follows.
    :param said: the figure's key and words, one head for each column.
    """
    year = {f"{at}__gte": _month_of(now - YEAR), f"{at}__lte": now}
    some = {f"some_{place}": Count("pk", filter=q) for place, q in enumerate(beside)}
    months = (
        found.filter(**year)
        .values(month=TruncMonth(at))
        .annotate(all=Count("pk"), **some)
        .order_by("month")
    )
    rows, bars = [], []
    for one in months:
        name, number = words.month(one["month"].date()), f"{one['all']}"
        rows.append([name, number, *(str(one[column]) for column in some)])
        bars.append(Bar(name, one["all"], number))
    numbers = frozenset(range(1, len(said["heads"])))
    return Figure(rows=rows, bars=bars, numbers=numbers, **said)


def one_by_one(
    found: QuerySet[Any],
    *,
    at: str,
    entry: str,
    cells: Callable[[Any], list[str]],
    now: datetime,
    **said: Any,
) -> Figure:
    """
    Return the decisions of this month and the last, the newest first.

    :param at: the field that tells when.
    :param entry: the way from a decision to the request it was about.
    :param cells: returns a decision's row.
    :param said: the figure's key and words, and which columns hold numbers.
    """
    last_month = _month_of(_month_of(now) - timedelta(days=1))
    found = found.filter(**{f"{at}__gte": last_month, f"{at}__lte": now})
    found = found.select_related("by", entry).order_by(f"-{at}", "-pk")
    shown = list(found[:MOST_REASONS])
    entries = map(attrgetter(entry.replace("__", ".")), shown)
    seen = list(dict.fromkeys(entries))
    return Figure(rows=[cells(one) for one in shown], seen=seen, **said)


def day(moment: datetime) -> Told:
    """Return the day of a moment on the clinic's own clock."""
    return words.day(timezone.localdate(moment))


def _month_of(moment: datetime) -> datetime:
    """Return the first moment of its month, as the clinic's own clock shows it."""
    return timezone.localtime(moment).replace(
        day=1, hour=0, minute=0, second=0, microsecond=0
    )
