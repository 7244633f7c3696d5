"""Who somebody is changes neither their rank nor the next offer."""

from __future__ import annotations

import ast
from datetime import date, timedelta
from pathlib import Path
from random import Random

import pytest
from django.db import transaction

import appointments
from appointments import actions
from appointments.codes import Status
from appointments.models import Appointment, Policy, Room, Supply, WaitlistEntry
from massage_portal.accounts.models import User
from referrals.models import Patient, Referral
from tests.appointments.plans import morning, planned, waits_of
from tests.factories import (
    DAY,
    NOW,
    TODAY,
    at,
    make_appointment,
    make_clinic,
    make_entry,
    make_insurer,
    make_overrule,
    make_referral,
)

HOME = Path(appointments.__file__).parent
ORDERS = [  # all that ranks, matches, plans or simulates
    *("priority", "changes", "line", "matching", "openings", "board_rows"),
    *("models/ranking", "models/overrule", "models/rates", "models/board"),
    *("models/need_order", "models/board_page"),
    *("models/planner", "actions/sweep", "actions/draft", "actions/draw_up"),
    *(f"simulation/{path.stem}" for path in (HOME / "simulation").glob("[a-z]*.py")),
    *(f"planning/{path.stem}" for path in (HOME / "planning").glob("[a-z]*.py")),
]
WHO = {
    *("birth_date", "born", "age", "sex", "gender", "language", "insurer"),
    *("insurer_id", "address", "email", "phone", "city", "zip_code", "race"),
}


def line():
    """Return the order by SQL, by Python, and the next offer."""
    policy = Policy.objects.in_force(NOW)
    exponent = float(policy.harm_exponent)
    waiting = WaitlistEntry.objects.waiting()
    by_sql = [e.pk for e in waiting.in_order_of_need(now=NOW, exponent=exponent)]
    why = {one: one.explain(now=NOW, exponent=exponent) for one in waiting}
    in_python = sorted(why, key=lambda e: (-why[e].day_adds, e.received_at, e.pk))
    proposal = Supply.ahead(now=NOW, policy=policy).next_proposal()
    told = [(e.pk, why[e]) for e in in_python]
    return by_sql, told, (proposal.entry.pk, proposal.opening)


def become_others(chance, insurers):
    """Give everybody another age, name, language, address and insurer."""
    for patient in Patient.objects.select_related("user"):
        born = date(1925, 1, 1) + timedelta(days=chance.randrange(36_000))
        Patient.objects.filter(pk=patient.pk).update(
            birth_date=born,
            given_name=chance.choice(["Ann", "Zoé", "José", "Li"]),
            record_number=f"X-{chance.randrange(10**9)}",
        )
        User.objects.filter(pk=patient.user_id).update(
            language=chance.choice(["en", "es"]),
            email=f"somebody{chance.randrange(10**9)}@example.org",
        )
        Referral.objects.filter(patient=patient).update(
            insurer=chance.choice([None, *insurers])
        )


@pytest.mark.django_db
@pytest.mark.parametrize("seed", range(3))
def test_neither_rank_nor_proposal_changes_with_age_language_address_or_insurer(seed):
    chance = Random(seed)  # noqa: S311 - no secret hangs on it
    make_clinic()
    for _ in range(6):
        days = chance.choice([3, 10, 10, 40])
        referral = make_referral(received_at=NOW - timedelta(days=days))
        entry = make_entry(
            referral=referral, waited_days=days, need_score=chance.randrange(101)
        )
    make_overrule(entry, chance.choice([4, 90]))
    insurers = [make_insurer(in_network=inside) for inside in (True, False)]
    before = line()

    for _ in range(4):
        become_others(chance, insurers)
        assert line() == before


def plan_and_sweep(freed):
    """Return whom a plan gives which time, and whom the freed time; keep neither."""
    with transaction.atomic():
        plan = planned()
        rows = sorted(plan.offers.values_list("entry_id", "starts_at", "therapist_id"))
        waits = sorted(waits_of(plan).items())
        transaction.set_rollback(True)
    with transaction.atomic():
        Appointment.objects.filter(pk=freed.pk).update(reoffer_owed=True)
        offers = actions.offer_freed_times(now=NOW)
        given = [(one.entry_id, one.starts_at) for one in offers]
        transaction.set_rollback(True)
    return rows, waits, given


@pytest.mark.django_db
def test_neither_a_plan_nor_a_freed_time_changes_with_who_somebody_is():
    chance = Random(7)  # noqa: S311 - no secret hangs on it
    entries, [therapist] = morning(waiting=4)
    room = Room.objects.get()
    freed = make_appointment(
        entry=make_entry(status="cancelled"),
        status=Status.CANCELLED,
        starts_at=at(TODAY + DAY, "08:00"),
        therapist=therapist,
        room=room,
    )
    insurers = [make_insurer(in_network=inside) for inside in (True, False)]
    before = plan_and_sweep(freed)
    assert before[0]
    assert [entry for entry, _start in before[2]] == [entries[0].pk]

    for _ in range(3):
        become_others(chance, insurers)
        assert plan_and_sweep(freed) == before


@pytest.mark.django_db
def test_the_query_that_ranks_reads_nothing_of_the_person():
    sql = str(WaitlistEntry.objects.in_order_of_need(now=NOW, exponent=3.0).query)

    assert "referrals_patient" not in sql
    assert "accounts_user" not in sql
    assert "insurer" not in sql


@pytest.mark.parametrize("module", ORDERS)
def test_what_ranks_plans_or_simulates_names_nothing_of_the_person(module):
    tree = ast.parse((HOME / f"{module}.py").read_text(encoding="utf-8"))
    named = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute):
            named.add(node.attr)
        elif isinstance(node, ast.Name | ast.keyword):
            named.add(getattr(node, "id", None) or getattr(node, "arg", None))
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            named |= set(node.value.split("__"))  # a lookup across tables

    assert not named & WHO
