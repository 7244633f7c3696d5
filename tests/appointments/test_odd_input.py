"""What no page of appointments takes, and none breaks on."""

from __future__ import annotations

import re

import pytest

from appointments.codes import Status
from appointments.models import Appointment, WaitlistEntry
from massage_portal.accounts.roles import Role
from tests.appointments.pages import ANSWERS, TAKING, decision, signed_in, url
from tests.factories import (
    DAY,
    NOW,
    make_appointment,
    make_clinic,
    make_entry,
    make_referral,
    make_request,
    make_user,
)
from tests.typed import NEVER_TAKEN, ODD, assert_refused_at, assert_safe

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def clock(monkeypatch):
    """The views' clock stands at NOW, at which the rows are made."""
    monkeypatch.setattr("django.utils.timezone.now", lambda: NOW)


@pytest.fixture
def scheduler():
    """A browser in which a scheduler is signed in."""
    return signed_in(make_user(Role.SCHEDULER))


@pytest.mark.parametrize("what", ODD)
@pytest.mark.parametrize("field", ["words", "version", "category", "decision"])
def test_no_odd_text_breaks_triage(scheduler, field, what):
    entry = make_request()
    typed = decision(entry, **{"decision": "ask", "words": "Why?", field: ODD[what]})

    answer = scheduler.post(url("triage", entry.pk), typed)

    assert_safe(answer)
    if field == "words" and what in NEVER_TAKEN:
        assert_refused_at(answer, field, ODD[what])
    else:
        assert answer.status_code in (302, 422)
    assert_safe(scheduler.get(url("triage", entry.pk)))
    assert_safe(signed_in(entry.patient.user).get(url("standing", entry.pk)))


@pytest.mark.parametrize("what", ODD)
def test_no_odd_text_breaks_a_patients_answer(what):
    entry = make_request()
    WaitlistEntry.objects.filter(pk=entry.pk).update(status="on-hold", note="Why?")
    patient = signed_in(entry.patient.user)

    answer = patient.post(url("standing", entry.pk), {"words": ODD[what]})

    if what in NEVER_TAKEN:
        assert_refused_at(answer, "words", ODD[what])
    else:
        assert answer.status_code == 302
        scheduler = signed_in(make_user(Role.SCHEDULER))
        assert_safe(scheduler.get(url("triage", entry.pk)))


FIELDS = [(step, field) for step in TAKING for field in ANSWERS[step]]


FIELDS += [("when", "earliest_month"), ("when", "latest_year")]


@pytest.mark.parametrize("what", ODD)
@pytest.mark.parametrize(("step", "field"), FIELDS)
def test_no_odd_answer_breaks_a_question(step, field, what):
    referral = make_referral()
    patient = signed_in(referral.patient.user)
    for earlier in TAKING[: TAKING.index(step)]:
        patient.post(url("ask_step", referral.pk, earlier), ANSWERS[earlier])

    answer = patient.post(
        url("ask_step", referral.pk, step), ANSWERS[step] | {field: ODD[what]}
    )

    assert_safe(answer)
    assert answer.status_code == 422
    name = field.partition("_month")[0].partition("_year")[0]
    assert f'id="id_{name}_error"' in answer.content.decode()


def offered_time(scheduler, entry):
    page = scheduler.get(url("propose", entry.pk)).content.decode()
    return re.search(r'name="opening" value="([^"]+)"', page)[1]


@pytest.mark.parametrize("what", [*ODD, "nothing"])
@pytest.mark.parametrize("field", ["opening", "how"])
def test_no_odd_choice_breaks_the_page_of_times(scheduler, field, what):
    make_clinic()
    entry = make_entry()
    typed = {"opening": offered_time(scheduler, entry), "how": "offer"}

    answer = scheduler.post(
        url("propose", entry.pk), typed | {field: ODD.get(what, "")}
    )

    assert "Choose one of the times shown" in assert_safe(answer)
    assert answer.status_code == 422
    assert not Appointment.objects.exists()


@pytest.mark.parametrize(
    "opening", ["1", "1,", ",", "1,2026-99-99", "²,2026-10-15T09:00:00Z", "9" * 59]
)
def test_no_half_of_a_time_is_taken_for_one(scheduler, opening):
    make_clinic()
    entry = make_entry()

    answer = scheduler.post(
        url("propose", entry.pk), {"opening": opening, "how": "offer"}
    )

    assert answer.status_code in (409, 422)
    assert not Appointment.objects.exists()


@pytest.mark.parametrize("what", [*ODD, "nothing"])
def test_no_odd_outcome_of_a_visit_is_recorded(scheduler, what):
    visit = make_appointment(starts_at=NOW - DAY)

    answer = scheduler.post(url("visit", visit.pk), {"outcome": ODD.get(what, "")})

    visit.refresh_from_db()
    assert_safe(answer)
    assert answer.status_code == 422
    assert visit.status == Status.BOOKED


@pytest.mark.parametrize(
    "query",
    [
        "day=x",
        "day=%00",
        "day=9999-99-99",
        "day=0001-01-01",
        "day=" + "9" * 5000,
        "therapist=²",
        "therapist=-1",
        "therapist=" + "9" * 30,
    ],
)
def test_no_odd_day_or_therapist_breaks_the_day(scheduler, query):
    make_appointment()

    assert_safe(scheduler.get(f"/day/?{query}"))


@pytest.mark.parametrize("query", ["page=x", "page=-1", "page=99999", "entry=%00"])
def test_no_odd_page_breaks_the_queue(scheduler, query):
    make_entry()

    assert_safe(scheduler.get(f"/queue/?{query}"))


def test_an_empty_answer_is_refused_and_the_question_stays():
    entry = make_request()
    WaitlistEntry.objects.filter(pk=entry.pk).update(status="on-hold", note="Why?")

    answer = signed_in(entry.patient.user).post(url("standing", entry.pk), {})

    assert answer.status_code == 422
    assert 'id="id_words_error"' in answer.content.decode()
    assert "Why?" in answer.content.decode()


@pytest.mark.parametrize("step", ["when", "pain", "daily-life"])
def test_an_empty_question_says_what_is_missing(step):
    referral = make_referral()
    patient = signed_in(referral.patient.user)
    for earlier in TAKING[: TAKING.index(step)]:
        patient.post(url("ask_step", referral.pk, earlier), ANSWERS[earlier])

    answer = patient.post(url("ask_step", referral.pk, step), {})

    assert answer.status_code == 422
    assert 'class="error-summary"' in answer.content.decode()
