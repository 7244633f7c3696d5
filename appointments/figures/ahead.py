"""What is asked of the clinic, beside the time that it has in the coming weeks."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from django.db.models import Count
from django.utils import timezone
from django.utils.formats import number_format
from django.utils.translation import gettext as _

from appointments.codes import EntryStatus
from appointments.figures import words
from appointments.figures.figure import Bar, Figure, share
from appointments.models import Appointment, Policy, Supply, WaitlistEntry
from appointments.models.waitlist import LOOK_BACK

WEEKS = 8
WEEK = timedelta(days=7)


def by_week(*, now: datetime) -> Figure:
    """
    Return the visits booked and the room for more in each of the coming WEEKS.

    Room for more: how many visits of the usual length, with turnover, can be had side
    by side in what is free, whether or not somebody can come then. The first week
    counts from now on. A warning is given when a week of the LOOK_BACK brought more
    requests, on average, than a whole week ahead has time for.
    """
    policy = Policy.objects.in_force(now)
    monday = _monday(timezone.localdate(now))
    last = monday + WEEKS * WEEK - timedelta(days=1)
    booked = _booked(now, monday)
    supply = Supply(now=now, policy=policy, first=monday, last=last)
    free = {week.monday: week.visits for week in supply.capacity()}
    full = [monday + number * WEEK for number in FULL]
    a_week = sum(booked[one] + free[one] for one in full) / len(full)
    asked = _asked_a_week(now)
    weeks = [monday + number * WEEK for number in range(WEEKS)]
    rows, bars = _lines(weeks, booked, free)
    return Figure(
        key="ahead",
        title=_("Queue and time ahead"),
        about=_about(asked, a_week),
        heads=[
            *(_("Week of"), _("Booked or offered"), _("Room for more")),
            *(_("Visits in all"), _("Full")),
        ],
        rows=rows,
        bars=bars,
        bars_title=_("Visits booked or offered; the mark is the time there is"),
        warning=_(
            "More is asked for than there is time: waits will grow. Add time, or agree "
            "on other targets."
        )
        if asked > a_week
        else "",
        numbers=frozenset(range(1, 5)),
    )


def _lines(
    weeks: Iterable[date], booked: Mapping[date, int], free: Mapping[date, int]
) -> tuple[list[list[str]], list[Bar]]:
    """Return a row and a bar for each week."""
    rows, bars = [], []
    for week in weeks:
        name, taken, room = words.week(week), booked[week], free[week]
        whole = taken + room
        rows.append([name, f"{taken}", f"{room}", f"{whole}", share(taken, whole)])
        bars.append(Bar(name, taken, f"{taken} / {whole}", whole))
    return rows, bars


def _about(asked: float, a_week: float) -> str:
    said = {
        "waiting": WaitlistEntry.objects.waiting().count(),
        "asked": number_format(asked, 1),
        "room": number_format(a_week, 1),
    }
    told = _(
        "%(waiting)s wait for a time. In the last 90 days %(asked)s requests came in "
        "a week; a whole week ahead has time for %(room)s visits."
    )
    return told % said


FULL = range(1, WEEKS)  # the week that has begun is not a whole one


def _monday(day: date) -> date:
    return day - timedelta(days=day.weekday())


def _booked(now: datetime, monday: date) -> Counter[date]:
    """Return how many visits ahead hold time, by the Monday of their local week."""
    rows = Appointment.objects.filling_time(now).filter(
        starts_at__gte=now, starts_at__lt=now + (WEEKS + 1) * WEEK
    )
    found: Counter[date] = Counter()
    times = rows.values_list("starts_at", "therapist__location__time_zone")
    for starts_at, zone, number in times.annotate(number=Count("pk")):
        found[_monday(starts_at.astimezone(ZoneInfo(zone)).date())] += number
    return found


def _asked_a_week(now: datetime) -> float:
    """Return how many requests came in a week of the LOOK_BACK, those kept on."""
    came = WaitlistEntry.objects.filter(
        asked_at__gt=now - LOOK_BACK, asked_at__lte=now
    ).exclude(status__in=[EntryStatus.REJECTED, EntryStatus.CANCELLED])
    return came.count() / (LOOK_BACK / WEEK)
