"""A room that proves full under its lock costs nobody another that is free."""

from __future__ import annotations

from contextlib import contextmanager
from functools import partial
from threading import Event, Thread

import pytest
from django.db import connection, transaction

from appointments import actions
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
from tests.threads import together

pytestmark = pytest.mark.usefixtures("committed")

PATIENCE = 30  # seconds
WAITING = "SELECT EXISTS (SELECT FROM pg_locks WHERE NOT granted)"


@contextmanager
def locked_until_waited_for(room, over):
    """Hold a room's lock, as a booking does, until somebody waits or `over` is set."""
    held = Event()

    def hold():
        with transaction.atomic(), connection.cursor() as cursor:
            Room.objects.select_for_update(no_key=True).get(pk=room.pk)
            held.set()
            waited = False
            while not waited and not over.wait(0.01):
                cursor.execute(WAITING)
                [waited] = cursor.fetchone()
        connection.close()

    thread = Thread(target=hold)
    thread.start()
    assert held.wait(PATIENCE)
    try:
        yield
    finally:
        over.set()
        thread.join(PATIENCE)


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
