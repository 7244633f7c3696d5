"""What became of agreed times: canceled and given to others, kept, or missed."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from statistics import median
from typing import Any

from django.db.models import Count, F, Q
from django.db.models.functions import TruncWeek
from django.utils.translation import gettext as _

from appointments.codes import Ending, Missed, Status
from appointments.figures import words
from appointments.figures.figure import Bar, Figure, share
from appointments.models import Appointment
from appointments.models.freed import not_to_offer, with_again
from appointments.models.waitlist import LOOK_BACK

HOUR = timedelta(hours=1)
OPEN_STILL = [Status.BOOKED, Status.ARRIVED, Status.CHECKED_IN]
FREED_BY = [Ending.BY_PATIENT, Ending.BY_CLINIC, Ending.MOVED]


@dataclass
class Freed:
    """The booked times that were freed in one week."""

    refilled: list[float] = field(default_factory=list)  # hours until somebody had it
    left: int = 0  # had by nobody
    not_to_offer: int = 0  # nobody could be offered it: the therapist is off, say

    @property
    def offered(self) -> int:
        """How many could be offered to somebody else."""
        return len(self.refilled) + self.left


def freed_times(now: datetime) -> dict[date, Freed]:
    """Return the booked times that were freed, by the week of freeing."""
    visits = with_again(
        Appointment.objects.filter(
            status=Status.CANCELLED,
            ending__in=FREED_BY,
            booked_at__isnull=False,
            starts_at__gt=F("ended_at"),
            ended_at__gt=now - LOOK_BACK,
            ended_at__lte=now,
        ).annotate(week=TruncWeek("ended_at"))
    )
    never = not_to_offer(visits)
    weeks: dict[date, Freed] = defaultdict(Freed)
    for one in visits:
        week = weeks[one.week.date()]
        if one.again:
            week.refilled.append((one.again - one.ended_at) / HOUR)
        elif one.pk in never:
            week.not_to_offer += 1
        else:
            week.left += 1
    return weeks


def refilled(*, now: datetime) -> Figure:
    """
    Return how much canceled time was given to somebody else, and how fast.

    A time counts as refilled if its therapist saw, or will see, somebody else in it who
    was booked after it was canceled. How fast: from that to the booking. A time in
    which the therapist is off, or the place closed, could be offered to nobody: it is
    told apart, and counts in no share.
    """
    rows, bars = [], []
    for week, found in sorted(freed_times(now).items()):
        name, number, whole = words.week(week), len(found.refilled), found.offered
        fast = f"{median(found.refilled):.1f}" if number else "-"
        part = share(number, whole)
        counts = [whole + found.not_to_offer, found.not_to_offer, number]
        rows.append([name, *map(str, counts), part, fast])
        bars.append(Bar(name, number / whole if whole else 0.0, part, 1.0))
    return Figure(
        key="refilled",
        title=_("Canceled time, offered again"),
        about=_(
            "Booked times canceled or moved in the last 90 days before they began, by "
            "the week of canceling. Refilled: the therapist sees somebody else in it. "
            "The share is of those that could be offered: not while the therapist is "
            "off or the place is closed."
        ),
        heads=[
            *(_("Week of"), _("Canceled"), _("Not to be offered"), _("Refilled")),
            *(_("Share"), _("Half refilled within, hours")),
        ],
        rows=rows,
        bars=bars,
        bars_title=_("Share of canceled time that was refilled; the mark is all"),
        numbers=frozenset(range(1, 6)),
    )


def _over(now: datetime) -> Any:
    """Return how the visits of each week went, by number."""
    return (
        Appointment.objects.filter(
            starts_at__gt=now - LOOK_BACK, starts_at__lte=now, booked_at__isnull=False
        )
        .exclude(status=Status.ENTERED_IN_ERROR)
        .annotate(week=TruncWeek("starts_at"))
        .values("week")
        .annotate(
            made=Count("pk", filter=Q(status=Status.FULFILLED)),
            away=Count("pk", filter=Q(status=Status.NOSHOW)),
            ours=Count(
                "pk", filter=Q(status=Status.NOSHOW, missed_because=Missed.CLINIC)
            ),
            late=Count("pk", filter=Q(late=True)),
            open=Count("pk", filter=Q(status__in=OPEN_STILL)),
        )
        .order_by("week")
    )


def missed(*, now: datetime) -> Figure:
    """Return how many visits were missed or canceled late, by week."""
    rows, bars = [], []
    for one in _over(now):
        name = words.week(one["week"])
        part = share(one["away"], one["made"] + one["away"])
        rows.append(
            [name, *(f"{one[key]}" for key in ("made", "away")), part]
            + [f"{one[key]}" for key in ("ours", "late", "open")]
        )
        whole = one["made"] + one["away"]
        bars.append(Bar(name, one["away"] / whole if whole else 0.0, part))
    return Figure(
        key="missed",
        title=_("Missed visits"),
        about=_(
            "Visits of the last 90 days, by week. Late: canceled later than policy "
            "asks. Not recorded: nobody has said how the visit went."
        ),
        heads=[
            *(_("Week of"), _("Made"), _("Missed"), _("Share missed")),
            *(_("Missed by our mistake"), _("Canceled late"), _("Not recorded")),
        ],
        rows=rows,
        bars=bars,
        bars_title=_("Share of visits missed"),
        numbers=frozenset(range(1, 7)),
    )


def reasons(*, now: datetime) -> Figure:
    """Return why visits were missed, as far as anybody said."""
    found: Any = (
        Appointment.objects.filter(
            starts_at__gt=now - LOOK_BACK, starts_at__lte=now, status=Status.NOSHOW
        )
        .values("missed_because")
        .annotate(number=Count("pk"))
        .order_by("-number", "missed_because")
    )
    counted = [
        (str(Missed(one["missed_because"] or Missed.NOT_SAID).label), one["number"])
        for one in found
    ]
    return Figure(
        key="reasons",
        title=_("Why visits were missed"),
        about=_("Of the visits missed in the last 90 days, what was recorded."),
        heads=[_("Reason"), _("Visits")],
        rows=[[name, f"{number}"] for name, number in counted],
        bars=[Bar(name, number, f"{number}") for name, number in counted],
        bars_title=_("Missed visits by reason"),
        numbers=frozenset({1}),
    )
