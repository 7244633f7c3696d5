"""Whether anybody stands before a patient is read with what a time is judged by."""

from __future__ import annotations

import random

import pytest
from django.db import transaction

from appointments.models import Policy, WaitlistEntry
from appointments.models.before import Stand
from appointments.models.rota import rota
from tests.appointments.test_turns import some_clinic, some_line
from tests.factories import DAY, NOW, TODAY, make_entry, make_overrule

pytestmark = pytest.mark.django_db


def stands_first(entry, exponent=3.0):
    """Return whether nobody stands before, as it is read under a therapist's lock."""
    asked = {"now": NOW, "first": TODAY, "last": TODAY, "therapists": [1]}
    with transaction.atomic():
        found = rota(**asked, locked=True, stand=Stand(entry.pk, exponent))
    return not found.anybody_before


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("exponent", [1.0, 1.1, 3.0, 6.0])
def test_who_is_first_of_all_who_wait_stands_first_and_nobody_else(seed, exponent):
    dice = random.Random(seed)  # noqa: S311 - the same clinic each time
    techniques, place, staff, _rooms = some_clinic(dice)
    some_line(dice, techniques, place, staff)
    waiting = WaitlistEntry.objects.waiting()
    line = list(waiting.in_order_of_need(now=NOW, exponent=exponent))

    assert stands_first(line[0], exponent)
    assert not any(stands_first(one, exponent) for one in line[1:])


def test_who_is_put_first_by_a_person_stands_before_all():
    first, last = make_entry(waited_days=20), make_entry(waited_days=1)
    assert stands_first(first)

    make_overrule(last, 1)

    assert not stands_first(first)
    assert stands_first(last)


def test_it_is_no_part_of_what_is_read_where_nobody_asks():
    asked = {"now": NOW, "first": TODAY, "last": TODAY, "therapists": [1]}
    make_entry(waited_days=20)
    with transaction.atomic():
        assert not rota(**asked, locked=True).anybody_before


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
