"""When people moved somebody against the computed order, month by month."""

from __future__ import annotations

from collections import defaultdict
from datetime import date, datetime, timedelta

from django.db.models.functions import TruncMonth
from django.utils import timezone
from django.utils.translation import gettext as _

from appointments.figures import words
from appointments.figures.figure import Bar, Figure, Told
from appointments.models import Overrule

YEAR = timedelta(days=366)
MOST_REASONS = 200


def month_of(moment: datetime) -> datetime:
    """Return the first moment of its month, as the clinic's own clock shows it."""
    return timezone.localtime(moment).replace(
        day=1, hour=0, minute=0, second=0, microsecond=0
    )


def last_month(now: datetime) -> datetime:
    """Return the first moment of the month before the one of `now`."""
    return month_of(month_of(now) - timedelta(days=1))


def by_month(*, now: datetime) -> Figure:
    """Return how many overrules began in each month of a year, up and down."""
    months: dict[date, list[bool]] = defaultdict(list)
    begun = Overrule.objects.filter(
        starts_at__gte=month_of(now - YEAR), starts_at__lte=now
    )
    for one in begun.annotate(month=TruncMonth("starts_at")):
        months[one.month.date()].append(one.is_up)
    rows, bars = [], []
    for month, ups in sorted(months.items()):
        name = words.month(month)
        rows.append([name, f"{len(ups)}", f"{sum(ups)}", f"{len(ups) - sum(ups)}"])
        bars.append(Bar(name, len(ups), f"{len(ups)}"))
    return Figure(
        key="overrules",
        title=_("Overrules by month"),
        about=_(
            "How often a person moved somebody up or down against the computed order, "
            "by the month in which it began. Many may mean that the targets are wrong."
        ),
        heads=[_("Month"), _("Overrules"), _("Up"), _("Down")],
        rows=rows,
        bars=bars,
        bars_title=_("Overrules in each month"),
        numbers=frozenset({1, 2, 3}),
    )


def reasons(*, now: datetime) -> Figure:
    """Return this month's and last month's overrules one by one, with their reasons."""
    found = Overrule.objects.filter(starts_at__gte=last_month(now), starts_at__lte=now)
    found = found.select_related("by", "entry").order_by("-starts_at", "-pk")
    shown = list(found[:MOST_REASONS])
    return Figure(
        key="overrule-reasons",
        title=_("Overrules of this month and the last"),
        about=_("The newest first. Requests are named by number, not by patient."),
        heads=[
            *(_("Began"), _("Request"), _("Direction"), _("Computed, days")),
            *(_("Counts instead, days"), _("Reason"), _("By"), _("Ends")),
        ],
        rows=[
            [
                _day(one.starts_at),
                f"{one.entry_id}",
                _("Up") if one.is_up else _("Down"),
                f"{one.computed_days}",
                f"{one.target_days}",
                one.reason,
                one.by.name,
                _day(one.ends_at),
            ]
            for one in shown
        ],
        numbers=frozenset({1, 3, 4}),
        seen=list(dict.fromkeys(one.entry for one in shown)),
    )


def _day(moment: datetime) -> Told:
    return words.day(timezone.localdate(moment))
