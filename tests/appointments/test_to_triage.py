"""The requests to triage are a working list: ordered, paged, filtered, announced."""

from __future__ import annotations

import pytest
from django.urls import reverse

from appointments import actions
from appointments.codes import EntryStatus, RoleThreat
from massage_portal.accounts.roles import Role
from referrals.codes import Priority
from tests.factories import (
    HOUR,
    NOW,
    make_category,
    make_entry,
    make_location,
    make_patient,
    make_referral,
    make_request,
    make_technique,
    make_therapist,
    make_user,
)

pytestmark = pytest.mark.django_db
ADDRESS = reverse("appointments:queue")
CHANGED = reverse("appointments:line_changed")
BAD = actions.NeedAnswers(9, 9, 9, RoleThreat.NOW, 9)


@pytest.fixture
def board(client, monkeypatch):
    monkeypatch.setattr("django.utils.timezone.now", lambda: NOW)
    client.force_login(make_user(Role.SCHEDULER))
    return client


def asked(client, **address):
    """Return the keys of the requests on one page, in their order."""
    answer = client.get(ADDRESS, address)
    return [int(one.key) for one in answer.context["to_triage"]]


def of_priority(priority, *, days):
    return make_request(referral=make_referral(priority=priority), waited_days=days)


def grow_worse(entry):
    now = NOW + HOUR
    actions.report_need(entry=entry, need=BAD, by=entry.patient.user, now=now)


def test_what_the_provider_calls_most_pressing_stands_first_then_the_oldest(board):
    routine = of_priority(Priority.ROUTINE, days=9)
    urgent = of_priority(Priority.URGENT, days=1)
    older = of_priority(Priority.URGENT, days=3)
    stat = of_priority(Priority.STAT, days=0)
    asap = of_priority(Priority.ASAP, days=0)

    assert asked(board) == [stat.pk, asap.pk, older.pk, urgent.pk, routine.pk]


def test_an_urgent_request_is_on_the_first_page_and_the_51st_on_the_second(board):
    old = [of_priority(Priority.ROUTINE, days=99 - number) for number in range(50)]
    urgent = of_priority(Priority.URGENT, days=0)

    first, second = asked(board), asked(board, asked=2)

    assert first == [urgent.pk, *(one.pk for one in old[:49])]
    assert second == [old[49].pk]
    page = board.get(ADDRESS, {"page": 1}).content.decode()
    assert 'href="?page=1&amp;asked=2"' in page
    assert "1 to 50 of 51" in page


def test_the_pages_of_requests_that_a_search_found_hold_no_name_in_an_address(board):
    for _ in range(51):
        patient = make_patient(family_name="Okonkwo")
        make_request(referral=make_referral(patient=patient))

    sent = board.post(ADDRESS, {"q": "Okonkwo", "asked": "2"})

    assert len(sent.context["to_triage"]) == 1
    assert 'name="asked" value="1"' in sent.content.decode()


def test_the_filters_of_place_and_technique_hold_for_requests_too(board):
    here, deep = make_location(), make_technique(slug="deep")
    free = make_request()
    there = make_request(therapist=make_therapist(location=here))
    strict = make_request(referral=make_referral(technique=deep))

    other = make_technique(slug="other").pk
    assert set(asked(board, place=here.pk)) == {free.pk, there.pk, strict.pk}
    assert set(asked(board, place=make_location().pk)) == {free.pk, strict.pk}
    assert strict.pk in asked(board, technique=deep.pk)
    assert strict.pk not in asked(board, technique=other)


@pytest.mark.parametrize("fill", [False, True])
def test_a_new_request_announces_itself_also_where_nobody_waits(board, fill):
    if fill:
        make_entry()
    page = board.get(ADDRESS)
    seen = page.context["digest"]
    assert f"{CHANGED}?seen={seen}" in page.content.decode()
    assert board.get(CHANGED, {"seen": seen}).status_code == 204

    request = make_request()

    assert "has changed" in board.get(CHANGED, {"seen": seen}).content.decode()
    part = board.get(ADDRESS, headers={"hx-request": "true"}).content.decode()
    assert f'id="asks-{request.pk}"' in part


def test_a_new_request_beyond_the_page_that_is_shown_announces_itself(board):
    for _ in range(50):
        make_request(waited_days=9)
    seen = board.get(ADDRESS).context["digest"]

    make_request(waited_days=0)

    assert board.get(CHANGED, {"seen": seen}).status_code != 204


@pytest.mark.parametrize("status", [EntryStatus.REQUESTED, EntryStatus.ON_HOLD])
def test_a_worse_report_is_flagged_before_triage_too(board, status):
    make_request()
    worse = make_entry(status=status, category=None, need_score=0)
    seen = board.get(ADDRESS).context["digest"]
    assert board.get(ADDRESS).context["around"].told_more == 0

    grow_worse(worse)

    page = board.get(ADDRESS)
    flagged = [int(one.key) for one in page.context["to_triage"] if one.news]
    assert flagged == [worse.pk]
    assert page.context["around"].told_more == 1
    assert "told us more: read it" in page.content.decode()
    assert asked(board, worse="on") == [worse.pk]
    assert board.get(CHANGED, {"seen": seen}).status_code != 204


def test_the_answers_of_the_request_itself_are_no_news(board):
    entry = make_request()
    entry.need_reports.create(
        reported_at=entry.asked_at,
        reported_by=entry.patient.user,
        **{"pain": 9, "enjoyment": 9, "activity": 9, "role_threat": 0, "sleep": 9},
    )

    assert board.get(ADDRESS).context["around"].told_more == 0


@pytest.mark.parametrize("waits", [make_entry, make_request])
def test_who_waits_is_found_behind_201_namesakes(board, waits):
    for _ in range(201):
        make_patient(given_name="Ana", family_name="García", account=False)
    patient = make_patient(given_name="Zoe", family_name="García")
    entry = waits(referral=make_referral(patient=patient))

    page = board.post(ADDRESS, {"q": "García"})

    shown = [*page.context["rows"], *page.context["to_triage"]]
    assert [int(one.key) for one in shown] == [entry.pk]
    assert "Nobody found" not in page.content.decode()


def test_who_waits_is_found_by_the_name_of_a_record_that_was_merged(board):
    kept = make_patient(family_name="Rivera")
    make_patient(family_name="Quispe", merged_into=kept, account=False)
    entry = make_entry(referral=make_referral(patient=kept))

    page = board.post(ADDRESS, {"q": "Quispe"})

    assert [int(one.key) for one in page.context["rows"]] == [entry.pk]


def test_a_category_out_of_use_is_a_filter_while_somebody_waits_in_it(board):
    used, empty = make_category(active=False), make_category(active=False)
    entry = make_entry(category=used)
    make_entry()

    page = board.get(ADDRESS, {"category": used.pk})

    assert [int(row.key) for row in page.context["rows"]] == [entry.pk]
    choices = dict(page.context["filters"].fields["category"].choices)
    assert used.pk in choices
    assert empty.pk not in choices
    assert used.pk not in dict(page.context["around"].offered)  # nobody new comes in
