"""Which times the page of one patient lists: what fits, or what staff choose."""

from __future__ import annotations

from datetime import time

import pytest

from appointments.models import Appointment
from massage_portal.accounts.roles import Role
from tests.appointments.pages import signed_in, url
from tests.factories import (
    DAY,
    NOW,
    TODAY,
    at,
    make_clinic,
    make_entry,
    make_room,
    make_therapist,
    make_user,
)

pytestmark = pytest.mark.django_db
FRIDAY = TODAY + 2 * DAY


@pytest.fixture
def clinic(monkeypatch):
    monkeypatch.setattr("django.utils.timezone.now", lambda: NOW)
    place, [one, other], _ = make_clinic(
        therapists=2, rooms=2, hours=("08:00", "10:00")
    )
    return place, one, other


def listed(entry, **asked):
    """Return the times that the page lists, and the page."""
    browser = signed_in(make_user(Role.SCHEDULER))
    page = browser.get(url("propose", entry.pk), asked)
    assert page.status_code == 200
    return [row["opening"] for row in page.context["rows"]], page


def test_without_a_choice_only_what_fits_is_listed(clinic):
    some, page = listed(make_entry(weekdays="F"))

    assert {one.local_start.weekday() for one in some} == {4}
    assert "Not as the patient asked" not in page.text


def test_a_day_is_chosen_and_what_was_not_asked_for_is_named(clinic):
    some, page = listed(make_entry(weekdays="M"), day=FRIDAY.isoformat())

    assert {one.local_start.date() for one in some} == {FRIDAY}
    assert "Not as the patient asked: another day of the week." in page.text
    assert "Choose this time" in page.text


def test_a_therapist_is_chosen(clinic):
    _, one, other = clinic
    entry = make_entry(therapist=one)

    some, page = listed(entry, therapist=other.pk)

    assert {opening.therapist for opening in some} == {other.pk}
    assert "Not as the patient asked: another therapist." in page.text


def test_more_times_are_pages_of_the_same_list(clinic):
    entry = make_entry()
    first, page = listed(entry)
    second, later = listed(entry, page=2)

    assert len(first) == len(second) == 8
    assert max(first)[:2] < min(second)[:2]
    assert 'rel="next" href="?page=2"' in page.text
    assert 'rel="prev" href="?page=1"' in later.text
    assert 'rel="next"' not in listed(entry, page=500)[1].text


def test_the_page_says_why_it_shows_one_place(clinic):
    place, one, _ = clinic
    away = make_therapist()
    make_room(location=away.location)

    _, by_place = listed(make_entry(location=place))
    _, by_name = listed(make_entry(therapist=one))
    _, by_nothing = listed(make_entry())

    assert f"Only times in {place}: the patient asked for this place." in by_place.text
    assert f"the patient asked for {one}, who works there" in by_name.text
    assert "Only times in" not in by_nothing.text


def test_a_chosen_time_is_given_with_the_tick(clinic):
    entry = make_entry(to_time=time(8, 0))
    browser = signed_in(make_user(Role.SCHEDULER))
    page = url("propose", entry.pk) + f"?day={FRIDAY}"
    [value] = {f"{clinic[1].pk},{at(FRIDAY, '08:00').isoformat()}"}

    assert "opening=" in browser.get(page).text
    assert browser.post(page, {"opening": value, "how": "book"}).status_code == 409
    sent = {"opening": value, "how": "book", "agreed": "on"}
    assert browser.post(page, sent).status_code == 302
    assert Appointment.objects.get().agreed_to == "hours"


@pytest.mark.parametrize("name", ["day", "therapist", "page"])
@pytest.mark.parametrize("odd", ["x", "9" * 30, "\x00", "0", "-1", "2026-13-01"])
def test_an_odd_choice_is_as_if_none_were_made(clinic, name, odd):
    assert len(listed(make_entry(), **{name: odd})[0]) in (0, 8)
