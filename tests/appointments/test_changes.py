"""What a row says would change its rank is what really would."""

from __future__ import annotations

import re
from datetime import timedelta
from random import Random

import pytest
from django.urls import reverse

from appointments.changes import FAR, Stand, change
from appointments.models import WaitlistEntry
from appointments.priority import day_adds, target_wait
from massage_portal.accounts.roles import Role
from tests.drawn import forms_of
from tests.factories import (
    DAY,
    HOUR,
    NOW,
    make_entry,
    make_overrule,
    make_patient,
    make_referral,
    make_target,
    make_user,
)


def stand(pk, *, waited, category=28, need=0, overruled=None, exponent=3.0):
    target = overruled or target_wait(target_days=category, need_score=need)
    return Stand(
        pk=pk,
        received_at=NOW - timedelta(days=waited),
        need_score=need,
        waited_days=max(waited, 0.0),
        category_days=category,
        overruled_days=overruled,
        target_days=target,
        day_adds=day_adds(
            waited_days=max(waited, 0.0), target_days=target, exponent=exponent
        ),
    )


def in_order(stands):
    return sorted(stands, key=lambda one: (-one.day_adds, one.received_at, one.pk))


def later(one, days, exponent):
    waited = (NOW - one.received_at) / DAY + days
    return stand(
        one.pk,
        waited=waited,
        category=one.category_days,
        need=one.need_score,
        exponent=exponent,
    )


@pytest.mark.parametrize("exponent", [1.0, 1.5, 3.0, 6.0])
def test_every_sentence_comes_true_in_a_hundred_lines(exponent):
    chance = Random(7)  # noqa: S311 - no secret hangs on it
    for _ in range(25):
        line = in_order(
            stand(
                pk,
                waited=chance.uniform(0, 60),
                category=chance.choice([3, 14, 42, 84]),
                need=chance.randrange(101),
                exponent=exponent,
            )
            for pk in range(12)
        )
        for place, one in enumerate(line):
            told = change(place, line, first=1, coming={}, now=NOW, exponent=exponent)
            others = [other for other in line if other is not one]
            rank_with = {}
            for need in range(one.need_score // 10 * 10 + 10, 101, 10):
                new = later(one._replace(need_score=need), 0, exponent)
                rank_with[need] = in_order([*others, new]).index(new)
            moving = [need for need, rank in rank_with.items() if rank < place]
            assert told.need_score == (min(moving) if moving else None)
            if moving:
                assert told.places == place - rank_with[told.need_score]
            passed = [
                day
                for day in range(1, FAR + 1)
                if place
                and later(one, day, exponent).day_adds
                > later(line[place - 1], day, exponent).day_adds
            ]
            assert told.days == (passed[0] if passed else None)


def test_nothing_is_promised_where_a_person_set_a_target_or_the_clock_lies_ahead():
    new = stand(1, waited=1, category=3)
    for before in (
        stand(2, waited=60, category=42, overruled=40.0),
        stand(2, waited=-9, category=42)._replace(day_adds=9.0),
    ):
        assert (
            change(1, [before, new], first=1, coming={}, now=NOW, exponent=3.0).days
            is None
        )
    moved = stand(1, waited=1, category=3, overruled=9.0)
    assert change(
        1, [stand(2, waited=60), moved], first=1, coming={}, now=NOW, exponent=3.0
    ) == (change(0, [moved], first=1, coming={}, now=NOW, exponent=3.0))


def test_a_target_that_is_to_change_counts_from_its_day_on():
    one = stand(1, waited=10, category=42)._replace(category=1)
    before = stand(2, waited=12, category=42)._replace(category=2)
    line = [before, one]

    def told(coming):
        return change(1, line, first=1, coming=coming, now=NOW, exponent=3.0).days

    assert told({}) is None
    assert told({1: [(9.5, 7)]}) == 10  # the first whole day on which it counts
    assert told({2: [(3.0, 84)]}) == 3
    assert told({1: [(9.5, 7)], 2: [(9.5, 7)]}) is None  # alike for both
    assert told({1: [(5.0, 84), (20.0, 7)]}) == 20
    short = stand(3, waited=0, category=14)._replace(category=3)
    soon = change(1, [one, short], first=1, coming={}, now=NOW, exponent=3.0).days
    stays = change(
        1, [one, short], first=1, coming={3: [(0.5, 90)]}, now=NOW, exponent=3.0
    )
    assert (soon, stays.days) == (2, None)


pages = pytest.mark.django_db


@pytest.fixture
def staff(client, monkeypatch):
    monkeypatch.setattr("django.utils.timezone.now", lambda: NOW)
    client.force_login(make_user(Role.SCHEDULER))
    return client


BOARD = reverse("appointments:queue")
CHANGED = reverse("appointments:line_changed")


@pages
def test_the_board_says_what_would_move_somebody_up(staff):
    make_entry(waited_days=35, target_days=42)
    make_entry(waited_days=0, target_days=3)

    page = staff.get(BOARD).text

    assert "A need score of 30 would put them 1 place higher." in page
    assert "In 1 day they pass the one before them." in page
    make_target(
        WaitlistEntry.objects.latest("pk").category, 90, in_force_from=NOW + HOUR
    )
    assert "they pass the one before them" not in staff.get(BOARD).text


@pages
def test_who_is_first_on_a_later_page_is_told_by_the_one_before(staff, monkeypatch):
    monkeypatch.setattr("appointments.line.PAGE", 1)
    make_entry(waited_days=35, target_days=42)
    make_entry(waited_days=0, target_days=3)

    page = staff.get(BOARD, {"page": 2})

    (row,) = page.context["rows"]
    assert row.rank == "2"
    assert row.would == (
        "A need score of 30 would put them 1 place higher. "
        "In 1 day they pass the one before them."
    )


@pages
def test_the_line_is_said_to_have_changed_only_when_it_has(staff, monkeypatch):
    first, second = make_entry(waited_days=20), make_entry(waited_days=12)
    seen = {"seen": staff.get(BOARD).context["digest"]}
    assert staff.get(CHANGED, seen).status_code == 204

    monkeypatch.setattr("django.utils.timezone.now", lambda: NOW + DAY / 1440)
    assert staff.get(CHANGED, seen).status_code == 204  # all waited longer, no more

    make_overrule(second, 5)
    said = staff.get(CHANGED, seen)
    assert "The line has changed:" in said.text
    for entry in (first, second):
        assert str(entry.patient) not in said.text
    # 286: HTMX shows it and asks no more, so that it is read out once.
    assert staff.get(CHANGED, {"seen": "nonsense"}).status_code == 286


@pages
def test_the_table_is_never_swapped_but_when_somebody_asks(staff):
    make_entry()
    page = staff.get(BOARD).text

    polled = page.split('data-hx-trigger="every 60s"')[0].rsplit("<", 1)[1]
    assert polled.startswith("span")
    assert 'aria-live="polite"' in polled
    assert 'id="show-line" href="/queue/" data-hx-get="/queue/"' in page


@pages
def test_a_search_finds_within_the_line_and_leaves_no_name_in_the_address(staff):
    named = [
        make_patient(family_name="Cloverwood", record_number=f"R-77{number}")
        for number in range(2)
    ]
    waits = make_entry(
        waited_days=9, referral=make_referral(patient=named[0], received_at=NOW)
    )
    make_entry(waited_days=20)

    page = staff.post(BOARD, {"q": "cloverw"})

    (row,) = page.context["rows"]
    assert (row.key, row.rank) == (str(waits.pk), "2")
    assert 'value="cloverw"' in page.text
    assert 'data-hx-trigger="every 60s"' not in page.text
    assert staff.post(BOARD, {"q": "R-770"}).context["rows"][0].key == str(waits.pk)
    nobody = staff.post(BOARD, {"q": "R-771"})
    assert "Nobody found in the line" in nobody.text
    assert staff.post(BOARD, {"q": " "}).status_code == 422
    assert WaitlistEntry.objects.count() == 2


@pages
def test_the_pages_of_a_search_keep_what_was_searched_for(staff, monkeypatch):
    monkeypatch.setattr("appointments.line.PAGE", 2)
    found = [
        make_entry(
            waited_days=waited,
            referral=make_referral(patient=make_patient(family_name="Cloverwood")),
        )
        for waited in (9, 8, 7)
    ]
    make_entry(waited_days=2)

    page = staff.post(BOARD, {"q": "cloverw"})

    assert "?page=" not in page.text
    assert 'name="page" value="2"' in page.text
    kept = forms_of(page.text)[-2].fields  # the last is that of bulk triage
    assert kept["q"] == "cloverw"
    second = staff.post(BOARD, {"q": kept["q"], "page": "2"})
    [row] = second.context["rows"]
    assert row.key == str(found[-1].pk)
    assert "3 to 3 of 3" in second.text


@pages
def test_the_next_offer_is_a_page_of_its_own_and_a_part_of_the_board(staff):
    address = reverse("appointments:next_offer")
    assert f'data-hx-get="{address}"' in staff.get(BOARD).text
    assert "<h1" in staff.get(address).text
    part = staff.get(address, headers={"HX-Request": "true"})
    assert "<h1" not in part.text
    assert "Nobody who waits can use any of the free times." in part.text


@pages
def test_what_htmx_fills_as_the_board_opens_holds_no_link_that_could_go_away(staff):
    page = staff.get(BOARD).text
    [filled] = re.findall(r'<div[^>]*data-hx-trigger="load"[^>]*>(.*?)</div>', page)

    assert filled == ""
    assert f'<a href="{reverse("appointments:next_offer")}">Next to offer</a>' in page
