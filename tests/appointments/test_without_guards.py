"""
Control runs: the race for one time, with a guard taken out.

They show that the races can be lost: without both guards, everybody books. And they
show what each guard is for: the look under the lock gives the kind words, and the
constraint keeps the promise without it.
"""

from __future__ import annotations

from functools import partial
from importlib import import_module
from unittest.mock import Mock

import pytest
from django.db import connection

from appointments import actions
from appointments.models import Appointment
from massage_portal.accounts.roles import Role
from massage_portal.prepared import Prepared
from tests.conftest import empty_tables
from tests.factories import DAY, NOW, make_clinic, make_entry, make_user, opening_at
from tests.threads import errors, together, won
from tests.turns import ANY_TURN

RIVALS = 5
HOLD = import_module("appointments.actions.hold")
BOOKING = import_module("appointments.models.booking")
GUARDS = [
    guard for guard in Appointment._meta.constraints if "in_one_place" in guard.name
]

pytestmark = pytest.mark.usefixtures("committed")


def race():
    """Let rivals book one time, and return what came of it."""
    _, [therapist], [room] = make_clinic()
    book = partial(
        actions.book,
        opening=opening_at(therapist, room, NOW + 2 * DAY),
        by=make_user(Role.SCHEDULER),
        now=NOW,
        terms=ANY_TURN,
    )
    return together(*[partial(book, entry=make_entry()) for _ in range(RIVALS)])


@pytest.fixture
def unlocked(monkeypatch):
    """Take out all looks at the time, and the locks that they are made under."""
    unseen = BOOKING.ADDED.replace(BOOKING.EMPTY, "true")
    add = Prepared("add_visit_unseen", unseen, first="SAVEPOINT room")

    def look_at_nothing(entry, opening, *, now, terms, by, known):
        supply = Mock(policy=entry.policy, now=now)
        supply.technique_for.return_value = entry.referral.technique
        supply.rooms_for.return_value = [opening.room]
        supply.diaries = []
        supply.before.return_value = None
        return supply, opening

    monkeypatch.setattr(HOLD, "still_free", look_at_nothing)
    monkeypatch.setattr(BOOKING, "ADD_VISIT", add)
    monkeypatch.setattr(HOLD, "_is_clear", lambda *args, **given: True)


@pytest.fixture
def unconstrained(committed):
    """Take out the three constraints, and put them back after the test."""
    with connection.schema_editor() as editor:
        for guard in GUARDS:
            editor.remove_constraint(Appointment, guard)
    try:
        yield
    finally:
        empty_tables()  # they would not go on over what the test leaves
        with connection.schema_editor() as editor:
            for guard in GUARDS:
                editor.add_constraint(Appointment, guard)


def test_with_every_guard_in_place_one_books():
    outcomes = race()

    assert len(won(outcomes)) == Appointment.objects.count() == 1
    assert {type(error) for error in errors(outcomes)} == {actions.TimeTaken}


@pytest.mark.usefixtures("unlocked", "unconstrained")
def test_with_no_guard_everybody_books_the_same_time():
    outcomes = race()

    assert errors(outcomes) == []
    assert len(won(outcomes)) == Appointment.objects.count() == RIVALS


@pytest.mark.usefixtures("unconstrained")
def test_the_lock_alone_lets_one_book():
    outcomes = race()

    assert len(won(outcomes)) == Appointment.objects.count() == 1
    assert {type(error) for error in errors(outcomes)} == {actions.TimeTaken}


@pytest.mark.usefixtures("unlocked")
def test_the_constraint_alone_lets_one_book():
    outcomes = race()

    assert len(won(outcomes)) == Appointment.objects.count() == 1


def test_the_constraints_are_back_after_the_runs_without_them():
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT conname FROM pg_constraint WHERE contype = 'x' AND conrelid = "
            "'appointments_appointment'::regclass"
        )
        names = {name for (name,) in cursor.fetchall()}

    assert names == {guard.name for guard in GUARDS}
    assert len(names) == 3
