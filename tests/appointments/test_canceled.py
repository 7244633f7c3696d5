"""The list of canceled visits: by whom, when, and who had the time then."""

from __future__ import annotations

import csv
import io

import pytest

from appointments.codes import Ending, EntryStatus, Status
from massage_portal.accounts.roles import Role
from massage_portal.audit.models import AuditEvent
from tests.appointments.pages import signed_in, url
from tests.factories import DAY, HOUR, NOW, make_appointment, make_entry, make_user

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def clock(monkeypatch):
    monkeypatch.setattr("django.utils.timezone.now", lambda: NOW)


@pytest.fixture
def browser():
    return signed_in(make_user(Role.SCHEDULER))


def canceled(ending=Ending.BY_PATIENT, *, ago=2, **fields):
    """Return a visit that was booked, and canceled so many days ago."""
    entry = make_entry(status=EntryStatus.ACCEPTED)
    made = make_appointment(
        entry=entry, status=Status.CANCELLED, booked_at=NOW - 90 * DAY, **fields
    )
    made.ending, made.ended_at = ending, NOW - ago * DAY
    made.save(update_fields=["ending", "ended_at"])
    return made


def shown(browser, **asked):
    page = browser.get(url("canceled"), asked)
    assert page.status_code == 200
    return [one.pk for one in page.context["page"]]


def test_it_lists_whom_a_visit_was_canceled_for_the_newest_first(browser):
    older, newer = canceled(ago=5), canceled(Ending.BY_CLINIC)
    canceled(Ending.MOVED)
    make_appointment(status=Status.PROPOSED)

    assert shown(browser) == [newer.pk, older.pk]
    seen = AuditEvent.objects.filter(action="appointment.listed")
    assert sorted(seen.values_list("record_id", flat=True)) == sorted(
        [str(newer.pk), str(older.pk)]
    )


def test_it_is_narrowed_by_period_and_by_who_canceled(browser):
    recent, long_ago = canceled(ago=3), canceled(ago=40)
    clinic = canceled(Ending.BY_CLINIC)

    assert shown(browser, period="7", who="pat") == [recent.pk]
    assert shown(browser, who="prov") == [clinic.pk]
    assert long_ago.pk in shown(browser, period="90")


def test_it_says_whether_somebody_else_had_the_time(browser):
    given, left = canceled(), canceled(ago=3)
    make_appointment(
        therapist=given.therapist,
        room=given.room,
        starts_at=given.starts_at,
        booked_at=NOW - HOUR,
    )

    assert shown(browser, refilled="yes") == [given.pk]
    assert shown(browser, refilled="no") == [left.pk]
    html = browser.get(url("canceled")).text
    assert "Given to somebody else on" in html
    assert "Not given" in html


def test_the_file_has_what_the_list_has_and_no_name(browser):
    visit = canceled()

    answer = browser.get(url("canceled_file"), {"who": "pat"})

    heads, row = csv.reader(io.StringIO(answer.content.decode("utf-8-sig")))
    assert heads[0] == "Patient"
    assert row[0] == visit.patient.record_number
    assert visit.patient.family_name not in answer.text
    assert row[3:] == ["The patient canceled", row[4], "no", ""]


@pytest.mark.parametrize("odd", ["x", "9" * 30, "\x00", "7;1"])
@pytest.mark.parametrize("name", ["period", "who", "refilled", "page"])
def test_an_odd_address_narrows_nothing(browser, name, odd):
    visit = canceled()

    assert shown(browser, **{name: odd}) == [visit.pk]


def test_reading_takes_as_many_queries_however_many_there_are(
    browser, django_assert_max_num_queries
):
    for _ in range(5):
        canceled()

    with django_assert_max_num_queries(15):
        assert len(shown(browser)) == 5
