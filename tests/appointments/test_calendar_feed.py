"""A patient's own calendar reads their visits under a private address."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from icalendar import Calendar

from appointments import actions
from appointments.actions import places
from appointments.actions.capacity import state_of
from appointments.codes import Ending, EntryStatus, Status
from massage_portal.accounts.models import User
from massage_portal.accounts.roles import Role
from tests.appointments.calendars import a_visit, address, events, look, name_of, read
from tests.factories import (
    DAY,
    HOUR,
    NOW,
    make_appointment,
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

pytestmark = pytest.mark.django_db
LONG = "Haus der zweihundert Fliederbäume, östlicher Flügel, 二百本のライラック " * 2


@pytest.fixture(autouse=True)
def clock(monkeypatch):
    """A clock that the test sets; it stands at NOW."""
    moment = {"now": NOW}
    monkeypatch.setattr("django.utils.timezone.now", lambda: moment["now"])
    return moment


@pytest.fixture
def patient():
    return make_patient()


# --- what it shows --------------------------------------------------------------------


def test_a_library_and_a_reader_of_our_own_find_the_same_visits(patient):
    visits = [a_visit(patient) for _ in range(3)]

    answer = look(address(patient))

    assert answer.status_code == 200
    assert answer["Content-Type"] == "text/calendar; charset=utf-8"
    ours = events(answer.content)
    theirs = {one["UID"]: one for one in library(answer.content)}
    assert set(ours) == set(theirs) == {name_of(visit) for visit in visits}
    for visit in visits:
        mine, other = ours[name_of(visit)], theirs[name_of(visit)]
        assert mine.moment("DTSTART") == visit.starts_at
        assert mine.moment("DTEND") == visit.ends_at
        assert other["DTSTART"].dt.astimezone(UTC) == visit.starts_at
        assert other["DTEND"].dt.astimezone(UTC) == visit.ends_at
        assert mine.text("LOCATION") == other["LOCATION"]
        assert int(mine["SEQUENCE"]) == other["SEQUENCE"] == visit.sequence
        assert mine["STATUS"] == other["STATUS"] == "CONFIRMED"


def library(content):
    return Calendar.from_ical(content).walk("VEVENT")


def test_it_is_a_published_calendar_that_says_how_often_to_look(patient):
    calendar = read(look(address(patient)).content)
    assert calendar["METHOD"] == "PUBLISH"
    assert calendar["VERSION"] == "2.0"
    assert calendar["REFRESH-INTERVAL"] == "PT1H"
    assert [part.name for part in calendar.parts] == ["VTIMEZONE"]  # one at least


def test_a_canceled_visit_stays_and_says_so_under_its_old_name(patient):
    visit, url = a_visit(patient), address(patient)
    before = events(look(url).content)[name_of(visit)]
    canceled = {"appointment": visit, "ending": Ending.BY_CLINIC}
    actions.cancel(**canceled, by=make_user(Role.SCHEDULER), now=NOW + HOUR)

    content = look(url).content

    after = events(content)[name_of(visit)]
    assert (before["STATUS"], after["STATUS"]) == ("CONFIRMED", "CANCELLED")
    assert int(after["SEQUENCE"]) > int(before["SEQUENCE"])
    assert after["DTSTAMP"] > before["DTSTAMP"]
    assert [one["STATUS"] for one in library(content)] == ["CANCELLED"]


def test_a_feed_that_is_too_long_lacks_what_is_over_and_nothing_ahead(
    patient, monkeypatch
):
    monkeypatch.setattr("appointments.ical.MOST", 2)
    starts = [NOW + days * DAY for days in (40, -30, 2)]
    visits = [a_visit(patient, starts_at=start) for start in starts]

    shown = list(events(look(address(patient)).content))

    assert shown == [name_of(visits[2]), name_of(visits[0])]


@pytest.mark.parametrize(
    ("fields", "shown"),
    [
        pytest.param({"starts_at": NOW - 89 * DAY}, True, id="89 days ago"),
        pytest.param({"starts_at": NOW - 91 * DAY}, False, id="91 days ago"),
        pytest.param({"starts_at": NOW + 400 * DAY}, True, id="far ahead"),
        pytest.param({"status": Status.CANCELLED}, True, id="canceled"),
        pytest.param({"status": Status.FULFILLED}, True, id="made"),
        pytest.param({"status": Status.NOSHOW}, True, id="missed"),
        pytest.param(
            {"status": Status.PROPOSED, "entry_status": EntryStatus.ACCEPTED},
            False,
            id="only offered",
        ),
        pytest.param(
            {"status": Status.CANCELLED, "booked_at": None, "ending": "lapsed"},
            False,
            id="an offer that ended",
        ),
    ],
)
def test_it_shows_what_was_booked_from_90_days_ago_on(patient, fields, shown):
    visit = a_visit(patient, **fields)
    assert (name_of(visit) in events(look(address(patient)).content)) is shown


def test_another_patients_visits_are_nowhere_in_it(patient):
    mine, theirs = a_visit(patient), a_visit(make_patient())
    content = look(address(patient)).content
    assert list(events(content)) == [name_of(mine)]
    assert str(theirs.uid).encode() not in content


def test_it_names_no_therapy_no_diagnosis_and_nobody():
    patient = make_patient(given_name="Quillwort", family_name="Zanderfield")
    technique = make_technique(name="Myofascial release")
    referral = make_referral(
        patient=patient,
        technique=technique,
        provider=make_provider(family_name="Overbrook", department="Rheumatology"),
        reason="Widespread soreness.",
    )
    room = make_room()
    user = make_user(Role.THERAPIST, name="Thessaly Umberton")
    make_appointment(
        entry=make_entry(referral=referral, status=EntryStatus.IN_PROGRESS),
        technique=technique,
        room=room,
        therapist=make_therapist(location=room.location, user=user),
    )

    content = look(address(patient)).content

    (event,) = events(content).values()
    assert event.text("SUMMARY") == "Appointment"
    assert event["CLASS"] == "PRIVATE"
    assert event.text("DESCRIPTION") == "Questions? Call 507-555-0100."
    assert set(event.properties) == {
        *("UID", "SEQUENCE", "DTSTAMP", "DTSTART", "DTEND"),
        *("SUMMARY", "DESCRIPTION", "LOCATION", "STATUS", "CLASS", "ORGANIZER"),
    }
    text = content.replace(b"\r\n ", b"").decode().casefold()
    secrets = ["quillwort", "zanderfield", patient.record_number, patient.user.email]
    secrets += ["thessaly", "umberton", "myofascial", "m79", "fibromyalgia"]
    secrets += ["overbrook", "rheumatology", "soreness", "therap", "massage"]
    assert [one for one in secrets if one.casefold() in text] == []


def test_it_speaks_the_patients_language(patient):
    a_visit(patient)
    User.objects.filter(pk=patient.user_id).update(language="es")
    (event,) = events(look(address(patient)).content).values()
    assert event.text("SUMMARY") == "Cita"


def test_long_words_fold_and_what_ends_a_value_or_a_line_does_no_harm(patient):
    named = [LONG[:100], "Desk; left, then\\right", "Desk\r\nATTENDEE:mailto:x@y.org"]
    for name in named:
        a_visit(patient, room=make_room(name="3", location=make_location(name=name)))

    content = look(address(patient)).content

    found = [event.text("LOCATION") for event in events(content).values()]
    assert found[0] == f"{LONG[:100]}, 3"
    assert found[1] == "Desk; left, then\\right, 3"
    assert [one["LOCATION"] for one in library(content)][:2] == found[:2]
    assert all("ATTENDEE" not in one.properties for one in events(content).values())


def test_a_hundred_visits_cost_no_more_queries_than_one(
    patient, django_assert_num_queries
):
    room = make_room()
    same = {"room": room, "therapist": make_therapist(location=room.location)}
    url = address(patient)
    visit = a_visit(patient, **same)
    look(url)
    with django_assert_num_queries(7):
        look(url)
    for number in range(20):
        start = NOW + (number + 2) * DAY
        make_appointment(
            entry=visit.entry, status=Status.CANCELLED, starts_at=start, **same
        )
    with django_assert_num_queries(7):
        assert len(events(look(url).content)) == 21


def test_a_room_or_place_of_another_name_is_a_newer_state_of_the_event(patient, clock):
    room = make_room(name="Room 2")
    visit, url = a_visit(patient, room=room), address(patient)
    clock["now"] = NOW + HOUR
    before = events(look(url).content)[name_of(visit)]

    said = {"name": "Room 3", "active": True, "techniques": [], "seen": state_of(room)}
    by = make_user(Role.LEAD)
    places.change_room(room=room, **said, by=by, now=NOW + HOUR)

    after = events(look(url).content)[name_of(visit)]
    assert after.text("LOCATION") == "Rochester, Room 3"
    assert after["DTSTAMP"] > before["DTSTAMP"]
    assert after["SEQUENCE"] == before["SEQUENCE"]
    visit.therapist.location.name = "Red Wing"
    visit.therapist.location.updated_at = NOW + 2 * HOUR  # as the admin page does it
    visit.therapist.location.save()
    renamed = events(look(url).content)[name_of(visit)]
    assert renamed.text("LOCATION") == "Red Wing, Room 3"
    assert renamed["DTSTAMP"] > after["DTSTAMP"]


def test_the_stamp_is_when_the_visit_last_changed(patient):
    visit = a_visit(patient, booked_at=NOW - HOUR, offered_at=NOW - 2 * HOUR)
    event = events(look(address(patient)).content)[name_of(visit)]
    assert event.moment("DTSTAMP") == datetime(2026, 10, 14, 14, 0, tzinfo=UTC)
