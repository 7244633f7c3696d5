"""Who stands before a patient is counted as a time is read, or asked of all kinds."""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import replace
from unittest.mock import Mock

import pytest
from django.db import transaction

from appointments import actions
from appointments.codes import EntryStatus, Status
from appointments.models import Policy, Supply, WaitlistEntry
from appointments.models.before import MOST
from appointments.models.booking import lock_with_time
from appointments.models.in_line import waiting_in_line
from appointments.models.rota import rota
from appointments.models.treatment import Treatment
from appointments.models.turns import in_greater_need
from massage_portal.accounts.roles import Role
from tests.appointments.test_turns import some_clinic, some_line
from tests.factories import (
    DAY,
    HOUR,
    NOW,
    TODAY,
    make_appointment,
    make_clinic,
    make_diagnosis,
    make_entry,
    make_overrule,
    make_referral,
    make_user,
    opening_at,
)
from tests.turns import ANY_TURN

pytestmark = pytest.mark.django_db


def counted(entry, opening):
    """Return what is read under the lock of a therapist with the time of `opening`."""
    with transaction.atomic():
        _entry, known = lock_with_time(entry.pk, opening, now=NOW, in_turn=True)
    return known.before


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("exponent", ["1.0", "1.1", "3.0", "6.0"])
def test_as_many_are_counted_as_are_found_by_asking_of_all_kinds(seed, exponent):
    dice = random.Random(seed)  # noqa: S311 - the same clinic each time
    policy = Policy(in_force_from=NOW - DAY, harm_exponent=exponent, visit_minutes=60)
    policy.save()
    techniques, place, staff, _rooms = some_clinic(dice)
    some_line(dice, techniques if seed % 2 else [], place, staff)
    if not seed % 2:
        WaitlistEntry.objects.update(kept_minutes=None, kept_technique=None)
    known = Supply.ahead(now=NOW, policy=policy)
    entries = list(waiting_in_line(now=NOW, policy=policy))
    told = Counter()
    for entry in dice.sample(entries, min(10, len(entries))):
        some = known.openings(entry.referral.technique)
        for opening in dice.sample(some, min(6, len(some))):
            same, others = counted(entry, opening)
            [number] = in_greater_need(entry, [opening], supply=known)

            assert same <= number <= same + others
            told[bool(number), bool(others)] += 1
    assert told.total() > 20
    assert told[True, False] > 5 or seed % 2


def test_who_is_first_of_all_who_wait_has_nobody_before():
    _, [therapist], [room] = make_clinic()
    opening = opening_at(therapist, room, NOW + 2 * DAY)
    first, last = make_entry(waited_days=20), make_entry(waited_days=1)
    assert counted(first, opening) == (0, 0)
    assert counted(last, opening) == (1, 0)

    make_overrule(last, 1)

    assert counted(first, opening) == (1, 0)
    assert counted(last, opening) == (0, 0)


THEN = NOW + 2 * DAY
NOT_COUNTED = {
    "has an offer": {"status": Status.PROPOSED, "starts_at": NOW + 9 * DAY},
    "had this time before": {"status": Status.CANCELLED, "starts_at": THEN},
    "is elsewhere then": {"status": Status.BOOKED, "starts_at": THEN + HOUR / 2},
}


@pytest.mark.parametrize("why", NOT_COUNTED)
def test_who_could_not_have_the_time_is_not_counted(why):
    _, [therapist], [room] = make_clinic()
    opening = opening_at(therapist, room, THEN)
    other, mine = make_entry(waited_days=20), make_entry(waited_days=5)
    assert counted(mine, opening) == (1, 0)

    theirs = other
    if why == "is elsewhere then":
        back = make_diagnosis("M54.50", "Back pain")
        referral = make_referral(patient=other.patient, diagnosis=back)
        theirs = make_entry(referral=referral, status=EntryStatus.IN_PROGRESS)
    where = {"therapist": therapist} if why == "had this time before" else {}
    make_appointment(entry=theirs, **where, **NOT_COUNTED[why])

    assert counted(mine, opening) == (0, 0)


def test_of_a_time_that_somebody_has_nobody_is_counted():
    _, [therapist], [room] = make_clinic()
    opening = opening_at(therapist, room, THEN)
    make_entry(waited_days=20)
    mine = make_entry(waited_days=5)
    make_appointment(therapist=therapist, starts_at=THEN - HOUR)
    assert counted(mine, opening) == (1, 0)

    make_appointment(therapist=therapist, starts_at=THEN)

    assert counted(mine, opening) == (0, 0)


def test_they_are_counted_up_to_so_many_and_no_further():
    _, [therapist], [room] = make_clinic()
    plan = make_referral(sessions=60)
    for session in range(1, MOST + 4):
        make_entry(referral=plan, session=session, waited_days=20)

    mine = make_entry(waited_days=5)
    opening = opening_at(therapist, room, NOW + 2 * DAY)
    assert counted(mine, opening) == (MOST, 0)


@pytest.mark.parametrize(
    ("minutes", "asked"), [(None, False), (30, True)], ids=["usual", "chosen"]
)
def test_it_is_asked_of_all_kinds_where_the_visit_is_of_another_kind_or_somebodys(
    minutes, asked, monkeypatch
):
    _, [therapist], [room] = make_clinic()
    make_entry(waited_days=20)
    mine = make_entry(waited_days=5)
    ask = Mock(return_value=[7])
    monkeypatch.setattr("appointments.actions.terms.in_greater_need", ask)
    made = actions.book(
        entry=mine,
        opening=opening_at(therapist, room, NOW + 2 * DAY),
        by=make_user(Role.SCHEDULER),
        now=NOW,
        terms=replace(ANY_TURN, treatment=minutes and Treatment(None, minutes)),
    )

    assert ask.called == asked
    assert made.out_of_turn.passed_over == (7 if asked else 1)


@pytest.mark.parametrize("begun", [True, False])
def test_policy_read_with_the_rota_is_the_one_in_force(begun):
    ahead = Policy(in_force_from=NOW + DAY, harm_exponent="6.0", hold_hours=1)
    ahead.save()
    if begun:
        Policy(in_force_from=NOW - DAY, harm_exponent="2.5", most_missed=7).save()
    asked = {"now": NOW, "first": TODAY, "last": TODAY}

    found = rota(**asked, with_policy=True).policy

    like = Policy.objects.in_force(NOW)
    names = [field.attname for field in Policy._meta.concrete_fields]
    assert [getattr(found, name) for name in names] == [
        getattr(like, name) for name in names
    ]
    assert rota(**asked).policy is None
