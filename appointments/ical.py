"""A visit as iCalendar (RFC 5545). It says when and where, and not what for."""

from __future__ import annotations

from datetime import UTC, datetime

from django.conf import settings
from django.utils.translation import gettext as _
from icalendar import Calendar, Event

from appointments.codes import Status
from appointments.models import Appointment

STATES = {Status.PROPOSED: "TENTATIVE", Status.CANCELLED: "CANCELLED"}


def calendar(appointment: Appointment, *, now: datetime) -> bytes:
    """
    Return a calendar with one event, in the local time of the place: in UTC where that
    is said twice, as the clocks go back, for RFC 5545 (3.3.5) would take the first.

    The UID stays the same for ever and SEQUENCE grows with each change, so a calendar
    program replaces the old event. Time zones are written out (section 3.6.5).
    """
    place = appointment.therapist.location
    start, end = appointment.local_start, appointment.local_end
    if start.fold or end.fold:
        start, end = start.astimezone(UTC), end.astimezone(UTC)
    event = Event()
    event.add("uid", f"{appointment.uid}@{mail_domain()}")
    event.add("sequence", appointment.sequence)
    event.add("dtstamp", now)
    event.add("dtstart", start)
    event.add("dtend", end)
    event.add("summary", _("Appointment"))
    event.add("location", f"{place.name}, {appointment.room.name}")
    event.add("status", STATES.get(Status(appointment.status), "CONFIRMED"))
    event.add("class", "PRIVATE")
    calendar = Calendar()
    calendar.add("prodid", "-//Clinic Portal//EN")
    calendar.add("version", "2.0")
    calendar.add("method", "PUBLISH")
    calendar.add_component(event)
    calendar.add_missing_timezones()
    content: bytes = calendar.to_ical()
    return content


def mail_domain() -> str:
    """Return the domain that names belong to: that of the clinic's mail address."""
    return settings.DEFAULT_FROM_EMAIL.rpartition("@")[2].rstrip(">")
