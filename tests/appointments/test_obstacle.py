"""What was booked before something came in its way is shown to all who treat."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from django.urls import reverse

from appointments.codes import AHEAD, Status
from appointments.models import Appointment
from appointments.obstacle import WORDS, Obstacle, obstacle
from massage_portal.accounts.roles import Role
from referrals.codes import Answer
from referrals.codes import Status as ReferralStatus
from referrals.coverage import Coverage, Limit
from referrals.models import Authorization, Referral, ScreeningAnswer
from referrals.screening import Outcome
from tests.factories import (
    DAY,
    NOW,
    TODAY,
    make_appointment,
    make_entry,
    make_precaution,
    make_referral,
    make_user,
)

FIRST, LAST = date(2026, 1, 5), date(2026, 3, 31)
ENDED = sorted(set(ReferralStatus) - {ReferralStatus.ACTIVE, ReferralStatus.ON_HOLD})


def of(**changes):
    fine = {
        "status": ReferralStatus.ACTIVE,
        "outcome": Outcome.GO_ON,
        "coverage": Coverage(LAST, 4, Limit.REFERRAL),
        "valid_from": FIRST,
        "day": FIRST,
        "visit": 4,
    }
    return obstacle(**fine | changes)


def test_nothing_is_in_the_way_of_the_last_visit_on_the_first_or_last_day():
    assert of() is None
    assert of(day=LAST) is None


@pytest.mark.parametrize("day", [FIRST - timedelta(days=1), LAST + timedelta(days=1)])
def test_a_day_outside_the_coverage_is(day):
    assert of(day=day) == Obstacle.DAY


def test_a_visit_too_many_is():
    assert of(visit=5) == Obstacle.VISIT


def test_a_hold_is_and_a_red_flag_is_worse():
    held = {"status": ReferralStatus.ON_HOLD}
    assert of(**held) == of(**held, outcome=Outcome.CLEARANCE) == Obstacle.ON_HOLD
    assert of(**held, outcome=Outcome.STOP, visit=9) == Obstacle.RED_FLAG


@pytest.mark.parametrize("status", ENDED)
def test_a_referral_that_is_not_in_force_is(status):
    assert of(status=status) == Obstacle.ENDED


def test_each_obstacle_has_words_of_its_own():
    assert len({str(WORDS[one]) for one in Obstacle}) == len(Obstacle)


@pytest.fixture
def visit(db):
    """A visit booked for tomorrow, the second of its referral."""
    referral = make_referral(sessions=4)
    entry = make_entry(referral=referral, session=2, status="in-progress")
    return make_appointment(entry=entry, starts_at=NOW + DAY)


def hold(referral, *, meaning="clearance"):
    precaution = make_precaution(meaning=meaning)
    ScreeningAnswer.objects.create(
        referral=referral,
        precaution=precaution,
        question=precaution.question,
        meaning=meaning,
        version=1,
        answer=Answer.YES,
    )
    Referral.objects.filter(pk=referral.pk).update(status=ReferralStatus.ON_HOLD)


def let_the_insurer_pay_for(referral, *, visits=None, until=None):
    Authorization.objects.create(
        referral=referral,
        number="A-1",
        visits=visits,
        valid_until=until,
        changed_at=NOW,
        changed_by=make_user(Role.STAFF),
    )


CASES = {
    "a red flag": (lambda one: hold(one, meaning="not-now"), Obstacle.RED_FLAG),
    "a hold": (hold, Obstacle.ON_HOLD),
    "fewer visits": (lambda one: let_the_insurer_pay_for(one, visits=1), "visit"),
    "an earlier end": (lambda one: let_the_insurer_pay_for(one, until=TODAY), "day"),
}


@pytest.fixture
def clock(monkeypatch):
    monkeypatch.setattr("django.utils.timezone.now", lambda: NOW)


@pytest.mark.parametrize("case", CASES)
def test_all_who_see_the_visit_are_told(client, clock, visit, case):
    happens, expected = CASES[case]
    referral = visit.entry.referral
    happens(referral)
    words = str(WORDS[Obstacle(expected)])
    staff, scheduler = make_user(Role.STAFF), make_user(Role.SCHEDULER)
    day = (NOW + DAY).date().isoformat()
    pages = [
        (staff, reverse("referrals:referral", args=[referral.pk])),
        (scheduler, reverse("appointments:visit", args=[visit.pk])),
        (visit.therapist.user, reverse("appointments:visit", args=[visit.pk])),
        (visit.therapist.user, reverse("appointments:day") + f"?day={day}"),
    ]
    for who, page in pages:
        client.force_login(who)
        assert words in client.get(page).content.decode(), (who, page)


def test_a_visit_that_may_take_place_is_shown_without_a_word(client, clock, visit):
    client.force_login(make_user(Role.STAFF))

    page = client.get(reverse("referrals:referral", args=[visit.entry.referral_id]))

    assert "must not take place" not in page.content.decode()
    client.force_login(visit.therapist.user)
    page = client.get(reverse("appointments:visit", args=[visit.pk])).content.decode()
    assert not any(str(words) in page for words in WORDS.values())


@pytest.mark.parametrize("status", sorted(set(Status) - set(AHEAD)))
def test_what_is_over_or_only_offered_is_not_judged(visit, status):
    hold(visit.entry.referral)
    visit.status = status

    assert visit.obstacle == ""


def test_a_visit_that_is_over_is_nothing_to_cancel(visit):
    booked = Appointment.objects.booked_ahead

    assert list(booked(visit.entry.referral, now=NOW)) == [visit]
    assert list(booked(visit.entry.referral, now=visit.starts_at)) == []
