"""A reader of iCalendar of our own (RFC 5545), to check what a library may forgive."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from django.test import Client
from django.urls import reverse

from appointments import actions
from appointments.codes import EntryStatus
from appointments.models import Appointment
from tests.factories import (
    DAY,
    NOW,
    make_appointment,
    make_diagnosis,
    make_entry,
    make_referral,
)

HEAD = re.compile(r'([A-Z-]+)((?:;[A-Z-]+=(?:"[^"]*"|[^":;,]*))*):(.*)', re.DOTALL)
PARAMETER = re.compile(r';([A-Z-]+)=("[^"]*"|[^":;,]*)')
ESCAPED = {"n": "\n", "N": "\n", ",": ",", ";": ";", "\\": "\\"}
CONTROL = re.compile("[\x00-\x08\x0a-\x1f\x7f]")


@dataclass
class Component:
    """BEGIN to END: its properties, each a list of (parameters, value), and parts."""

    name: str
    properties: dict = field(default_factory=dict)
    parts: list = field(default_factory=list)

    def __getitem__(self, name):
        """Return the value of a property that stands there once."""
        ((_, value),) = self.properties[name]
        return value

    def text(self, name):
        """Return the text of a property, its escapes undone (section 3.3.11)."""
        value = self[name]
        assert not re.search(r"(?<!\\)(?:\\\\)*[;,]", value), "not escaped"
        return re.sub(r"\\(.)", lambda found: ESCAPED[found[1]], value)

    def moment(self, name):
        """Return the UTC moment of a date-time in UTC, or in a zone that it names."""
        ((parameters, value),) = self.properties[name]
        if value.endswith("Z"):
            assert not parameters
            return datetime.strptime(value, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
        zone = ZoneInfo(parameters["TZID"])
        wall = datetime.strptime(value, "%Y%m%dT%H%M%S").replace(tzinfo=zone)
        return wall.astimezone(UTC)


def unfolded(content):
    """Return the lines of the file, each whole; every rule of section 3.1 is asked."""
    assert content.endswith(b"\r\n")
    raw = content[:-2].split(b"\r\n")
    lines = []
    for line in raw:
        assert 0 < len(line) <= 75, "too long or empty"
        line.decode()  # no letter is cut in two
        if line[:1] in (b" ", b"\t"):
            lines[-1] += line[1:]
        else:
            lines.append(line)
    texts = [line.decode() for line in lines]
    assert not any(CONTROL.search(text) for text in texts)
    return texts


def read(content):
    """Return the VCALENDAR; what opens must close, and nothing comes after it."""
    top = Component("")
    open_ones = [top]
    for line in unfolded(content):
        found = HEAD.fullmatch(line)
        assert found, f"no property: {line}"
        name, parameters, value = found.groups()
        if name == "BEGIN":
            part = Component(value)
            open_ones[-1].parts.append(part)
            open_ones.append(part)
        elif name == "END":
            assert open_ones.pop().name == value
        else:
            pairs = {
                key: text.strip('"') for key, text in PARAMETER.findall(parameters)
            }
            open_ones[-1].properties.setdefault(name, []).append((pairs, value))
    assert open_ones == [top]
    (calendar,) = top.parts
    assert calendar.name == "VCALENDAR"
    assert not top.properties
    return calendar


def events(content):
    """Return the events of the file by their UID; a UID comes once."""
    found = [part for part in read(content).parts if part.name == "VEVENT"]
    by_name = {one["UID"]: one for one in found}
    assert len(by_name) == len(found)
    return by_name


def address(patient):
    """Return a new address, as the button makes it."""
    secret = actions.renew_calendar(by=patient.user, now=NOW)
    return reverse("calendar_feed", args=[secret])


def a_visit(patient, **fields):
    number = Appointment.objects.count()
    referral = make_referral(
        patient=patient, diagnosis=make_diagnosis(f"M54.{number}", "Pain")
    )
    state = fields.pop("entry_status", EntryStatus.IN_PROGRESS)
    fields.setdefault("starts_at", NOW + (number + 1) * DAY)
    return make_appointment(entry=make_entry(referral=referral, status=state), **fields)


def look(url, **headers):
    """Ask as a calendar program does: with no session, and nothing but the address."""
    return Client().get(url, headers=headers)


def name_of(visit):
    return str(visit.uid)
