"""A visit as a calendar file: read back by a library, and by a reader of our own."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from icalendar import Calendar

from appointments import actions
from appointments.codes import Ending, Status
from appointments.ical import calendar
from massage_portal.accounts.roles import Role
from tests.factories import (
    DAY,
    HOUR,
    NOW,
    ZONE,
    at,
    make_appointment,
    make_diagnosis,
    make_entry,
    make_location,
    make_patient,
    make_provider,
    make_referral,
    make_room,
    make_technique,
    make_therapist,
    make_user,
)
from tests.letters import EXAMPLES
from tests.mails import parsed, write

pytestmark = pytest.mark.django_db
SPRING, AUTUMN = date(2026, 3, 8), date(2026, 11, 1)
CALL = "Questions? Call 507-555-0100."
LONG = "Building of the Two Hundred Lilac Trees, östlicher Flügel, " * 3


def lines_of(content):
    """Unfold, and return (name, parameters, value) for each line of the file."""
    assert content.endswith(b"\r\n")
    unfolded = content.replace(b"\r\n ", b"").replace(b"\r\n\t", b"").decode()
    found = []
    for line in unfolded.removesuffix("\r\n").split("\r\n"):
        head, _, value = line.partition(":")
        name, *parameters = head.split(";")
        found.append((name, dict(one.split("=", 1) for one in parameters), value))
    return found


def event_of(content):
    """Return the properties of the one event, by name."""
    lines = lines_of(content)
    names = [(name, value) for name, _, value in lines]
    start, end = names.index(("BEGIN", "VEVENT")), names.index(("END", "VEVENT"))
    assert names.count(("BEGIN", "VEVENT")) == 1
    inside = {name: (parameters, value) for name, parameters, value in lines[start:end]}
    assert len(inside) == end - start  # no property comes twice
    return inside


def moment(parameters, value):
    """Return the UTC moment of a date-time that is in UTC or names its zone."""
    if value.endswith("Z"):
        assert not parameters
        return datetime.strptime(value, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
    zone = ZoneInfo(parameters["TZID"])
    wall = datetime.strptime(value, "%Y%m%dT%H%M%S").replace(tzinfo=zone)
    return wall.astimezone(UTC)


def words(content):
    return {name: value for name, (_, value) in event_of(content).items()}


def read_back(content):
    (event,) = Calendar.from_ical(content).walk("VEVENT")
    return event


def test_a_library_reads_back_when_and_where():
    room = make_room(name="Room 3", location=make_location(name="Rochester"))
    visit = make_appointment(room=room)
    event = read_back(calendar(visit, now=NOW))
    assert event["DTSTART"].dt.astimezone(UTC) == visit.starts_at
    assert event["DTEND"].dt.astimezone(UTC) == visit.ends_at
    assert event["SUMMARY"] == "Appointment"
    assert event["LOCATION"] == "Rochester, Room 3"
    assert event["DTSTAMP"].dt == NOW


@pytest.mark.parametrize(
    ("day", "clock"),
    [
        pytest.param(NOW.date(), "09:00", id="in summer"),
        pytest.param(date(2026, 12, 16), "09:00", id="in winter"),
        pytest.param(SPRING, "09:00", id="the day an hour is skipped"),
        pytest.param(SPRING, "01:30", id="over the skipped hour"),
        pytest.param(AUTUMN, "09:00", id="the day an hour comes twice"),
        pytest.param(AUTUMN, "01:30", id="the first coming of that hour"),
        pytest.param(date(2028, 2, 29), "09:00", id="the leap day"),
    ],
)
def test_a_reader_of_our_own_finds_the_same_times_and_a_library_too(day, clock):
    visit = make_appointment(starts_at=at(day, clock))
    content = calendar(visit, now=NOW)
    ours, theirs = event_of(content), read_back(content)
    assert moment(*ours["DTSTART"]) == visit.starts_at
    assert moment(*ours["DTEND"]) == visit.ends_at
    assert theirs["DTSTART"].dt.astimezone(UTC) == visit.starts_at
    assert theirs["DTEND"].dt.astimezone(UTC) == visit.ends_at


def test_the_second_coming_of_an_hour_is_not_taken_for_its_first():
    """A local time that comes twice means its first coming (RFC 5545, 3.3.5)."""
    visit = make_appointment(starts_at=at(AUTUMN, "01:30") + HOUR)
    assert (visit.local_start.hour, visit.local_start.fold) == (1, 1)
    content = calendar(visit, now=NOW)
    assert moment(*event_of(content)["DTSTART"]) == visit.starts_at
    assert moment(*event_of(content)["DTEND"]) == visit.ends_at
    assert read_back(content)["DTSTART"].dt.astimezone(UTC) == visit.starts_at


def test_a_visit_that_ends_in_the_second_coming_of_an_hour_ends_then():
    start = at(AUTUMN, "01:30")
    visit = make_appointment(
        starts_at=start,
        ends_at=start + 50 * timedelta(minutes=1),
        blocked_until=start + HOUR,
    )
    assert (visit.local_start.fold, visit.local_end.fold) == (0, 1)
    content = calendar(visit, now=NOW)
    assert moment(*event_of(content)["DTEND"]) == visit.ends_at
    assert read_back(content)["DTEND"].dt.astimezone(UTC) == visit.ends_at


def test_times_name_a_zone_that_the_file_itself_defines():
    lines = lines_of(calendar(make_appointment(), now=NOW))
    used = {given["TZID"] for _, given, _ in lines if "TZID" in given}
    defined = {value for name, _, value in lines if name == "TZID"}
    assert used == defined == {"America/Chicago"}
    names = [value for name, _, value in lines if name == "BEGIN"]
    assert {"VTIMEZONE", "STANDARD", "DAYLIGHT"} <= set(names)


def test_a_place_in_another_zone_is_told_in_its_own_time():
    place = make_location(time_zone="America/Phoenix")
    visit = make_appointment(room=make_room(location=place), starts_at=NOW + DAY)
    parameters, value = event_of(calendar(visit, now=NOW))["DTSTART"]
    assert parameters == {"TZID": "America/Phoenix"}
    assert value == "20261015T080000"


def test_the_file_is_a_whole_calendar():
    lines = lines_of(calendar(make_appointment(), now=NOW))
    names = [(name, value) for name, _, value in lines]
    assert names[0] == ("BEGIN", "VCALENDAR")
    assert names[-1] == ("END", "VCALENDAR")
    assert ("VERSION", "2.0") in names
    assert ("METHOD", "PUBLISH") in names
    assert "PRODID" in dict(names)
    opened = [value for name, value in names if name == "BEGIN"]
    closed = [value for name, value in names if name == "END"]
    assert sorted(opened) == sorted(closed)


@pytest.mark.parametrize(
    ("status", "sent", "method"),
    [
        (Status.BOOKED, True, "REQUEST"),
        (Status.BOOKED, False, "PUBLISH"),
        (Status.CANCELLED, True, "CANCEL"),
        (Status.CANCELLED, False, "CANCEL"),
    ],
)
def test_what_is_sent_asks_to_be_entered_and_names_its_reader_alone(
    status, sent, method
):
    visit = make_appointment(status=status)
    to = visit.patient.user.email if sent else ""
    content = calendar(visit, now=NOW, to=to)
    assert ("METHOD", method) in [(name, value) for name, _, value in lines_of(content)]
    reader = event_of(content).get("ATTENDEE")
    agreed = {"PARTSTAT": "ACCEPTED", "RSVP": "FALSE"}
    assert reader == ((agreed, f"mailto:{to}") if sent else None)


@pytest.mark.parametrize(
    ("kind", "methods"),
    [
        ("appointments.booked", ["REQUEST"]),
        ("appointments.moved", ["REQUEST"]),
        ("appointments.cancelled", ["CANCEL"]),
        ("appointments.reminder", []),
    ],
)
def test_a_mail_says_of_its_file_what_the_file_says_itself(kind, methods, mailoutbox):
    subject, to, _key = EXAMPLES[kind]()
    raw = write(kind, subject, to)
    files = [
        part
        for part in parsed(raw).walk()
        if part.get_content_type() == "text/calendar"
    ]
    assert [part.get_param("method") for part in files] == methods
    for part, method in zip(files, methods, strict=True):
        assert part.get_param("charset") == "utf-8"
        content = part.get_payload(decode=True).replace(b"\r\n", b"\n")
        said = lines_of(content.replace(b"\n", b"\r\n"))
        assert ("METHOD", {}, method) in said
    named = [read_back(part.get_payload(decode=True))["UID"] for part in files]
    assert len(set(named)) == len(files)


# --- one event for ever ---------------------------------------------------------------


def test_the_name_of_the_event_stays_and_its_number_grows_when_it_is_cancelled():
    visit = make_appointment()
    before = words(calendar(visit, now=NOW))
    cancelled = actions.cancel(
        appointment=visit,
        ending=Ending.BY_PATIENT,
        by=visit.patient.user,
        now=NOW + HOUR,
    )
    after = words(calendar(cancelled, now=NOW + HOUR))
    assert after["UID"] == before["UID"] == str(visit.uid)
    assert int(after["SEQUENCE"]) == int(before["SEQUENCE"]) + 1
    assert (before["STATUS"], after["STATUS"]) == ("CONFIRMED", "CANCELLED")
    assert after["DTSTAMP"] > before["DTSTAMP"]


def test_two_visits_are_two_events():
    first = make_appointment()
    second = make_appointment(starts_at=NOW + 3 * DAY)
    names = {words(calendar(visit, now=NOW))["UID"] for visit in (first, second)}
    assert len(names) == 2


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        (Status.PROPOSED, "TENTATIVE"),
        (Status.BOOKED, "CONFIRMED"),
        (Status.FULFILLED, "CONFIRMED"),
        (Status.CANCELLED, "CANCELLED"),
    ],
)
def test_each_state_is_told_in_the_calendars_own_words(status, expected):
    content = calendar(make_appointment(status=status), now=NOW)
    assert words(content)["STATUS"] == expected
    assert read_back(content)["STATUS"] == expected


# --- what it does not say -------------------------------------------------------------


def test_neither_therapy_nor_diagnosis_nor_any_name_is_in_it():
    patient = make_patient(given_name="Quillwort", family_name="Zanderfield")
    referral = make_referral(
        patient=patient,
        technique=make_technique(name="Myofascial release"),
        diagnosis=make_diagnosis("M79.7", "Fibromyalgia"),
        provider=make_provider(family_name="Overbrook", department="Rheumatology"),
        reason="Widespread soreness.",
    )
    room = make_room()
    therapist = make_therapist(
        location=room.location, user=make_user(Role.THERAPIST, name="Thessaly Umberton")
    )
    visit = make_appointment(
        entry=make_entry(referral=referral),
        room=room,
        therapist=therapist,
        technique=referral.technique,
    )
    text = calendar(visit, now=NOW).replace(b"\r\n ", b"").decode().casefold()
    secrets = ["Quillwort", "Zanderfield", patient.record_number, patient.user.email]
    secrets += ["Thessaly", "Umberton", therapist.user.email]
    secrets += ["Myofascial", "M79.7", "Fibromyalgia", "Overbrook", "Rheumatology"]
    secrets += ["soreness", "therap", "patient", "19800229"]
    assert [secret for secret in secrets if secret.casefold() in text] == []
    assert set(words(text.upper().encode())) == {
        *("BEGIN", "UID", "SEQUENCE", "DTSTAMP", "DTSTART", "DTEND"),
        *("SUMMARY", "DESCRIPTION", "LOCATION", "STATUS", "CLASS", "ORGANIZER"),
    }
    assert words(calendar(visit, now=NOW))["DESCRIPTION"] == CALL


def test_the_event_is_private_to_other_readers_of_the_calendar():
    assert words(calendar(make_appointment(), now=NOW))["CLASS"] == "PRIVATE"


# --- lines ----------------------------------------------------------------------------


def test_no_line_is_longer_than_75_octets_and_what_was_folded_reads_whole():
    room = make_room(name="Room 3", location=make_location(name=LONG[:100]))
    content = calendar(make_appointment(room=room), now=NOW)
    lines = content.split(b"\r\n")
    assert max(map(len, lines)) <= 75
    assert any(line.startswith(b" ") for line in lines)
    assert read_back(content)["LOCATION"] == f"{LONG[:100]}, Room 3"
    for line in lines:
        line.decode()  # no letter is cut in two


def test_what_would_end_a_value_is_escaped():
    name = "Desk; left, then\\right"
    room = make_room(name="Room 3", location=make_location(name=name))
    content = calendar(make_appointment(room=room), now=NOW)
    told = words(content)["LOCATION"]
    assert told == r"Desk\; left\, then\\right\, Room 3"
    assert read_back(content)["LOCATION"] == f"{name}, Room 3"


def test_a_line_break_in_a_name_adds_no_property():
    place = make_location(name="Desk\r\nATTENDEE:mailto:someone@example.org")
    content = calendar(make_appointment(room=make_room(location=place)), now=NOW)
    assert "ATTENDEE" not in event_of(content)


def test_the_local_time_is_the_one_on_the_clinics_wall():
    visit = make_appointment(starts_at=at(NOW.date() + DAY, "09:00"))
    parameters, value = event_of(calendar(visit, now=NOW))["DTSTART"]
    assert parameters == {"TZID": ZONE.key}
    assert value == "20261015T090000"
