"""A wish that changes while a time is given: real threads, one true state."""

from __future__ import annotations

from functools import partial
from threading import Event
from time import monotonic

import pytest
from django.db import connection, transaction

from appointments import actions
from appointments.models import Appointment
from appointments.wishes import Misfit
from massage_portal.accounts.roles import Role
from massage_portal.audit.models import AuditEvent
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
from tests.threads import PATIENCE, errors, together

pytestmark = pytest.mark.usefixtures("committed")

FRIDAY_9 = at(TODAY + 2 * DAY, "09:00")
CHANGED = "request.availability_changed"
SOMEBODY_WAITS_FOR_US = """
SELECT EXISTS (SELECT FROM pg_locks
    WHERE NOT granted AND pg_backend_pid() = ANY(pg_blocking_pids(pid)))
"""


def friday():
    """Return Friday at 9, with a therapist who works from 8 to 12 and the only room."""
    _, [therapist], [room] = make_clinic()
    return opening_at(therapist, room, FRIDAY_9)


def to_mondays(entry):
    """Return a call by which the patient says that only Mondays suit them."""
    return partial(
        actions.change_availability,
        entry=entry,
        availability=actions.Availability(weekdays="M", notice_hours=4),
        version=entry.version,
        by=entry.patient.user,
        now=NOW,
    )


def ahead_of_who_waits(held, call):
    """Do `call`, and commit it only when somebody waits for its locks."""
    with transaction.atomic(), connection.cursor() as cursor:
        call()
        held.set()
        waited, until = False, monotonic() + PATIENCE
        while not waited:
            assert monotonic() < until
            cursor.execute(SOMEBODY_WAITS_FOR_US)
            [waited] = cursor.fetchone()


def behind(held, call):
    """Do `call` when the other holds its locks."""
    assert held.wait(PATIENCE)
    return call()


@pytest.mark.parametrize("give", [actions.offer, actions.book])
def test_who_waits_for_the_patient_is_judged_by_what_was_said_meanwhile(give):
    opening, entry, held = friday(), make_entry(), Event()
    by = make_user(Role.SCHEDULER)

    outcomes = together(
        lambda: ahead_of_who_waits(held, to_mondays(entry)),
        lambda: behind(
            held, partial(give, entry=entry, opening=opening, by=by, now=NOW)
        ),
    )

    [said] = errors(outcomes)
    assert isinstance(said, actions.NotWished), said
    assert said.misfits == [Misfit.WEEKDAY]
    assert not Appointment.objects.exists()


def test_an_accepted_offer_is_judged_by_what_was_said_meanwhile():
    opening, entry, held = friday(), make_entry(), Event()
    by = make_user(Role.SCHEDULER)
    offer = actions.offer(entry=entry, opening=opening, by=by, now=NOW)

    outcomes = together(
        lambda: ahead_of_who_waits(held, to_mondays(entry)),
        lambda: behind(
            held, partial(actions.accept, appointment=offer, by=by, now=NOW)
        ),
    )

    assert [type(one) for one in errors(outcomes)] == [actions.NotWished]
    offer.refresh_from_db()
    assert offer.is_open_offer(NOW)


@pytest.mark.parametrize("give", [actions.offer, actions.book])
def test_a_wish_and_a_time_at_once_end_in_one_order(give):
    opening, entry = friday(), make_entry()
    by = make_user(Role.SCHEDULER)

    outcomes = together(
        to_mondays(entry),
        partial(give, entry=entry, opening=opening, by=by, now=NOW),
    )

    told = list(AuditEvent.objects.order_by("pk").values_list("action", flat=True))
    if Appointment.objects.exists():  # it was given first
        gave = next(one for one in told if one.startswith("appointment."))
        assert CHANGED not in told or told.index(gave) < told.index(CHANGED)
    else:
        assert [type(one) for one in errors(outcomes)] == [actions.NotWished]


def test_freed_time_goes_to_nobody_whose_wish_changed_as_it_was_offered_on():
    _, [therapist], [room] = make_clinic()
    make_appointment(
        therapist=therapist,
        room=room,
        starts_at=FRIDAY_9,
        status="cancelled",
        reoffer_owed=True,
    )
    entry, other, held = make_entry(waited_days=25), make_entry(), Event()

    outcomes = together(
        lambda: ahead_of_who_waits(held, to_mondays(entry)),
        lambda: behind(held, partial(actions.offer_freed_times, now=NOW)),
    )

    assert errors(outcomes) == []
    offer = Appointment.objects.get(status="proposed")
    assert (offer.entry, offer.agreed_to) == (other, "")
