"""What the tests of `manage.py verify` share: a clinic at work, and what is wrong."""

from __future__ import annotations

from datetime import timedelta

from django.db import connection

from appointments import actions
from appointments.codes import Ending
from appointments.invariants import INVARIANTS
from appointments.reminded import INVARIANTS as REMINDED
from massage_portal.accounts.roles import Role
from massage_portal.outbox.invariants import INVARIANTS as OF_MESSAGES
from referrals.invariants import INVARIANTS as OF_REFERRALS
from tests.factories import (
    DAY,
    HOUR,
    NOW,
    at,
    make_clinic,
    make_entry,
    make_user,
    opening_at,
)

LATER = NOW + timedelta(minutes=5)
MORNING = at(NOW.date() + 2 * DAY, "09:00")


ALL = [*OF_MESSAGES, *OF_REFERRALS, *INVARIANTS, *REMINDED]


def faults(now=NOW, *, but=()):
    """Return what is at fault, by what should hold, `but` some that cannot here."""
    found = {one.says: one.look(now).faults for one in ALL if one not in but}
    return {says: said for says, said in found.items() if said}


def the_fault(now=NOW):
    """Return the one thing that is said of the one rule that is broken."""
    ((says, said),) = faults(now).items()
    return says, *said


def without_constraint(name):
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")  # nothing is left to check
        cursor.execute(f"ALTER TABLE appointments_appointment DROP CONSTRAINT {name}")


def a_life(waited_days=10):
    """Return a visit that was offered, booked, canceled, and booked again at 9."""
    _, [therapist], [room] = make_clinic()
    scheduler = make_user(Role.SCHEDULER)
    entry = make_entry(waited_days=waited_days, notice_hours=1)
    first = opening_at(therapist, room, MORNING + HOUR)
    offered = actions.offer(entry=entry, opening=first, by=scheduler, now=NOW)
    user = entry.patient.user
    booked = actions.accept(appointment=offered, by=user, now=NOW)
    actions.cancel(appointment=booked, ending=Ending.BY_PATIENT, by=user, now=NOW)
    actions.offer_freed_times(now=NOW)
    opening = opening_at(therapist, room, MORNING)
    return actions.book(entry=entry, opening=opening, by=scheduler, now=NOW)
