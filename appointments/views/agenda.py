"""The clinic's calendar, a week or a day of it, as a table or as a list."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any
from urllib.parse import urlencode

from django.db.models import Q
from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from appointments import agenda as tables
from appointments.models import Therapist
from appointments.models.agenda import Agenda, agendas, busy
from appointments.models.outside import marked
from appointments.views.day import MAY_SEE
from massage_portal.access import SignedInRequest, requires_any
from massage_portal.audit.record import record_all
from services.models import Location

EARLIEST, LATEST = date(2000, 1, 3), date(2100, 1, 3)


@dataclass(frozen=True)
class Asked:
    """What an address asks for; anything odd in it is as if it were not there."""

    day: date
    days: int
    place: int | None
    by_room: bool
    as_list: bool

    def query(self, **changes: Any) -> str:
        """Return the query of the same page with some of it changed."""
        values = {
            "day": self.day.isoformat(),
            "place": self.place or "",
            "by": "room" if self.by_room else "",
            "as": "list" if self.as_list else "",
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
    all_of_it = request.user.has_perm("appointments.view_appointment")
    therapists = Therapist.objects.select_related("user", "location")
    therapists = therapists.order_by(
        "location__name", "location_id", "user__name", "pk"
    )
    if not all_of_it:
        therapists = therapists.filter(user=request.user)
    asked = _asked(request, days=days, today=timezone.localdate(now))
    last = asked.day + timedelta(days=days - 1)
    therapists = therapists.filter(Q(active=True) | Q(pk__in=busy(asked.day, last)))
    places = Location.objects.filter(therapist__active=True).distinct().order_by("name")
    if all_of_it and asked.place is not None:
        therapists = therapists.filter(location=asked.place)
    shown = agendas(
        user=request.user,
        therapists=list(therapists),
        first=asked.day,
        last=last,
        by_room=asked.by_room,
        now=now,
    )
    visits = marked(visit for one in shown for visit in one.visits)
    record_all("appointment.listed", visits, by=request.user, at=now)
    context = {
        "asked": asked,
        "shown": [_table(one, days=days) for one in shown],
        "places": places if all_of_it else None,
        "steps": _steps(asked, today=timezone.localdate(now)),
        "is_week": days > 1,
        "last": last,
        "today": timezone.localdate(now),
    }
    return render(request, "appointments/calendar/calendar.html", context)


def _asked(request: SignedInRequest, *, days: int, today: date) -> Asked:
    """Read the address; the day is the Monday of its week where a week is shown."""
    try:
        day = date.fromisoformat(request.GET.get("day", ""))
    except ValueError:
        day = today
    day = day if EARLIEST <= day < LATEST else today
    if days > 1:
        day -= timedelta(days=day.weekday())
    place = request.GET.get("place", "")
    return Asked(
        day=day,
        days=days,
        place=int(place)
        if place.isascii() and place.isdigit() and len(place) < 18
        else None,
        by_room=request.GET.get("by") == "room",
        as_list=request.GET.get("as") == "list",
    )


def _steps(asked: Asked, *, today: date) -> dict[str, str]:
    """Return the queries of the links beside the heading."""
    step = timedelta(days=asked.days)
    return {
        "before": asked.query(day=(asked.day - step).isoformat()),
        "today": asked.query(day=today.isoformat()),
        "after": asked.query(day=(asked.day + step).isoformat()),
        "same": asked.query(),
        "other_way": asked.query(**{"as": "" if asked.as_list else "list"}),
        "other_columns": asked.query(by="" if asked.by_room else "room"),
    }


def _table(agenda: Agenda, *, days: int) -> dict[str, Any]:
    """Return one place as its templates draw it: by day, by column, by half hour."""
    names: dict[int, Any] = {one.pk: one for one in agenda.columns}

    def drawn(one: tables.Entry) -> dict[str, Any]:
        return {"entry": one, "name": names[one.item.column]}

    by_day = [
        (day, tables.entries(agenda.items, day, agenda.zone)) for day in agenda.days
    ]
    found: dict[str, Any] = {"agenda": agenda, "days": agenda.days}
    found["list"] = [(day, [drawn(one) for one in some]) for day, some in by_day]
    if days == 1:
        half_hours = tables.rows(by_day[0][1], list(names), agenda.first, agenda.zone)
        found["rows"] = [
            (
                row,
                [
                    (cell, names[cell.column], map(drawn, cell.entries))
                    for cell in row.cells
                ],
            )
            for row in half_hours
        ]
    else:
        found["columns"] = [
            (
                column,
                [
                    (day, [one for one in some if one["name"] is column])
                    for day, some in found["list"]
                ],
            )
            for column in names.values()
        ]
    return found
