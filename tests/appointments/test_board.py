"""The board is narrowed by its address; nobody's rank changes by that."""

from __future__ import annotations

import re

import pytest
from django.urls import reverse
from django.utils.translation import override

from appointments import actions
from appointments.codes import Ending, Status
from massage_portal.accounts.roles import Role
from tests.factories import (
    DAY,
    NOW,
    make_appointment,
    make_category,
    make_entry,
    make_location,
    make_referral,
    make_technique,
    make_therapist,
    make_user,
)

pytestmark = pytest.mark.django_db
ADDRESS = reverse("appointments:queue")


@pytest.fixture
def board(client, monkeypatch):
    monkeypatch.setattr("django.utils.timezone.now", lambda: NOW)
    client.force_login(make_user(Role.SCHEDULER))
    return client


def ranks(client, **filters):
    """Return who is shown, by key, with the rank beside each."""
    answer = client.get(ADDRESS, filters)
    assert answer.status_code == 200
    return {int(row.key): int(row.rank) for row in answer.context["rows"]}


def test_who_is_left_keeps_the_rank_in_the_whole_line(board):
    urgent = make_category(target_days=3)
    first = make_entry(category=urgent, waited_days=9)
    second = make_entry(waited_days=20, target_days=28)
    third = make_entry(category=urgent, waited_days=1)

    everyone = ranks(board)

    assert set(everyone) == {first.pk, second.pk, third.pk}
    assert sorted(everyone.values()) == [1, 2, 3]
    assert ranks(board, category=urgent.pk) == {
        pk: everyone[pk] for pk in (first.pk, third.pk)
    }


def test_only_those_past_their_target_are_overdue(board):
    late = make_entry(waited_days=29, target_days=28)
    make_entry(waited_days=28, target_days=28)  # on its last day, and not past it
    make_entry(waited_days=3, target_days=28)

    assert set(ranks(board, overdue="on")) == {late.pk}


def test_where_the_therapist_decides_each_technique_may_be_used(board):
    swedish, deep = make_technique(slug="swedish"), make_technique(slug="deep")
    wants, any_one, other = (
        make_entry(referral=make_referral(technique=technique))
        for technique in (swedish, None, deep)
    )

    assert set(ranks(board, technique=swedish.pk)) == {wants.pk, any_one.pk}
    assert set(ranks(board, technique=deep.pk)) == {other.pk, any_one.pk}


def test_who_wants_a_therapist_is_seen_where_that_one_works(board):
    here, there = make_location(), make_location()
    wants = make_entry(therapist=make_therapist(location=here))
    away = make_entry(therapist=make_therapist(location=there))
    near, far = make_entry(location=here), make_entry(location=there)
    anywhere = make_entry()

    assert set(ranks(board, place=here.pk)) == {wants.pk, anywhere.pk, near.pk}
    assert set(ranks(board, place=there.pk)) == {away.pk, anywhere.pk, far.pk}


@pytest.mark.parametrize("value", ["0", "x", "9" * 30, "", "\x00", "1;2"])
@pytest.mark.parametrize("name", ["place", "technique", "category"])
def test_what_is_no_filter_filters_nothing(board, name, value):
    entry = make_entry()

    assert set(ranks(board, **{name: value})) == {entry.pk}


def test_in_spanish_all_of_a_filter_agrees_with_what_it_filters(board):
    with override("es"):
        address = reverse("appointments:queue")
    page = board.get(address).content.decode()

    said = re.findall(r'<select name="(\w+)".*?<option value=""[^>]*>(\w+)<', page)
    every = {"place": "Todos", "technique": "Todas", "category": "Todas"}
    assert dict(said) == every


def test_where_nobody_fits_the_way_back_is_shown(board):
    make_entry(waited_days=1)

    page = board.get(ADDRESS, {"overdue": "on"}).content.decode()

    assert "Nobody fits" in page
    assert "No one is waiting" not in page
    assert f'href="{ADDRESS}"' in page


def test_the_part_that_is_drawn_anew_keeps_the_filters(board):
    late = make_entry(waited_days=90, target_days=28)
    make_entry(waited_days=3, target_days=28)

    part = board.get(ADDRESS, {"overdue": "on"}, headers={"hx-request": "true"})

    assert 'data-hx-get="/queue/?overdue=on"' in part.content.decode()
    assert f'id="entry-{late.pk}"' in part.content.decode()


def test_a_request_whose_referral_is_on_hold_is_not_called_ended(board):
    make_entry(referral=make_referral(status="on-hold"))

    page = board.get(ADDRESS).content.decode()

    assert "referral on hold" in page
    assert "referral ended" not in page


def not_taken(entry, *endings):
    for number, ending in enumerate(endings, start=1):
        make_appointment(
            entry=entry,
            status=Status.CANCELLED,
            ending=ending,
            starts_at=NOW + number * DAY,
        )


def test_two_offers_not_taken_call_for_a_scheduler_and_cost_no_rank(board):
    asked = make_entry(waited_days=20)
    make_entry(waited_days=10)
    before = ranks(board)

    not_taken(asked, Ending.DECLINED, Ending.LAPSED)

    page = board.get(ADDRESS).content.decode()
    assert "call: 2 offers not taken" in page
    assert ranks(board) == before
    assert set(ranks(board, to_call="on")) == {asked.pk}
    assert board.get(ADDRESS).context["around"].to_call == 1


def test_so_many_missed_visits_as_policy_says_are_told_on_the_row(board):
    referral = make_referral(sessions=9)
    waits = make_entry(referral=referral, session=9)
    seen = board.get(ADDRESS).context["digest"]

    def page_with_missed(number):
        entry = make_entry(referral=referral, session=number, status="completed")
        begun = NOW - number * DAY
        make_appointment(entry=entry, status=Status.NOSHOW, starts_at=begun)
        return board.get(ADDRESS)

    assert "missed" not in page_with_missed(1).content.decode()
    page = page_with_missed(2)
    assert "call: 2 visits missed or canceled late" in page.content.decode()
    assert page.context["digest"] != seen
    actions.record_call(entry=waits, by=make_user(Role.SCHEDULER), now=NOW)
    assert "visits missed" not in board.get(ADDRESS).content.decode()


def test_what_the_clinic_itself_took_back_is_not_held_against_anybody(board):
    entry = make_entry()

    not_taken(entry, Ending.WITHDRAWN, Ending.BY_CLINIC, Ending.DECLINED)

    assert ranks(board, to_call="on") == {}
