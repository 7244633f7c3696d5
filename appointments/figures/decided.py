"""What people decided against the order: how often by month, and one by one."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from datetime import date, datetime, timedelta
from operator import attrgetter
from typing import Any

from django.db.models import QuerySet
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
    counts: Callable[[list[Any]], list[int]],
    now: datetime,
    **said: Any,
) -> Figure:
    """
    Return how many decisions there were in each month of a year.

    :param at: the field that tells when.
    :param counts: returns what stands beside the number of a month's decisions.
    :param said: the figure's key and words, one head for each column.
    """
    year = {f"{at}__gte": _month_of(now - YEAR), f"{at}__lte": now}
    months: dict[date, list[Any]] = defaultdict(list)
    for one in found.filter(**year).annotate(month=TruncMonth(at)):
        months[one.month.date()].append(one)
    rows, bars = [], []
    for month, decided in sorted(months.items()):
        name, number = words.month(month), f"{len(decided)}"
        rows.append([name, number, *map(str, counts(decided))])
        bars.append(Bar(name, len(decided), number))
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
