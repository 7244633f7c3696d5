"""A visit of which nobody has said how it went does not stop its plan in silence."""

from __future__ import annotations

from datetime import timedelta

import pytest

from appointments.codes import EntryStatus, Status
from massage_portal.accounts.roles import Role
from massage_portal.audit.models import AuditEvent
from tests.appointments.pages import signed_in, url
from tests.factories import (
    DAY,
    NOW,
    TODAY,
    make_appointment,
    make_entry,
    make_therapist,
    make_user,
)

pytestmark = pytest.mark.django_db
SAID = "Nobody has said how these visits of earlier days went"


@pytest.fixture(autouse=True)
def clock(monkeypatch):
    monkeypatch.setattr("django.utils.timezone.now", lambda: NOW)


@pytest.fixture
def scheduler():
    return signed_in(make_user(Role.SCHEDULER))


def day(browser, **asked):
    return browser.get(url("day"), asked).content.decode()


def yesterdays(status=Status.BOOKED, **fields):
    return make_appointment(status=status, **{"starts_at": NOW - DAY} | fields)


@pytest.mark.parametrize("status", [Status.BOOKED, Status.ARRIVED, Status.CHECKED_IN])
def test_the_day_lists_it_until_it_is_recorded(status, scheduler):
    visit = yesterdays(status, entry=make_entry(status=EntryStatus.IN_PROGRESS))
    page = day(scheduler)
    assert SAID in page
    assert url("visit", visit.pk) in page
    scheduler.post(url("visit", visit.pk), {"outcome": "fulfilled"})
    assert SAID not in day(scheduler)


@pytest.mark.parametrize(
    "status", [Status.FULFILLED, Status.NOSHOW, Status.CANCELLED, Status.PROPOSED]
)
def test_what_is_over_is_not_listed(status, scheduler):
    yesterdays(status)
    assert SAID not in day(scheduler)


@pytest.mark.parametrize("ago", [timedelta(0), -DAY, 91 * DAY])
def test_neither_is_what_is_not_of_an_earlier_day_nor_what_is_long_ago(ago, scheduler):
    yesterdays(starts_at=NOW - ago)
    assert SAID not in day(scheduler)


def test_it_stands_on_the_page_of_today_alone(scheduler):
    yesterdays()
    assert SAID not in day(scheduler, day=str(TODAY - DAY))
    assert SAID not in day(scheduler, day=str(TODAY + DAY))


def test_a_therapist_sees_their_own_alone(scheduler):
    own, other = make_therapist(), make_therapist()
    mine, theirs = yesterdays(therapist=own), yesterdays(therapist=other)
    for page in (day(signed_in(own.user)), day(scheduler, therapist=own.pk)):
        assert url("visit", mine.pk) in page
        assert url("visit", theirs.pk) not in page


def test_each_that_is_listed_leaves_a_row(scheduler):
    visit = yesterdays()
    day(scheduler)
    seen = AuditEvent.objects.filter(action="appointment.seen")
    assert seen.get().record_id == str(visit.pk)


@pytest.mark.parametrize(
    ("number", "said"),
    [(25, None), (26, "And 1 more: it appears"), (27, "And 2 more: they appear")],
)
def test_it_says_how_many_more_there_are(number, said, scheduler):
    therapist = make_therapist()
    for hours in range(number):
        yesterdays(therapist=therapist, starts_at=NOW - DAY * 3 - hours * DAY)
    page = day(scheduler)
    assert said in page if said else "more:" not in page


def test_it_stands_on_the_first_page_alone(scheduler, monkeypatch):
    monkeypatch.setattr("appointments.views.day.ROWS", 1)
    therapist = make_therapist()
    for hours in (1, 3):
        make_appointment(therapist=therapist, starts_at=NOW + timedelta(hours=hours))
    yesterdays(therapist=therapist)
    assert SAID in day(scheduler)
    assert SAID in day(scheduler, page=1)
    assert SAID not in day(scheduler, page=2)
