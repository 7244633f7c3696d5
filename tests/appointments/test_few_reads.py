"""What the page of one patient's free times reads: no more than it draws."""

from __future__ import annotations

import re

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from massage_portal.accounts.roles import Role
from tests.appointments.pages import signed_in, url
from tests.factories import NOW, make_appointment, make_clinic, make_entry, make_user

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def clock(monkeypatch):
    """The views' clock stands at NOW: one day the referrals of the tests are over."""
    monkeypatch.setattr("django.utils.timezone.now", lambda: NOW)


@pytest.fixture
def scheduler():
    return signed_in(make_user(Role.SCHEDULER))


def offered_time(scheduler, entry):
    page = scheduler.get(url("propose", entry.pk)).content.decode()
    return re.search(r'name="opening" value="([^"]+)"', page)[1]


def test_who_comes_too_late_is_told_so_by_few_reads(
    scheduler, django_assert_max_num_queries
):
    make_clinic()
    entries = [make_entry() for _ in range(3)]
    typed = {"opening": offered_time(scheduler, entries[0]), "how": "book"}
    for entry in entries[:2]:  # the second has all read that is read once
        scheduler.post(url("propose", entry.pk), typed)

    with django_assert_max_num_queries(9):  # session, user and trail included
        answer = scheduler.post(url("propose", entries[2].pk), typed)

    assert answer.status_code == 409
    assert len(answer.context["rows"]) >= 3


def test_the_page_of_one_patient_reads_when_that_patient_is_elsewhere_and_no_other(
    scheduler,
):
    make_clinic()
    entry = make_entry()
    make_appointment()

    with CaptureQueriesContext(connection) as sent:
        scheduler.get(url("propose", entry.pk))

    visits = [
        one["sql"]
        for one in sent
        if 'FROM "appointments_appointment" WHERE' in one["sql"]
    ]
    assert all('"entry_id" =' in one or '"patient_id" =' in one for one in visits)
