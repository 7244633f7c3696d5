"""The order of need in the database, and the page that shows it."""

from __future__ import annotations

import random
import re
from datetime import date

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils.html import escape

from appointments.codes import EntryStatus, Status
from appointments.explain import sentence
from appointments.models import WaitlistEntry
from massage_portal.accounts.roles import Role
from massage_portal.audit.models import AuditEvent
from tests.factories import (
    DAY,
    HOUR,
    NOW,
    make_appointment,
    make_category,
    make_clinic,
    make_diagnosis,
    make_entry,
    make_patient,
    make_provider,
    make_referral,
    make_request,
    make_user,
)

pytestmark = pytest.mark.django_db
EXPONENTS = [1.0, 1.5, 2.7, 3.0, 6.0]


def ranked(exponent=3.0, now=NOW):
    return WaitlistEntry.objects.waiting().in_order_of_need(now=now, exponent=exponent)


def make_line(number, *, seed=1):
    """Return entries of mixed clocks, categories and needs; some clocks lie ahead."""
    dice = random.Random(seed)  # noqa: S311 - the same line each time
    referral = make_referral(sessions=60)
    categories = [make_category(target_days=days) for days in (1, 3, 14, 28, 84, 730)]
    return [
        make_entry(
            referral=referral,
            session=session,
            waited_days=dice.choice([dice.uniform(0, 200), dice.uniform(-30, 1)]),
            category=dice.choice(categories),
            need_score=dice.choice([0, dice.randint(0, 100), 100]),
        )
        for session in range(1, number + 1)
    ]


# --- the formula in SQL ---------------------------------------------------------------


@pytest.mark.parametrize("exponent", EXPONENTS)
@pytest.mark.parametrize("seed", [1, 2])
def test_the_database_ranks_by_the_same_numbers_as_the_formula(seed, exponent):
    make_line(60, seed=seed)
    entries = list(ranked(exponent))
    assert len(entries) == 60
    for entry in entries:
        why = entry.explain(now=NOW, exponent=exponent)
        assert entry.day_adds == pytest.approx(why.day_adds, rel=1e-9, abs=1e-18)
        assert entry.waited_days == pytest.approx(why.waited_days, abs=1e-9)
        assert entry.target_wait_days == pytest.approx(why.target_days, rel=1e-12)


@pytest.mark.parametrize("exponent", EXPONENTS[1:])
@pytest.mark.parametrize("seed", [1, 2])
def test_the_order_is_the_formulas_with_ties_by_date_received_and_then_key(
    seed, exponent
):
    def place(entry):
        adds = entry.explain(now=NOW, exponent=exponent).day_adds
        return (-round(adds, 18), entry.received_at, entry.pk)

    line = make_line(60, seed=seed)
    assert list(ranked(exponent)) == sorted(line, key=place)


def test_equal_ranks_stand_in_the_order_in_which_they_were_received():
    """Clocks that lie ahead have all waited nothing, whenever they begin."""
    category = make_category()
    days = [-9, -2, -30, -1, -14]
    made = {days: make_entry(waited_days=days, category=category) for days in days}
    assert list(ranked()) == [made[days] for days in sorted(days, reverse=True)]


@pytest.mark.parametrize("exponent", EXPONENTS)
def test_equal_ranks_received_together_stand_in_the_order_of_their_keys(exponent):
    category = make_category()
    made = [make_entry(waited_days=8, category=category) for _ in range(5)]
    made[0].note = "written last, so that the table's own order is another"
    made[0].save()
    assert list(ranked(exponent)) == made


def test_a_target_halved_by_need_ties_with_a_target_of_that_length():
    halved = make_entry(waited_days=8, target_days=28, need_score=100)
    plain = make_entry(waited_days=8, target_days=14)
    assert list(ranked()) == [halved, plain]
    assert len({entry.day_adds for entry in ranked()}) == 1


def test_with_the_gentlest_policy_equal_targets_stand_by_date_received():
    """Then each day adds the same, and rounding must not decide who is first."""
    category = make_category(target_days=28)
    days = [3.3, 17.7, 9.1, 30.01, 1.37, 22.22, 11.9]
    made = {days: make_entry(waited_days=days, category=category) for days in days}
    line = list(ranked(1.0))
    assert line == [made[days] for days in sorted(days, reverse=True)]
    assert [ahead(entry, 1.0) for entry in line] == list(range(7))


def test_nobody_waits_who_was_not_accepted_or_has_a_time():
    waiting = make_entry()
    make_request()
    make_entry(status=EntryStatus.IN_PROGRESS)
    make_entry(status=EntryStatus.REJECTED)
    assert list(ranked()) == [waiting]


def test_nothing_but_clock_category_and_need_tells_two_patients_apart():
    category = make_category()
    same = {"waited_days": 10, "category": category, "need_score": 40}
    old = make_patient(
        given_name="Aspen",
        birth_date=date(1931, 1, 1),
        user=make_user(Role.PATIENT, language="es"),
        phone="+15075550101",
    )
    young = make_patient(
        given_name="Wren", birth_date=date(2008, 12, 31), account=False
    )
    first = make_entry(
        referral=make_referral(
            patient=old,
            priority="stat",
            diagnosis=make_diagnosis("M54.50", "Low back pain"),
            provider=make_provider(department="Oncology"),
            reason="Asked for by a friend of the house.",
            received_at=NOW - 10 * DAY,
            sessions=12,
        ),
        weekdays="M",
        notice_hours=72,
        **same,
    )
    second = make_entry(
        referral=make_referral(patient=young, received_at=NOW - 90 * DAY),
        earliest=NOW.date(),
        asked_at=NOW,
        session=1,
        **same,
    )
    found = {entry.pk: entry.day_adds for entry in ranked()}
    assert found[first.pk] == found[second.pk] > 0
    assert list(ranked()) == [first, second]


# --- how many stand before ------------------------------------------------------------


def ahead(entry, exponent=3.0):
    everyone = WaitlistEntry.objects.all()
    return everyone.ahead_of(entry, now=NOW, exponent=exponent)


@pytest.mark.parametrize("exponent", EXPONENTS)
def test_the_number_ahead_agrees_with_the_list(exponent):
    make_line(40)
    line = list(ranked(exponent))
    assert [ahead(entry, exponent) for entry in line] == list(range(40))


def test_before_triage_everyone_who_waits_stands_ahead():
    make_line(3)
    assert ahead(make_request(waited_days=400)) == 3


def test_with_nobody_else_waiting_nobody_is_ahead():
    assert ahead(make_entry()) == 0


# --- the page -------------------------------------------------------------------------


@pytest.fixture
def scheduler(client, monkeypatch):
    """A client signed in as a scheduler, whose pages read NOW from the clock."""
    monkeypatch.setattr("django.utils.timezone.now", lambda: NOW)
    client.force_login(make_user(Role.SCHEDULER))
    return client


def get_queue(client, **how):
    response = client.get(reverse("appointments:queue"), **how)
    assert response.status_code == 200
    return response


def queries_of_the_queue(client):
    with CaptureQueriesContext(
        connection,
    ) as seen:
        get_queue(client)
    return [query["sql"] for query in seen.captured_queries]


def shown(response):
    return [int(pk) for pk in re.findall(r'id="entry-(\d+)"', response.text)]


@pytest.mark.parametrize("rooms", [0, 1], ids=["nothing free", "times free"])
def test_the_queue_takes_as_many_queries_for_60_as_for_3(scheduler, rooms):
    make_clinic(rooms=rooms)
    for _ in range(3):
        make_entry()
        make_request()
    few = queries_of_the_queue(scheduler)
    for _ in range(57):
        make_entry()
        make_request()
    many = queries_of_the_queue(scheduler)
    assert len(many) == len(few), "\n".join(many)


def test_the_queue_shows_50_at_a_time_in_the_order_of_need(scheduler):
    make_line(60)
    line = [entry.pk for entry in ranked()]
    first = get_queue(scheduler)
    second = get_queue(scheduler, data={"page": 2})
    assert shown(first) == line[:50]
    assert shown(second) == line[50:]
    assert first.context["around"].waiting == 60
    assert [int(row.rank) for row in second.context["rows"]] == list(range(51, 61))


def test_each_row_says_why_it_stands_there(scheduler):
    entry = make_entry(waited_days=14, target_days=28, need_score=50)
    response = get_queue(scheduler)
    why = sentence(entry.explain(now=NOW, exponent=3.0))
    assert escape(why) in response.text
    assert entry.category.name in response.text


def test_requests_to_triage_are_listed_by_date_received(scheduler):
    late, early = make_request(waited_days=1), make_request(waited_days=9)
    asked = get_queue(scheduler).context["to_triage"]
    assert [one.key for one in asked] == [str(early.pk), str(late.pk)]


def test_each_listed_request_leaves_one_row_in_the_trail(scheduler):
    entries = [make_entry(), make_entry(), make_request()]
    get_queue(scheduler)
    seen = AuditEvent.objects.filter(action="request.listed")
    assert sorted(seen.values_list("patient_id", flat=True)) == sorted(
        entry.patient_id for entry in entries
    )


def test_a_row_with_an_open_offer_says_so_and_one_whose_offer_lapsed_does_not(
    scheduler,
):
    open_offer = make_appointment(status=Status.PROPOSED)
    lapsed = make_appointment(
        status=Status.PROPOSED,
        starts_at=NOW + 3 * DAY,
        offered_at=NOW - 2 * HOUR,
        held_until=NOW,
    )
    rows = get_queue(scheduler).context["rows"]
    offers = {int(row.key): row.has_offer for row in rows}
    assert offers == {open_offer.entry_id: True, lapsed.entry_id: False}


def test_the_fragment_that_refreshes_the_list_is_the_list_alone(scheduler):
    entry = make_entry()
    fragment = get_queue(scheduler, headers={"HX-Request": "true"})
    assert shown(fragment) == [entry.pk]
    assert "<h1" not in fragment.text
    assert "HX-Request" in fragment.headers["Vary"]


def test_the_order_changes_as_time_passes():
    """A new urgent patient stands behind an old routine one, and then before."""
    urgent = make_entry(waited_days=0, target_days=3)
    routine = make_entry(waited_days=35, target_days=42)
    assert list(ranked()) == [routine, urgent]
    assert list(ranked(now=NOW + DAY)) == [urgent, routine]
