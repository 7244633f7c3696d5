"""When people moved somebody against the computed order, month by month."""

from __future__ import annotations

from datetime import datetime

from django.utils.translation import gettext as _

from appointments.figures import decided
from appointments.figures.figure import Figure
from appointments.models import Overrule
from appointments.models.overrule import MOVES_UP


def by_month(*, now: datetime) -> Figure:
    """Return how many overrules began in each month of a year, up and down."""
    return decided.by_month(
        Overrule.objects.all(),
        at="starts_at",
        beside=[MOVES_UP, ~MOVES_UP],
        now=now,
        key="overrules",
        title=_("Overrules by month"),
        about=_(
            "How often a person moved somebody up or down against the computed order, "
            "by the month in which it began. Many may mean that the targets are wrong."
        ),
        heads=[_("Month"), _("Overrules"), _("Up"), _("Down")],
        bars_title=_("Overrules in each month"),
    )


def reasons(*, now: datetime) -> Figure:
    """Return this month's and last month's overrules one by one, with their reasons."""
    return decided.one_by_one(
        Overrule.objects.all(),
        at="starts_at",
        entry="entry",
        cells=_cells,
        now=now,
        key="overrule-reasons",
        title=_("Overrules of this month and the last"),
        about=_("The newest first. Requests are named by number, not by patient."),
        heads=[
            *(_("Began"), _("Request"), _("Direction"), _("Computed, days")),
            *(_("Counts instead, days"), _("Reason"), _("By"), _("Ends")),
        ],
        numbers=frozenset({1, 3, 4}),
    )


def _cells(one: Overrule) -> list[str]:
    return [
        decided.day(one.starts_at),
        f"{one.entry_id}",
        _("Up") if one.is_up else _("Down"),
        f"{one.computed_days}",
        f"{one.target_days}",
        one.reason,
        one.by.name,
        decided.day(one.ends_at),
    ]
