"""Nobody waits in silence for a day on which their referral covers no visit."""

from __future__ import annotations

import pytest

from appointments import actions
from appointments.models import WaitlistEntry
from massage_portal.accounts.roles import Role
from referrals.models import Authorization
from tests.appointments.pages import ANSWERS, signed_in, url
from tests.factories import (
    DAY,
    NOW,
    TODAY,
    make_clinic,
    make_entry,
    make_insurer,
    make_referral,
    make_user,
)
from tests.trail import owed

pytestmark = pytest.mark.django_db
LAST = TODAY + 20 * DAY
MARK = "referral ends before their first day"


@pytest.fixture(autouse=True)
def clock(monkeypatch):
    monkeypatch.setattr("django.utils.timezone.now", lambda: NOW)


@pytest.fixture
def referral():
    return make_referral(valid_until=LAST, received_at=NOW - 40 * DAY)


def day(name, day):
    parts = {"month": day.month, "day": day.day, "year": day.year}
    return {f"{name}_{part}": str(number) for part, number in parts.items()}


def is_marked():
    page = signed_in(make_user(Role.SCHEDULER)).get(url("queue"))
    return MARK in page.content.decode()


# --- It is not asked for --------------------------------------------------------------


@pytest.mark.parametrize(("first", "status"), [(LAST, 302), (LAST + DAY, 422)])
def test_who_asks_names_no_first_day_after_the_referral(first, status, referral):
    make_clinic()
    address = url("ask_step", referral.pk, "when")
    filled = ANSWERS["when"] | day("earliest", first)
    page = signed_in(referral.patient.user).post(address, filled)
    assert page.status_code == status
    if status == 422:
        assert "The referral covers visits through" in page.content.decode()


@pytest.mark.parametrize(("first", "status"), [(LAST, 302), (LAST + DAY, 422)])
def test_who_waits_names_no_first_day_after_the_referral(first, status, referral):
    entry = make_entry(referral=referral)
    filled = ANSWERS["when"] | ANSWERS["preferences"] | day("earliest", first)
    page = signed_in(entry.patient.user).post(
        url("change_when", entry.pk), filled | {"version": entry.version}
    )
    assert page.status_code == status


def test_a_planned_day_after_the_referral_keeps_nobody_from_changing_hours(referral):
    entry = make_entry(referral=referral, waited_days=-30, earliest=LAST + 10 * DAY)
    filled = ANSWERS["when"] | ANSWERS["preferences"] | day("earliest", entry.earliest)
    page = signed_in(entry.patient.user).post(
        url("change_when", entry.pk), filled | {"version": entry.version}
    )
    assert page.status_code == 302


def test_once_the_referral_has_ended_any_first_day_can_be_named(referral):
    referral.valid_until = TODAY - DAY
    referral.save()
    entry = make_entry(referral=referral)
    filled = ANSWERS["when"] | ANSWERS["preferences"] | day("earliest", TODAY + DAY)
    page = signed_in(entry.patient.user).post(
        url("change_when", entry.pk), filled | {"version": entry.version}
    )
    assert page.status_code == 302


# --- A plan, or an earlier end, has made it so ----------------------------------------


def test_it_is_seen_by_patient_and_staff(referral):
    entry = make_entry(referral=referral, earliest=LAST + DAY)
    assert list(WaitlistEntry.objects.beyond_cover()) == [entry]
    assert is_marked()
    words = signed_in(entry.patient.user).get(url("standing", entry.pk))
    assert "Your referral covers visits through" in words.content.decode()
    assert "We aim to see you by" not in words.content.decode()
    staff = signed_in(make_user(Role.SCHEDULER))
    told = staff.get(url("caller", entry.patient_id)).content.decode()
    assert "They need a new referral, or an earlier day" in told


def test_the_last_day_of_what_the_insurer_authorized_counts_too(referral):
    referral.insurer = make_insurer(needs_authorization=True)
    referral.save()
    Authorization.objects.create(
        referral=referral,
        number="A-1",
        valid_until=LAST - 2 * DAY,
        changed_at=NOW,
        changed_by=make_user(),
    )
    make_entry(referral=referral, earliest=LAST - DAY)
    assert WaitlistEntry.objects.beyond_cover().exists()
    assert is_marked()


@pytest.mark.parametrize("earliest", [None, LAST])
def test_whoever_can_come_while_it_covers_visits_is_not_marked(earliest, referral):
    make_entry(referral=referral, earliest=earliest)
    assert not WaitlistEntry.objects.beyond_cover().exists()
    assert not is_marked()


def test_nobody_of_them_reads_that_times_are_short(referral):
    entry = make_entry(referral=referral, waited_days=40, earliest=LAST + DAY)
    assert actions.tell_of_waits(now=NOW) == 0
    assert owed(entry) == []
