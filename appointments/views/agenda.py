"""The clinic's calendar, a week or a day of it, as a table or as a list."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Any
from urllib.parse import urlencode

from django.core.paginator import Page, Paginator
from django.db.models import Q, QuerySet
from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from appointments import agenda as tables
from appointments.models import Room, Therapist
from appointments.models.agenda import Agenda, agendas, busy
from appointments.models.outside import marked
from appointments.models.policy import MOST_MINUTES
from appointments.models.treatment import Treatment, lengths
from appointments.views.agenda_words import Words
from appointments.views.day import MAY_SEE
from massage_portal.access import SignedInRequest, requires_any
from massage_portal.audit.record import record_all
from services.models import Location, Technique

COLUMNS = 10  # therapists or rooms at once: what fits a screen, and a sheet
EARLIEST, LATEST = date(2000, 1, 3), date(2100, 1, 3)


@dataclass(frozen=True)
class Asked:
    """What an address asks for; anything odd in it is as if it were not there."""

    day: date
    days: int
    place: int | None
    by_room: bool
    as_list: bool
    page: int = 1
    technique: int | None = None
    minutes: int | None = None

    def query(self, **changes: Any) -> str:
        """Return the query of the same page with some of it changed."""
        values = {
            "day": self.day.isoformat(),
            "place": self.place or "",
            "by": "room" if self.by_room else "",
            "as": "list" if self.as_list else "",
            "technique": self.technique or "",
            "minutes": self.minutes or "",
            "page": self.page if self.page > 1 else "",
        }
        return urlencode({key: one for key, one in (values | changes).items() if one})


@requires_any(*MAY_SEE)
@require_safe
def clinic_week(request: SignedInRequest) -> HttpResponse:
    """Show seven days, from Monday on."""
    return _calendar(request, days=7)


@requires_any(*MAY_SEE)
@require_safe
def clinic_day(request: SignedInRequest) -> HttpResponse:
    """Show one day by the half hour."""
    return _calendar(request, days=1)


def _calendar(request: SignedInRequest, *, days: int) -> HttpResponse:
    now = timezone.now()
    today = timezone.localdate(now)
    asked = _asked(request, days=days, today=today)
    last = asked.day + timedelta(days=days - 1)
    all_of_it = request.user.has_perm("appointments.view_appointment")
    own = Therapist.objects.filter(user=request.user).values_list("pk", flat=True)
    only = None if all_of_it else own.first() or 0
    kinds = list(Technique.objects.filter(active=True).in_order())
    technique = next((one for one in kinds if one.pk == asked.technique), None)
    page = _columns(asked, last, only, request.GET.get("page"))
    asked = replace(asked, page=page.number)
    shown = agendas(
        user=request.user,
        columns=list(page.object_list),
        only=only,
        first=asked.day,
        last=last,
        now=now,
        kind=Treatment(technique, asked.minutes),
    )
    visits = marked(visit for one in shown for visit in one.visits)
    record_all("appointment.listed", visits, by=request.user, at=now)
    places = Location.objects.filter(therapist__active=True).distinct().order_by("name")
    context = {
        "asked": asked,
        "page": page,
        "shown": [_table(one, asked) for one in shown],
        "places": places if all_of_it else None,
        "techniques": kinds,
        "lengths": lengths(kinds),
        "steps": _steps(asked, today=today),
        "is_week": days > 1,
        "last": last,
        "today": today,
    }
    return render(request, "appointments/calendar/calendar.html", context)


def _columns(asked: Asked, last: date, only: int | None, page: str | None) -> Page[Any]:
    """
    Return those of the therapists or rooms that one page shows; an odd page is one.

    Who gives no massage any more, and a room that is out of use, is shown while there
    are visits.
    """
    therapists = Therapist.objects.select_related("user", "location")
    therapists = therapists.filter(
        Q(active=True) | Q(pk__in=busy(asked.day, last, who="therapist"))
    )
    if only is not None:
        therapists = therapists.filter(pk=only)
    found: QuerySet[Any] = therapists.order_by(
        "location__name", "location_id", "user__name", "pk"
    )
    if asked.by_room:
        booked = busy(asked.day, last, who="room")
        booked = booked if only is None else booked.filter(therapist=only)
        where = Q(active=True)  # also where nobody works now
        if only is not None:
            where &= Q(location__in=therapists.values("location"))
        rooms = Room.objects.filter(where | Q(pk__in=booked))
        found = rooms.select_related("location")
        found = found.order_by("location__name", "location_id", "name")
    if only is None and asked.place is not None:
        found = found.filter(location=asked.place)
    return Paginator(found, COLUMNS).get_page(page)


def _asked(request: SignedInRequest, *, days: int, today: date) -> Asked:
    """Read the address; the day is the Monday of its week where a week is shown."""
    try:
        day = date.fromisoformat(request.GET.get("day", ""))
    except ValueError:
        day = today
    day = day if EARLIEST <= day < LATEST else today
    if days > 1:
        day -= timedelta(days=day.weekday())
    return Asked(
        day=day,
        days=days,
        place=_number(request, "place"),
        technique=_number(request, "technique"),
        minutes=_number(request, "minutes", most=MOST_MINUTES),
        by_room=request.GET.get("by") == "room",
        as_list=request.GET.get("as") == "list",
    )


def _number(request: SignedInRequest, name: str, *, most: int = 10**17) -> int | None:
    """Return the number in the address, 1 or more; None for anything else."""
    said = request.GET.get(name, "")
    number = int(said) if said.isascii() and said.isdigit() and len(said) < 18 else 0
    return number if 1 <= number <= most else None


def _steps(asked: Asked, *, today: date) -> dict[str, str]:
    """Return the queries of the links beside the heading."""
    step = timedelta(days=asked.days)
    return {
        "before": asked.query(day=(asked.day - step).isoformat()),
        "today": asked.query(day=today.isoformat()),
        "after": asked.query(day=(asked.day + step).isoformat()),
        "same": asked.query(),
        "other_way": asked.query(**{"as": "" if asked.as_list else "list"}),
        "other_columns": asked.query(by="" if asked.by_room else "room", page=""),
    }


def _table(agenda: Agenda, asked: Asked) -> dict[str, Any]:
    """Return one place as its templates draw it: by day, by column, by half hour."""
    names = {one.pk: str(one) for one in agenda.columns}
    words = Words(names, by_room=asked.by_room)
    by_day = [
        (day, tables.entries(agenda.items, day, agenda.zone)) for day in agenda.days
    ]
    found: dict[str, Any] = {"agenda": agenda, "names": names.values()}
    if asked.as_list:
        found["list"] = [
            (day, [words.of(one) for one in some], _idle(names, some))
            for day, some in by_day
        ]
    elif asked.days == 1:
        half_hours = tables.rows(by_day[0][1], list(names), agenda.first, agenda.zone)
        found["rows"] = [
            (
                row.said,
                [
                    (cell.rows, names[cell.column], [words.of(e) for e in cell.entries])
                    for cell in row.cells
                ],
            )
            for row in half_hours
        ]
    else:
        heads = [_head(day, asked) for day in agenda.days]
        cells: dict[tuple[int, date], list[Any]] = defaultdict(list)
        for day, some in by_day:
            for one in some:
                cells[one.item.column, day].append(words.of(one))
        found["heads"] = heads
        found["rows"] = [
            (name, [(said, cells[column, day]) for day, said, _query in heads])
            for column, name in names.items()
        ]
    return found


def _idle(names: Mapping[int, str], some: Iterable[tables.Entry]) -> list[str]:
    """Return the names of the columns in which there is nothing."""
    busy_ones = {one.item.column for one in some}
    return [name for key, name in names.items() if key not in busy_ones]


def _head(day: date, asked: Asked) -> tuple[date, str, str]:
    """Return a day, in words, and the query of its own page."""
    return (
        day,
        date_format(day, _("D, M j")),
        asked.query(day=day.isoformat(), **{"as": ""}),
    )
