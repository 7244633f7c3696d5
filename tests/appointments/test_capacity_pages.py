"""The pages of capacity: read, fill in, see whom it hits, go on."""

from __future__ import annotations

import re
from datetime import date, time

import pytest

from appointments.codes import EntryStatus, Status
from appointments.forms.hours import Clock
from appointments.models import Closure, HolidayCalendar, Room, TimeOff
from massage_portal.accounts.roles import Role
from massage_portal.audit.models import AuditEvent
from tests.appointments.pages import signed_in, url
from tests.factories import (
    DAY,
    HOUR,
    NOW,
    TODAY,
    at,
    make_appointment,
    make_clinic,
    make_entry,
    make_policy,
    make_technique,
    make_user,
)

pytestmark = pytest.mark.django_db
WHOLE_DAY = ("08:00", "20:00")


@pytest.fixture(autouse=True)
def clock(monkeypatch):
    monkeypatch.setattr("django.utils.timezone.now", lambda: NOW)


@pytest.fixture
def lead():
    return signed_in(make_user(Role.LEAD))


def parts(name, day):
    return {f"{name}_{part}": getattr(day, part) for part in ("month", "day", "year")}


def hidden(answer):
    """Return what the form of a page would send, boxes left as they are."""
    html = answer.content.decode()
    found = {}
    for tag in re.findall(r'<input type="hidden"[^>]*>', html):
        name = re.search(r'name="([^"]+)"', tag)[1]
        found[name] = re.search(r'value="([^"]*)"', tag)[1]
    found.pop("csrfmiddlewaretoken", None)
    return found


def ill():
    return parts("until_day", TODAY) | {"reason": "Away"}


def a_full_day(number=3):
    _, [therapist], [room] = make_clinic(hours=WHOLE_DAY)
    visits = [
        make_appointment(therapist=therapist, room=room, starts_at=NOW + n * HOUR)
        for n in range(1, number + 1)
    ]
    offer = make_appointment(
        therapist=therapist,
        room=room,
        starts_at=NOW + (number + 1) * HOUR,
        entry=make_entry(),
        status=Status.PROPOSED,
    )
    return therapist, visits, offer


def test_falling_ill_is_one_form_one_list_and_one_button(lead):
    therapist, visits, offer = a_full_day()
    page = url("add_to_therapist", therapist.pk, "time-off")

    listed = lead.post(page, ill())

    html = listed.content.decode()
    assert listed.status_code == 200
    assert not TimeOff.objects.exists()
    for one in [*visits, offer]:
        assert one.patient.family_name in html
        assert str(one.entry.category) in html
    seen = AuditEvent.objects.filter(action="appointment.listed")
    assert seen.count() == 4
    sent = hidden(listed) | {"keep": [visits[0].pk]}
    answer = lead.post(page, sent)
    assert answer["Location"] == url("to_rearrange")
    assert "Visits canceled: 2" in lead.get(answer["Location"]).content.decode()
    states = [one.status for one in [*visits, offer] if not one.refresh_from_db()]
    assert states == ["booked", "cancelled", "cancelled", "cancelled"]
    visits[1].entry.refresh_from_db()
    assert visits[1].entry.status == EntryStatus.ACCEPTED
    assert lead.post(page, sent).status_code == 302  # pressed twice
    assert TimeOff.objects.get().ends_at == at(TODAY + DAY, "00:00")
    for name, args in [("day", []), ("visit", [visits[0].pk])]:
        assert "off then" in lead.get(url(name, *args)).content.decode()


def test_a_stale_list_is_told_and_shown_anew_with_what_was_chosen(lead):
    therapist, visits, _offer = a_full_day()
    page = url("add_to_therapist", therapist.pk, "time-off")
    sent = hidden(lead.post(page, ill())) | {"keep": [visits[0].pk]}
    new = make_appointment(
        therapist=therapist, room=visits[0].room, starts_at=NOW + 6 * HOUR
    )

    answer = lead.post(page, sent)

    html = answer.content.decode()
    assert answer.status_code == 409
    assert "meanwhile" in html
    assert new.patient.family_name in html
    assert f'id="keep-{visits[0].pk}" checked' in html
    assert not TimeOff.objects.exists()


@pytest.mark.parametrize(
    ("kind", "sent", "words"),
    [
        ("time-off", {}, "Enter a date"),
        ("time-off", {"from_time": "9", **ill()}, "the day on which they go off"),
        ("time-off", parts("until_day", TODAY - DAY), "later than now"),
        ("hours", {"starts": "12:00", "ends": "8:00", "weekday": "1"}, "is later than"),
        ("hours", {"starts": "25:00", "ends": "x" * 9000}, "2:30 p.m. or 14:30"),
        ("extra", parts("day", date(2101, 1, 1)), "not after"),
        ("certificate", {"technique": "9999999"}, "Choose one of the answers"),
    ],
)
def test_a_fault_stands_beside_its_field_and_what_was_typed_stays(
    lead, kind, sent, words
):
    _, [therapist], _ = make_clinic()

    answer = lead.post(url("add_to_therapist", therapist.pk, kind), sent)

    html = answer.content.decode()
    assert answer.status_code in (409, 422)
    assert words in html
    for value in sent.values():
        assert f'value="{value}"' in html or kind == "certificate" or value == "1"


@pytest.mark.parametrize("typed", ["8:30", "08.30", "8:30 a.m.", "8:30AM"])
def test_a_time_may_be_typed_as_the_pages_say_it(typed):
    assert Clock().clean(typed) == time(8, 30)


def test_hours_are_changed_and_ended_and_the_second_of_two_people_is_told(lead):
    _, [therapist], _ = make_clinic(days=[4])
    row = therapist.working_hours.get()
    change = url("change_capacity", "hours", row.pk, "change")
    end = url("change_capacity", "hours", row.pk, "end")
    stale = hidden(lead.get(end))
    shown = lead.get(change)
    assert b'value="08:00"' in shown.content
    sent = hidden(shown) | {"starts": "7", "ends": "11:00"}
    assert lead.post(change, sent | parts("first_day", TODAY + DAY)).status_code == 302

    answer = lead.post(end, stale | parts("last_day", TODAY + 9 * DAY))

    assert answer.status_code == 409
    assert b"Somebody changed this a moment ago" in answer.content
    again = hidden(answer)
    answer = lead.post(end, again | parts("last_day", TODAY - DAY))
    assert answer.status_code == 302
    values = therapist.working_hours.order_by("valid_from").values_list(
        "starts", "valid_until"
    )
    assert list(values) == [(time(8), TODAY - DAY), (time(7), None)]


def test_a_place_has_rooms_closures_and_holidays_that_can_be_worked(lead):
    place, _, [room] = make_clinic()
    technique = make_technique()
    at_place = url("place_hours", place.pk)
    closed = parts("first_day", TODAY + DAY) | parts("last_day", TODAY + 2 * DAY)
    closed |= {"reason": "Painting"}
    us = {"country": "us", "subdivision": "mn"}

    for kind, sent in [("closure", closed), ("holidays", us)]:
        answer = lead.post(url("add_to_place", place.pk, kind), sent)
        assert answer["Location"] == at_place
    wrong = lead.post(url("add_to_place", place.pk, "holidays"), us | {"country": "zz"})
    assert wrong.status_code == 422
    html = lead.get(at_place).content.decode()
    assert "Painting" in html
    assert "Thanksgiving" in html
    holiday = url("add_to_place", place.pk, "holiday")
    shown = lead.get(holiday, {"day": "2026-11-26"})
    lead.post(holiday, hidden(shown) | {"worked": "yes"})
    for day, status in [("2026-11-25", 409), ("9999-12-31", 422), ("x", 422)]:
        answer = lead.post(holiday, {"day": day, "worked": "yes"})
        assert answer.status_code == status
    assert date(2026, 11, 26) not in HolidayCalendar.objects.get().between(
        TODAY, TODAY + 60 * DAY
    )
    change = url("change_capacity", "room", room.pk, "change")
    sent = hidden(lead.get(change)) | {"name": "North", "techniques": [technique.pk]}
    assert lead.post(change, sent).status_code == 302
    room.refresh_from_db()
    assert (room.name, room.active) == ("North", False)
    assert list(room.techniques.all()) == [technique]
    closure = Closure.objects.get()
    end = url("change_capacity", "closure", closure.pk, "end")
    sent = hidden(lead.get(end))
    for _pressed_twice in range(2):
        assert lead.post(end, sent).status_code == 302
    assert not Closure.objects.exists()
    assert not Room.objects.filter(active=True).exists()
    assert lead.get(end).status_code == 404


def test_the_list_shows_who_is_off_and_whose_certificate_ends(lead):
    technique = make_technique(name="Swedish")
    _, [therapist], _ = make_clinic(techniques=[technique], days=[0])
    therapist.certifications.update(valid_until=TODAY + 9 * DAY)
    therapist.time_off.create(starts_at=NOW + DAY, ends_at=NOW + 2 * DAY, reason="Away")
    first, after = (at(TODAY + days * DAY, "00:00") for days in (5, 7))
    therapist.time_off.create(starts_at=first, ends_at=after)
    make_policy()

    html = lead.get(url("capacity")).content.decode()
    own = lead.get(url("therapist_hours", therapist.pk)).content.decode()

    for words in ["Monday 8 a.m.", "Swedish, Oct. 23, 2026", "Oct 15, 10 a.m."]:
        assert words in html
    assert "Oct 19 – Oct 20\n" in html  # noqa: RUF001 - whole days, without midnights
    for words in ["ends soon", "Away", "Monday", "Tue, Oct 20, 2026<"]:
        assert words in own


@pytest.mark.parametrize("path", ["therapists/{}/nothing", "places/{}/hours"])
def test_a_kind_that_does_not_exist_is_not_found(lead, path):
    place, [therapist], _ = make_clinic()
    key = therapist.pk if "therapists" in path else place.pk

    assert lead.get(f"/capacity/{path.format(key)}/").status_code == 404
    assert lead.get(f"/capacity/hours/{10**15}/end/").status_code == 404
    assert lead.get(f"/capacity/hours/{10**25}/end/").status_code == 404


def test_the_page_says_what_ends_and_odd_boxes_are_as_if_not_there(lead):
    therapist, visits, _offer = a_full_day()
    row = therapist.working_hours.first()
    page = url("change_capacity", "hours", row.pk, "end")

    html = lead.get(page).content.decode()

    assert f"{row.get_weekday_display()}, 8 a.m.\N{EN DASH}8 p.m." in html
    page = url("change_capacity", "therapist", therapist.pk, "change")
    sent = hidden(lead.get(page)) | {"active": "no"}
    listed = lead.post(page, sent)
    assert "gives no massage any more" in listed.content.decode()
    keep = [visits[0].pk, "9" * 5000, "x"]
    assert lead.post(page, hidden(listed) | {"keep": keep}).status_code == 302
    therapist.refresh_from_db()
    assert not therapist.active
    week = lead.get(url("clinic_week") + f"?day={TODAY}").content.decode()
    assert visits[0].patient.family_name in week
