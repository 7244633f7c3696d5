"""When people gave a time to somebody past others in greater need, month by month."""

from __future__ import annotations

from datetime import datetime

from django.db.models import Q
from django.utils.translation import gettext as _

from appointments.figures import decided
from appointments.figures.figure import Figure
from appointments.models import GivenOutOfTurn
from appointments.models.turns import MOST

MANY = 10  # others: then it was hardly the next in line but one


def by_month(*, now: datetime) -> Figure:
    """Return how many times were given out of turn in each month of a year."""
    return decided.by_month(
        GivenOutOfTurn.objects.all(),
        at="at",
        beside=[Q(passed_over__gte=MANY)],
        now=now,
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
        bars_title=_("Times given out of turn in each month"),
    )


def reasons(*, now: datetime) -> Figure:
    """Return this month's and last month's one by one, with their reasons."""
    return decided.one_by_one(
        GivenOutOfTurn.objects.all(),
        at="at",
        entry="appointment__entry",
        cells=_cells,
        now=now,
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
        numbers=frozenset({1, 2}),
    )


def _cells(one: GivenOutOfTurn) -> list[str]:
    return [
        decided.day(one.at),
        f"{one.appointment.entry_id}",
        f"{one.passed_over}",
        one.get_reason_display(),
        one.note or "-",
        one.by.name,
    ]
