"""A room that proves full under its lock costs nobody another that is free."""

from __future__ import annotations

from contextlib import contextmanager
from functools import partial
from importlib import import_module
from threading import Event, Thread

import pytest
from django.db import connection, transaction

from appointments import actions
from appointments.codes import Ending, EntryStatus, Status
from appointments.models import Room, Supply
from massage_portal.accounts.roles import Role
from tests.factories import (
    DAY,
    NOW,
    TODAY,
    at,
    make_appointment,
    make_clinic,
    make_entry,
    make_user,
    opening_at,
)
from tests.threads import errors, together
from tests.turns import ANY_TURN

pytestmark = pytest.mark.usefixtures("committed")

MOVE = import_module("appointments.actions.move")  # the action hides its module
PATIENCE = 30  # seconds
WAITING = "SELECT EXISTS (SELECT FROM pg_locks WHERE NOT granted)"


def until_somebody_waits(over):
    """Return when anybody waits for a lock, or `over` is set."""
    waited = False
    with connection.cursor() as cursor:
        while not waited and not over.wait(0.01):
            cursor.execute(WAITING)
            [waited] = cursor.fetchone()


@contextmanager
def locked_until_waited_for(room, over):
    """Hold a room's lock, as a booking does, until somebody waits or `over` is set."""
    held = Event()

    def hold():
        with transaction.atomic():
            Room.objects.select_for_update(no_key=True).get(pk=room.pk)
            held.set()
            until_somebody_waits(over)
        connection.close()

    thread = Thread(target=hold)
    thread.start()
    assert held.wait(PATIENCE)
    try:
        yield
    finally:
        over.set()
        thread.join(PATIENCE)


def pause_before(monkeypatch, module, name):
    """Have `name` begin only when somebody waits or all is over; return both events."""
    inner, begun, over = getattr(module, name), Event(), Event()

    def late(**asked):
        begun.set()
        until_somebody_waits(over)
        return inner(**asked)

    monkeypatch.setattr(module, name, late)
    return begun, over


def test_a_room_that_fills_meanwhile_costs_nobody_a_free_one_before_it(monkeypatch):
    _, [therapist, other], [low, high] = make_clinic(therapists=2, rooms=2)
    opening = opening_at(therapist, high, at(TODAY + 2 * DAY, "09:00"))
    rooms_for = Supply.rooms_for

    def fills_meanwhile(self, found, technique):
        rooms = rooms_for(self, found, technique)
        fill = partial(
            make_appointment,
            therapist=other,
            room=high,
            starts_at=opening.starts_at,
        )
        [filled] = together(fill)
        assert filled.error is None
        return rooms

    monkeypatch.setattr(Supply, "rooms_for", fills_meanwhile)
    entry, by = make_entry(), make_user(Role.SCHEDULER)

    with locked_until_waited_for(low, Event()):
        made = actions.book(entry=entry, opening=opening, by=by, now=NOW)

    assert made.room == low


def test_who_moves_ends_what_lapsed_only_with_a_room_as_who_books_there_does(
    monkeypatch,
):
    """Else each would wait for what the other holds: the offer, and the therapist."""
    _, [therapist], [room] = make_clinic()
    lapsed_at, free = (opening_at(therapist, room, NOW + n * DAY) for n in (2, 3))
    by, where = make_user(Role.SCHEDULER), {"therapist": therapist, "room": room}
    mine = make_entry(status=EntryStatus.IN_PROGRESS)
    visit = make_appointment(entry=mine, starts_at=NOW + 5 * DAY, **where)
    lapsed = make_appointment(
        entry=mine,
        status=Status.PROPOSED,
        starts_at=lapsed_at.starts_at,
        held_until=NOW,
        replaces=visit,
        **where,
    )
    begun, over = pause_before(monkeypatch, MOVE, "ready")
    given = {"by": by, "now": NOW, "terms": ANY_TURN}
    other = make_entry()

    def book():
        assert begun.wait(PATIENCE)
        try:
            return actions.book(entry=other, opening=lapsed_at, **given)
        finally:
            over.set()

    outcomes = together(
        lambda: actions.move(appointment=visit, opening=free, **given), book
    )

    assert not errors(outcomes)
    moved, booked = (outcome.value for outcome in outcomes)
    assert (moved.starts_at, moved.uid) == (free.starts_at, visit.uid)
    assert booked.starts_at == lapsed_at.starts_at
    lapsed.refresh_from_db()
    assert lapsed.ending == Ending.LAPSED
