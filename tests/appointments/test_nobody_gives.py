"""A certificate ends, and nobody is left who may give what a referral names."""

from __future__ import annotations

import pytest

from appointments import actions
from appointments.models import WaitlistEntry
from massage_portal.accounts.roles import Role
from tests.appointments.pages import signed_in, url
from tests.factories import (
    DAY,
    NOW,
    TODAY,
    certify,
    make_clinic,
    make_entry,
    make_location,
    make_referral,
    make_technique,
    make_therapist,
    make_user,
)
from tests.trail import owed

pytestmark = pytest.mark.django_db
MARK = "no certified therapist"


@pytest.fixture(autouse=True)
def clock(monkeypatch):
    monkeypatch.setattr("django.utils.timezone.now", lambda: NOW)


@pytest.fixture
def technique():
    return make_technique()


def waits_for(technique, **fields):
    received_at = NOW - 40 * DAY
    referral = make_referral(technique=technique, received_at=received_at)
    return make_entry(referral=referral, waited_days=40, **fields)


def nobody_gives():
    return list(WaitlistEntry.objects.nobody_gives(NOW).order_by("pk"))


def is_marked():
    page = signed_in(make_user(Role.SCHEDULER)).get(url("queue"))
    return MARK in page.content.decode()


NOT_ANY_MORE = {
    "nobody": lambda technique: {},
    "ended yesterday": lambda technique: {
        "until": certify(make_therapist(), technique, TODAY - DAY)
    },
    "left": lambda technique: {
        "left": certify(make_therapist(active=False), technique)
    },
    "place closed": lambda technique: {
        "shut": certify(
            make_therapist(location=make_location(gives_massage=False)), technique
        )
    },
}


@pytest.mark.parametrize("why", NOT_ANY_MORE)
def test_whoever_waits_for_what_nobody_may_give_is_seen_by_staff(why, technique):
    NOT_ANY_MORE[why](technique)
    entry = waits_for(technique)
    assert nobody_gives() == [entry]
    assert is_marked()


@pytest.mark.parametrize("until", [None, TODAY, TODAY + DAY])
def test_a_certificate_counts_its_last_day_included(until, technique):
    certify(make_therapist(), technique, TODAY - DAY)
    certify(make_therapist(), technique, until)
    waits_for(technique)
    assert nobody_gives() == []
    assert not is_marked()


def test_whoever_leaves_the_kind_to_the_therapist_waits_for_no_certificate():
    waits_for(None)
    assert nobody_gives() == []
    assert not is_marked()


def test_of_the_therapist_and_the_place_that_they_asked_for_alone(technique):
    able, other = make_therapist(), make_therapist()
    certify(able, technique)
    waits_for(technique, therapist=able)
    waits_for(technique, location=able.location)
    assert nobody_gives() == []
    theirs = waits_for(technique, therapist=other)
    there = waits_for(technique, location=make_location())
    assert nobody_gives() == [theirs, there]
    assert is_marked()


def test_nobody_of_them_reads_that_times_are_short(technique):
    entry = waits_for(technique)
    assert actions.tell_of_waits(now=NOW) == 0
    assert owed(entry) == []
    certify(make_therapist(), technique)
    assert actions.tell_of_waits(now=NOW) == 1


def standing(entry):
    page = signed_in(entry.patient.user).get(url("standing", entry.pk))
    return page.content.decode()


def test_the_patient_reads_no_date_that_cannot_be_kept(technique):
    entry = waits_for(technique)
    words = standing(entry)
    assert "none of the therapists you would see" in words
    for promise in ("We aim to see you by", "How long it may take"):
        assert promise not in words
    certify(make_therapist(), technique)
    words = standing(entry)
    assert "none of the therapists you would see" not in words
    for promise in ("We aim to see you by", "How long it may take"):
        assert promise in words


def test_staff_who_tell_the_patient_read_why(technique):
    entry = waits_for(technique)
    page = signed_in(make_user(Role.SCHEDULER)).get(url("caller", entry.patient_id))
    words = page.content.decode()
    assert "None of the therapists they would see is certified" in words
    assert "How long it may take" not in words


def test_a_technique_kept_of_a_visit_that_was_not_to_be_counts(technique):
    make_clinic()
    entry = waits_for(None, kept_technique=technique, kept_minutes=50)
    assert nobody_gives() == [entry]
    assert is_marked()
    page = signed_in(make_user(Role.SCHEDULER)).get(url("propose", entry.pk))
    assert f"is certified for {technique}" in page.content.decode()


def test_a_technique_that_is_kept_no_more_does_not(technique):
    technique.active = False
    technique.save()
    waits_for(None, kept_technique=technique, kept_minutes=50)
    named = make_technique()
    certify(make_therapist(), named)
    waits_for(named, kept_technique=technique, kept_minutes=50)
    assert nobody_gives() == []
    assert not is_marked()


def test_the_page_that_finds_no_time_says_why(technique):
    make_clinic()
    entry = waits_for(technique)
    page = signed_in(make_user(Role.SCHEDULER)).get(url("propose", entry.pk))
    assert f"is certified for {technique}" in page.content.decode()
