"""A request and the time that it is to have are locked, and read, in one message."""

from __future__ import annotations

from datetime import timedelta
from importlib import import_module

import pytest
from django.db import connection, transaction

from appointments import actions
from appointments.actions import Terms
from appointments.codes import Status
from appointments.models import Policy, WaitlistEntry
from appointments.models.booking import lock_entry, lock_with_time
from appointments.models.rota import rota
from appointments.models.treatment import Treatment
from appointments.spans import Span
from massage_portal.accounts.roles import Role
from tests.appointments.test_booking_by_hand import bare, fields_of, insured, parts
from tests.factories import (
    DAY,
    HOUR,
    NOW,
    make_appointment,
    make_clinic,
    make_entry,
    make_user,
    opening_at,
)

pytestmark = pytest.mark.django_db
THEN = NOW + 2 * DAY
OFFER = import_module("appointments.actions.offer")  # the action hides its module


@pytest.fixture
def opening():
    """An hour with the only therapist, in the only room."""
    _, [therapist], [room] = make_clinic()
    return opening_at(therapist, room, THEN)


@pytest.mark.parametrize("in_turn", [True, False])
@pytest.mark.parametrize("make", [insured, bare])
def test_both_are_as_they_are_when_locked_one_by_one(make, in_turn, opening):
    Policy(in_force_from=NOW - DAY, harm_exponent="2.5", most_missed=7).save()
    entry = make()
    make_appointment(therapist_id=opening.therapist, starts_at=THEN + HOUR / 2)
    make_appointment(entry=entry, status=Status.PROPOSED, starts_at=NOW + 9 * DAY)
    day = THEN.date()
    with transaction.atomic():
        alone = lock_entry(entry.pk, now=NOW)
        asked = {"now": NOW, "first": day, "last": day, "locked": True}
        free = rota(
            **asked,
            therapists=[opening.therapist],
            within=Span(THEN, opening.blocked_until),
        )

        entry, known = lock_with_time(entry.pk, opening, now=NOW, in_turn=in_turn)

    assert parts(entry) == parts(alone)
    assert entry.offer_out
    assert fields_of(entry.policy) == fields_of(alone.policy)
    assert known.diaries[0][:5] == free.diaries[0][:5]
    assert known.diaries[0].busy.spans == free.diaries[0].busy.spans
    assert known.rooms[0][:2] == free.rooms[0][:2]
    assert known.visits == free.visits
    assert len(known.visits) == 1


@pytest.mark.parametrize("exponent", ["1.0", "6.0", None])
def test_the_order_is_that_of_policy(exponent, opening):
    """Of a short target and a long wait, which is more depends on the exponent."""
    if exponent:
        Policy(in_force_from=NOW - DAY, harm_exponent=exponent).save()
    some = [make_entry(waited_days=days, need_score=0) for days in (9, 2)]
    for one, target in zip(some, (20, 3), strict=True):
        one.category.targets.create(target_days=target, in_force_from=NOW - HOUR)
    order = WaitlistEntry.objects.waiting().in_order_of_need(
        now=NOW, exponent=float(exponent or 3)
    )

    first = []
    for one in some:
        with transaction.atomic():
            _entry, known = lock_with_time(one.pk, opening, now=NOW, in_turn=True)
        first += [] if any(known.before) else [one]

    assert first == [order[0]]


def test_a_visit_longer_than_the_time_that_was_found_is_judged_by_all_of_it(
    monkeypatch, opening
):
    """And not by the constraints alone, which would have the last word."""
    make_appointment(therapist_id=opening.therapist, starts_at=opening.blocked_until)
    what = {"entry": make_entry(), "by": make_user(Role.SCHEDULER), "now": NOW}
    long = Terms(treatment=Treatment(None, minutes=120))

    with monkeypatch.context() as nothing_is_made:
        nothing_is_made.setattr(OFFER, "make_in", None)
        with pytest.raises(actions.TimeTaken, match="just been taken"):
            actions.offer(opening=opening, terms=long, **what)

    assert actions.offer(opening=opening, **what).starts_at == THEN


def test_nothing_is_found_of_a_request_that_is_not_there(opening):
    with transaction.atomic(), pytest.raises(WaitlistEntry.DoesNotExist):
        lock_with_time(1, opening, now=NOW, in_turn=False)


def test_it_goes_on_while_a_release_allows_longer_texts(opening):
    entry = insured()
    lock_with_time(entry.pk, opening, now=NOW, in_turn=True)  # it is prepared

    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute("ALTER TABLE accounts_user ALTER name TYPE varchar(4000)")
        cursor.execute("ALTER TABLE services_location ALTER time_zone TYPE varchar(99)")

    found, known = lock_with_time(entry.pk, opening, now=NOW, in_turn=True)
    assert found == entry
    assert known.tells_of(Span(THEN, opening.blocked_until))
    assert not known.tells_of(Span(THEN, opening.blocked_until + timedelta(minutes=1)))
