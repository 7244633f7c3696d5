"""The private address of a patient's calendar: made, renewed, ended, and asked."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction
from django.test import Client

from appointments import actions
from appointments.actions.calendar import MOST_LOOKS
from appointments.codes import Ending
from appointments.models import CalendarFeed
from massage_portal.accounts.models import User
from massage_portal.audit.models import AuditEvent
from massage_portal.logs import mask
from tests.appointments.calendars import a_visit, address, look
from tests.factories import HOUR, NOW, make_patient

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def clock(monkeypatch):
    """A clock that the test sets; it stands at NOW."""
    moment = {"now": NOW}
    monkeypatch.setattr("django.utils.timezone.now", lambda: moment["now"])
    return moment


@pytest.fixture
def patient():
    return make_patient()


# --- the address ----------------------------------------------------------------------


def test_a_new_address_ends_the_old_one(patient):
    a_visit(patient)
    old = address(patient)
    new = address(patient)
    assert (look(old).status_code, look(new).status_code) == (404, 200)
    assert CalendarFeed.objects.count() == 1


def test_only_a_fingerprint_of_the_secret_is_kept(patient):
    secret = actions.renew_calendar(by=patient.user, now=NOW)
    assert len(secret) >= 43  # 256 bits
    assert secret not in str(list(CalendarFeed.objects.values_list()))
    assert secret not in str(list(AuditEvent.objects.values_list()))
    refused = pytest.raises(IntegrityError, match="calendar_feed_keeps_no_secret")
    with refused, transaction.atomic():
        CalendarFeed.objects.update(secret_sha256=secret)


def end_by_switch(user):
    actions.end_calendar(by=user, now=NOW)


def end_by_disabling(user):
    User.objects.filter(pk=user.pk).update(is_active=False)


def end_by_role(user):
    user.groups.clear()


@pytest.mark.parametrize("end", [end_by_switch, end_by_disabling, end_by_role])
def test_what_does_not_work_gets_one_answer_whatever_the_reason(patient, end):
    url = address(patient)
    unknown = look("/calendar/unknown.ics")
    end(patient.user)

    answer = look(url)

    assert answer.status_code == unknown.status_code == 404
    assert answer.content == unknown.content
    assert dict(answer.headers) == dict(unknown.headers)
    assert "ETag" not in answer.headers


def test_the_secret_of_a_disabled_account_finds_no_row(patient):
    secret = actions.renew_calendar(by=patient.user, now=NOW)
    assert CalendarFeed.objects.opened_by(secret) == patient.user.calendar_feed
    end_by_disabling(patient.user)
    assert CalendarFeed.objects.opened_by(secret) is None


@pytest.mark.parametrize("token", ["x" * 300, "%00", "é", "..", "'--", "a%0d%0ab"])
def test_odd_addresses_are_unknown_ones(token):
    assert look(f"/calendar/{token}.ics").status_code == 404


def test_a_changed_letter_opens_nothing(patient):
    url = address(patient)
    for place in (10, 25, -6):
        letter = "A" if url[place] != "A" else "B"
        changed = url[:place] + letter + url[place + 1 or None :]
        assert look(changed).status_code == 404


def test_it_can_only_be_read(patient):
    url = address(patient)
    for method in ("post", "put", "patch", "delete"):
        assert getattr(Client(), method)(url).status_code == 405


def test_the_log_does_not_tell_the_address(patient):
    url = address(patient)
    said = mask(None, "info", {"event": f'"GET {url} HTTP/1.1" 200'})
    assert url not in said["event"]
    assert "/calendar/..." in said["event"]
    assert "Disallow: /calendar/" in Client().get("/robots.txt").content.decode()


# --- how it is asked for --------------------------------------------------------------


def test_what_has_not_changed_is_not_sent_again(patient, clock):
    visit, url = a_visit(patient), address(patient)
    first = look(url)
    clock["now"] += 3 * HOUR

    again = look(url, if_none_match=first["ETag"])

    assert (again.status_code, again.content) == (304, b"")
    assert again["ETag"] == first["ETag"]
    user = patient.user
    actions.cancel(appointment=visit, ending=Ending.BY_PATIENT, by=user, now=NOW)
    changed = look(url, if_none_match=first["ETag"])
    assert changed.status_code == 200
    assert changed["ETag"] != first["ETag"]


def test_no_cache_on_the_way_keeps_it_and_no_engine_lists_it(patient):
    url = address(patient)
    first = look(url)
    for answer in (
        first,
        look(url, if_none_match=first["ETag"]),
        look("/calendar/x.ics"),
    ):
        assert answer["Cache-Control"] == "no-store"
        assert answer["X-Robots-Tag"] == "noindex"
        assert not answer.cookies


def test_a_look_leaves_a_trail_once_an_hour(patient, clock):
    url = address(patient)
    seen = AuditEvent.objects.filter(action="calendar.seen_by_link")
    for minutes, rows in [(0, 1), (15, 1), (59, 1), (60, 2), (119, 2), (121, 3)]:
        clock["now"] = NOW + timedelta(minutes=minutes)
        look(url)
        assert seen.count() == rows, minutes
    assert {event.patient_id for event in seen} == {patient.pk}


def test_who_asks_far_too_often_is_told_to_wait(patient, clock):
    url = address(patient)
    CalendarFeed.objects.update(seen_at=NOW, looks=MOST_LOOKS - 1)
    assert look(url).status_code == 200

    tired = look(url)

    assert (tired.status_code, tired["Retry-After"]) == (429, "3600")
    clock["now"] += HOUR
    assert look(url).status_code == 200


# --- the buttons ----------------------------------------------------------------------


def words(answer):
    return answer.content.decode()


def test_a_patient_gets_renews_and_switches_off_their_address(patient, client):
    client.force_login(patient.user)
    begin = words(client.get("/my/"))
    assert "Get a calendar address" in begin
    assert "Switch the address off" not in begin

    shown = words(client.post("/my/calendar/"))

    (url,) = re.findall(r'value="http[^"]*(/calendar/[^"]+\.ics)"', shown)
    assert look(url).status_code == 200
    mine = words(client.get("/my/"))
    assert "Make a new address" in mine
    assert url not in mine
    (new,) = re.findall(
        r'value="http[^"]*(/calendar/[^"]+\.ics)"', words(client.post("/my/calendar/"))
    )
    assert (look(url).status_code, look(new).status_code) == (404, 200)

    off = client.post("/my/calendar/off/", follow=True)

    assert "Your calendar address is switched off." in words(off)
    assert look(new).status_code == 404
    assert client.post("/my/calendar/off/").status_code == 302  # pressed twice
    trail = AuditEvent.objects.filter(actor_id=patient.user_id)
    told = trail.filter(action__startswith="calendar.").order_by("pk")
    assert list(told.values_list("action", flat=True)) == [
        *("calendar.renewed", "calendar.renewed", "calendar.ended"),
    ]


@pytest.mark.parametrize("path", ["/my/calendar/", "/my/calendar/off/"])
def test_a_forged_form_changes_nothing(patient, path):
    url = address(patient)
    client = Client(enforce_csrf_checks=True)
    client.force_login(patient.user)
    assert client.post(path).status_code == 403
    assert client.get(path).status_code == 405
    assert look(url).status_code == 200


def test_the_address_begins_with_the_portals_own_origin(patient, client, settings):
    settings.PORTAL_ORIGIN = "https://portal.example.org"
    client.force_login(patient.user)
    shown = words(client.post("/my/calendar/", headers={"host": "testserver"}))
    assert 'value="https://portal.example.org/calendar/' in shown
