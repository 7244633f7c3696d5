"""A visit as iCalendar (RFC 5545). It says when and where, and not what for."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from email.utils import parseaddr
from itertools import islice

from django.conf import settings
from django.utils.translation import gettext as _
from icalendar import Calendar, Event, Timezone

from appointments.codes import Status
from appointments.models import Appointment

STATES = {
    Status.PROPOSED: "TENTATIVE",
    Status.CANCELLED: "CANCELLED",
    Status.ENTERED_IN_ERROR: "CANCELLED",
}
REFRESH = timedelta(hours=1)
MOST = 500  # visits in one feed; where there are more, the first ones are left out


def calendar(appointment: Appointment, *, now: datetime, to: str = "") -> bytes:
    """
    Return a calendar with one event.

    The UID stays the same for ever, also where the visit is moved, and SEQUENCE grows
    with each change, so a calendar program replaces the old event. It names no domain,
    for that may change (RFC 7986, 5.3). Time zones are written out (section 3.6.5).

    :param to: the address of the patient to whom it is sent; "" where they fetch it.
    """
    event = _event(appointment, stamp=now)
    if to:
        # They have agreed already, and nobody reads what their program would answer.
        agreed = {"PARTSTAT": "ACCEPTED", "RSVP": "FALSE"}
        event.add("attendee", f"mailto:{to}", parameters=agreed)
    return _written(_begun(method_of(appointment, sent=bool(to))), [event])


def method_of(appointment: Appointment, *, sent: bool) -> str:
    """
    Return what the file asks of a calendar program (RFC 5546, 3.2).

    CANCEL takes the event away. What is sent is a REQUEST, which programs enter by
    themselves; what is fetched is PUBLISHed.
    """
    if STATES.get(Status(appointment.status)) == "CANCELLED":
        return "CANCEL"
    return "REQUEST" if sent else "PUBLISH"


def feed(appointments: Iterable[Appointment]) -> bytes:
    """
    Return one calendar of all these visits, for a program that reads it now and then.

    It is the same, byte for byte, until a visit changes: DTSTAMP is when it last did.
    What is canceled stays in it and says so, so that programs which only add follow.

    :param appointments: the last ones first.
    """
    begun = _begun()
    begun.add("x-wr-calname", _("Appointments"))
    begun.add("refresh-interval", REFRESH, parameters={"VALUE": "DURATION"})  # RFC 7986
    begun.add("x-published-ttl", "PT1H")  # the same, for older programs
    last = reversed(list(islice(appointments, MOST)))
    events = [_event(one, stamp=_changed(one)) for one in last]
    if not events:  # a calendar has one component at the least (section 3.6)
        begun.add_component(Timezone.from_tzid(settings.TIME_ZONE))
    return _written(begun, events)


def _changed(appointment: Appointment) -> datetime:
    """
    Return when the visit last changed in what a calendar shows of it.

    Its room or place may be called otherwise since: DTSTAMP tells of that, and
    SEQUENCE need not, for it is still there and then (RFC 5546, 2.1.5).
    """
    one, place = appointment, appointment.therapist.location
    moments = [one.offered_at, one.booked_at, one.ended_at, one.revised_at]
    moments += [one.room.renamed_at, place.updated_at]
    return max(moment for moment in moments if moment is not None)


def _event(appointment: Appointment, *, stamp: datetime) -> Event:
    """
    Return the event, in the local time of the place: in UTC where that is said twice,
    as the clocks go back, for RFC 5545 (3.3.5) would take the first.
    """
    place = appointment.therapist.location
    start, end = appointment.local_start, appointment.local_end
    if start.fold or end.fold:
        start, end = start.astimezone(UTC), end.astimezone(UTC)
    event = Event()
    event.add("uid", str(appointment.uid))
    event.add("sequence", appointment.sequence)
    event.add("dtstamp", stamp)
    event.add("dtstart", start)
    event.add("dtend", end)
    event.add("summary", _("Appointment"))
    call = _("Questions? Call %(phone)s.") % {"phone": settings.CLINIC_PHONE}
    event.add("description", call)
    event.add("location", f"{place.name}, {appointment.room.name}")
    event.add("status", STATES.get(Status(appointment.status), "CONFIRMED"))
    event.add("class", "PRIVATE")
    event.add("organizer", f"mailto:{_mail_address()}")  # RFC 5546 wants one
    return event


def _begun(method: str = "PUBLISH") -> Calendar:
    begun = Calendar()
    begun.add("prodid", "-//Clinic Portal//EN")
    begun.add("version", "2.0")
    begun.add("method", method)
    return begun


def _written(calendar: Calendar, events: list[Event]) -> bytes:
    for event in events:
        calendar.add_component(event)
    calendar.add_missing_timezones()
    content: bytes = calendar.to_ical()
    return content


def _mail_address() -> str:
    return parseaddr(settings.DEFAULT_FROM_EMAIL)[1]
