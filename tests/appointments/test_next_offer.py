"""Next to offer: however long the line, only its first few hundred are asked about."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.urls import reverse

from appointments.models import Policy, Supply, supply
from massage_portal.accounts.roles import Role
from tests.appointments.pages import signed_in
from tests.factories import (
    NOW,
    TODAY,
    make_clinic,
    make_entry,
    make_referral,
    make_user,
)

pytestmark = pytest.mark.django_db
NEVER = {"weekdays": "M", "latest": TODAY + timedelta(days=2)}  # no Monday among them


@pytest.fixture
def three_asked(monkeypatch):
    """Two are the front; three are asked about."""
    monkeypatch.setattr("django.utils.timezone.now", lambda: NOW)
    monkeypatch.setattr(supply, "BATCH", 2)
    monkeypatch.setattr(supply, "MOST_ASKED", 3)
    monkeypatch.setattr("appointments.views.queue.MOST_ASKED", 3)
    make_clinic()
    plan = make_referral(sessions=60)
    for session in range(1, 3):
        make_entry(referral=plan, session=session, waited_days=50, **NEVER)
    return plan


def proposed():
    policy = Policy.objects.in_force(NOW)
    proposal = Supply.ahead(now=NOW, policy=policy).next_proposal()
    return proposal and proposal.entry


def part():
    address = reverse("appointments:next_offer")
    browser = signed_in(make_user(Role.SCHEDULER))
    return browser.get(address, headers={"HX-Request": "true"}).text


def test_the_last_of_those_asked_about_is_found(three_asked):
    third = make_entry(waited_days=1)
    make_entry(waited_days=0)

    assert proposed() == third
    assert "None of the first" not in part()


def test_beyond_them_nobody_is_asked_and_the_page_says_so(three_asked):
    make_entry(referral=three_asked, session=3, waited_days=50, **NEVER)
    assert "Nobody who waits can use any of the free times." in part()
    make_entry(waited_days=1)

    assert proposed() is None
    said = part()
    assert "None of the first 3 in line can use any of the free times." in said
    assert f'href="{reverse("appointments:drafts")}"' in said


def test_who_gets_a_freed_time_is_asked_of_the_whole_line(three_asked):
    make_entry(referral=three_asked, session=3, waited_days=50, **NEVER)
    last = make_entry(waited_days=1)
    policy = Policy.objects.in_force(NOW)
    found = Supply.ahead(now=NOW, policy=policy)
    opening = found.for_entry(last)[0]

    offers = found.first_in_line_for(
        therapist=opening.therapist, starts_at=opening.starts_at
    )

    assert [one.entry for one in offers] == [last]
