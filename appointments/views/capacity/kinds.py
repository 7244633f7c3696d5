"""What can be added and changed: for each kind its title, its form and its action."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from functools import partial
from typing import Any
from zoneinfo import ZoneInfo

from django.db.models import Model
from django.forms import Form
from django.utils.formats import date_format
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from appointments.actions import hours, places
from appointments.actions.capacity import state_of
from appointments.forms import hours as forms
from appointments.models import (
    Certification,
    Closure,
    ExtraHours,
    HolidayCalendar,
    Room,
    Therapist,
    TimeOff,
    WorkingHours,
)
from massage_portal.dates import from_to
from services.models import Location


@dataclass(frozen=True)
class Kind:
    """One kind of change: the title of its page, its form, and what writes it."""

    title: Any
    form: Callable[..., Form]
    write: Callable[..., object]
    model: type[Model] | None = None  # of the row that is changed
    row: str = ""  # what the action calls it
    shown: Callable[[Any], Mapping[str, Any]] = lambda row: {}  # before it is filled in


def zone_of(therapist: Therapist) -> ZoneInfo:
    """Return the time zone in which the therapist's hours are said."""
    return ZoneInfo(therapist.location.time_zone)


def _times(row: WorkingHours | ExtraHours) -> dict[str, Any]:
    return {"starts": row.starts, "ends": row.ends}


def _extra(row: ExtraHours) -> dict[str, Any]:
    return {"day": row.day, **_times(row)}


def _off(row: TimeOff) -> dict[str, Any]:
    zone = zone_of(row.therapist)
    starts, ends = row.starts_at.astimezone(zone), row.ends_at.astimezone(zone)
    whole = ends.hour == ends.minute == 0
    last = date.fromordinal(ends.toordinal() - 1) if whole else ends.date()
    return {
        "from_day": starts.date(),
        "from_time": starts.time(),
        "until_day": last,
        "until_time": None if whole else ends.time(),
        "reason": row.reason,
    }


def _closure(row: Closure) -> dict[str, Any]:
    days = {"first_day": row.first_day, "last_day": row.last_day}
    return {**days, "reason": row.reason}


def _room(row: Room) -> dict[str, Any]:
    fit = [one.pk for one in row.techniques.all()]
    return {"name": row.name, "active": row.active, "techniques": fit}


def calendar_of(place: Location) -> HolidayCalendar | None:
    """Return whose holidays the place keeps, if anybody has said so."""
    return HolidayCalendar.objects.filter(location=place).first()


def _calendar(place: Location) -> dict[str, Any]:
    found = calendar_of(place) or HolidayCalendar(country="US")
    return {"country": found.country, "subdivision": found.subdivision}


TO_A_THERAPIST = {
    "hours": Kind(_("Add working hours"), forms.AddHours, hours.add_hours),
    "extra": Kind(_("Add extra hours"), forms.Extra, hours.add_extra),
    "time-off": Kind(_("Enter time off"), forms.Off, hours.add_time_off),
    "certificate": Kind(
        _("Add a certificate"), forms.AddCertificate, places.add_certificate
    ),
}
TO_A_PLACE = {
    "room": Kind(_("Add a room"), forms.RoomForm, places.add_room),
    "closure": Kind(_("Enter a closure"), forms.Closed, places.add_closure),
    "holidays": Kind(
        _("Public holidays of this place"),
        forms.Calendar,
        places.set_calendar,
        shown=_calendar,
    ),
    "holiday": Kind(_("Work on a public holiday"), forms.Holiday, places.work_holiday),
}
OF_A_ROW = {
    ("hours", "change"): Kind(
        *(_("Change working hours"), forms.ChangeHours, hours.change_hours),
        *(WorkingHours, "hours", _times),
    ),
    ("hours", "end"): Kind(
        *(_("End working hours"), forms.EndHours, hours.end_hours),
        *(WorkingHours, "hours"),
    ),
    ("extra", "change"): Kind(
        *(_("Change extra hours"), forms.Extra, hours.change_extra),
        *(ExtraHours, "extra", _extra),
    ),
    ("extra", "end"): Kind(
        *(_("Take extra hours back"), forms.TakeBack, hours.take_extra_back),
        *(ExtraHours, "extra"),
    ),
    ("time-off", "change"): Kind(
        *(_("Change time off"), forms.Off, hours.change_time_off),
        *(TimeOff, "off", _off),
    ),
    ("time-off", "end"): Kind(
        *(_("End time off now"), forms.TakeBack, hours.end_time_off),
        *(TimeOff, "off"),
    ),
    ("certificate", "change"): Kind(
        *(_("Change a certificate"), forms.ChangeCertificate),
        write=places.change_certificate,
        model=Certification,
        row="certificate",
        shown=lambda row: {"valid_until": row.valid_until},
    ),
    ("therapist", "change"): Kind(
        *(_("Whether they give massage"), forms.Active, places.set_active),
        *(Therapist, "therapist", lambda row: {"active": row.active}),
    ),
    ("room", "change"): Kind(
        *(_("Change a room"), forms.RoomForm, places.change_room),
        *(Room, "room", _room),
    ),
    ("closure", "change"): Kind(
        *(_("Change a closure"), forms.Closed, places.change_closure),
        *(Closure, "closure", _closure),
    ),
    ("closure", "end"): Kind(
        *(_("Open again from today"), forms.TakeBack, places.end_closure),
        *(Closure, "closure"),
    ),
}


def form_of(kind: Kind, *, therapist: Therapist | None) -> Callable[..., Form]:
    """Return the form of a kind; one about moments is told the time zone."""
    if kind.form is forms.Off and therapist is not None:
        return partial(kind.form, zone=zone_of(therapist))
    return kind.form


def said(row: Model) -> str:
    """Return which row it is, in words, with the times of its place."""
    match row:
        case WorkingHours():
            return f"{row.get_weekday_display()}, {from_to(row.starts, row.ends)}"
        case ExtraHours():
            day = date_format(row.day, gettext("D, M j, Y"))
            return f"{day}, {from_to(row.starts, row.ends)}"
        case TimeOff():
            zone, form = zone_of(row.therapist), gettext("D, M j, Y, P")
            return (
                f"{date_format(row.starts_at.astimezone(zone), form)} - "
                f"{date_format(row.ends_at.astimezone(zone), form)}"
            )
        case Certification():
            return str(row.technique)
        case Closure():
            first, last = date_format(row.first_day), date_format(row.last_day)
            return f"{first} - {last}: {row.reason}"
        case _:
            return str(row)


def shown(kind: Kind, row: Model) -> dict[str, Any]:
    """Return what the form about `row` shows at first."""
    return {"seen": state_of(row), **kind.shown(row)}
