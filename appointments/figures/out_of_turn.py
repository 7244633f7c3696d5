"""When people gave a time to somebody past others in greater need, month by month."""

from __future__ import annotations

from collections import defaultdict
from datetime import date, datetime

from django.db.models.functions import TruncMonth
from django.utils import timezone
from django.utils.translation import gettext as _

from appointments.figures import words
from appointments.figures.figure import Bar, Figure
from appointments.figures.overrules import MOST_REASONS, YEAR, last_month, month_of
from appointments.models import GivenOutOfTurn
from appointments.models.turns import MOST

MANY = 10  # others: then it was hardly the next in line but one


def by_month(*, now: datetime) -> Figure:
    """Return how many times were given out of turn in each month of a year."""
    months: dict[date, list[int]] = defaultdict(list)
    given = GivenOutOfTurn.objects.filter(at__gte=month_of(now - YEAR), at__lte=now)
    given = given.annotate(month=TruncMonth("at"))
    for month, number in given.values_list("month", "passed_over"):
        months[month.date()].append(number)
    rows, bars = [], []
    for month, numbers in sorted(months.items()):
        name, many = words.month(month), sum(one >= MANY for one in numbers)
        rows.append([name, f"{len(numbers)}", f"{many}"])
        bars.append(Bar(name, len(numbers), f"{len(numbers)}"))
    return Figure(
        key="out-of-turn",
        title=_("Times given out of turn, by month"),
        about=_(
            "How often a person offered or booked a time for somebody although others "
            "in greater need could have used it. What the portal offers by itself, and "
            "what a plan gives, is not among them."
        ),
        heads=[
            _("Month"),
            _("Out of turn"),
            _("Past %(number)d others or more") % {"number": MANY},
        ],
        rows=rows,
        bars=bars,
        bars_title=_("Times given out of turn in each month"),
        numbers=frozenset({1, 2}),
    )


def reasons(*, now: datetime) -> Figure:
    """Return this month's and last month's one by one, with their reasons."""
    found = GivenOutOfTurn.objects.filter(at__gte=last_month(now), at__lte=now)
    found = found.select_related("by", "appointment__entry").order_by("-at", "-pk")
    shown = list(found[:MOST_REASONS])
    return Figure(
        key="out-of-turn-reasons",
        title=_("Times given out of turn, this month and the last"),
        about=_(
            "The newest first. Requests are named by number, not by patient. Others "
            "are counted up to %(most)d."
        )
        % {"most": MOST},
        heads=[
            *(_("Given"), _("Request"), _("Others in greater need")),
            *(_("Reason"), _("Note"), _("By")),
        ],
        rows=[
            [
                words.day(timezone.localdate(one.at)),
                f"{one.appointment.entry_id}",
                f"{one.passed_over}",
                one.get_reason_display(),
                one.note or "-",
                one.by.name,
            ]
            for one in shown
        ],
        numbers=frozenset({1, 2}),
        seen=list(dict.fromkeys(one.appointment.entry for one in shown)),
    )
