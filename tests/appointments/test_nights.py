"""At night no offer is sent and none ends; what was freed is offered on as it ends."""

from __future__ import annotations

from datetime import timedelta

import pytest

from appointments import actions
from appointments.codes import Ending
from massage_portal.accounts.roles import Role
from massage_portal.outbox import sending
from tests.appointments.sound import faults
from tests.factories import (
    DAY,
    HOUR,
    NOW,
    TODAY,
    at,
    make_clinic,
    make_entry,
    make_user,
    opening_at,
)
from tests.turns import ANY_TURN

pytestmark = pytest.mark.django_db

EVENING, NIGHT = at(TODAY, "20:59"), at(TODAY, "21:00")
MORNING = at(TODAY + DAY, "08:00")
SECOND = timedelta(seconds=1)


@pytest.fixture
def canceled():
    """Return what books a visit on Friday and cancels it at a moment."""
    _, [therapist], [room] = make_clinic()

    def cancel(now, *, day=2):
        opening = opening_at(therapist, room, at(TODAY + day * DAY, "09:00"))
        visit = actions.book(
            entry=make_entry(),
            opening=opening,
            by=make_user(Role.SCHEDULER),
            now=NOW,
            terms=ANY_TURN,
        )
        user = visit.patient.user
        return actions.cancel(
            appointment=visit, ending=Ending.BY_PATIENT, by=user, now=now
        )

    return cancel


def owed_still(visit):
    visit.refresh_from_db()
    return visit.reoffer_owed


def test_an_offer_made_at_night_is_told_in_the_morning_and_can_be_answered_then(
    mailoutbox,
):
    _, [therapist], [room] = make_clinic()
    opening = opening_at(therapist, room, at(TODAY + DAY, "11:00"))
    made = actions.offer(
        entry=make_entry(), opening=opening, by=make_user(Role.SCHEDULER), now=NIGHT
    )

    sending.send_some(clock=lambda: NIGHT + SECOND)
    assert mailoutbox == []
    assert made.held_until == MORNING + HOUR / 2  # at the least
    sending.send_some(clock=lambda: MORNING)
    assert len(mailoutbox) == 1
    lapsed = made.held_until + SECOND
    assert actions.lapse_offers(now=made.held_until - SECOND) == 0
    assert actions.lapse_offers(now=lapsed) == 1


def test_time_freed_by_day_is_offered_on_at_the_next_sweep(canceled):
    next_in_line = make_entry(waited_days=20)
    canceled(EVENING)

    [made] = actions.offer_freed_times(now=EVENING + 20 * SECOND)

    assert made.entry == next_in_line


def test_time_freed_at_night_is_owed_until_the_morning(canceled):
    next_in_line = make_entry(waited_days=20)
    visit = canceled(NIGHT + 2 * HOUR)

    for moment in (NIGHT + 2 * HOUR, MORNING - SECOND):
        assert actions.offer_freed_times(now=moment) == []
        assert owed_still(visit)
        assert faults(moment) == {}
    [made] = actions.offer_freed_times(now=MORNING)

    assert made.entry == next_in_line
    assert not owed_still(visit)


def test_a_time_too_near_in_the_morning_stays_an_opening(canceled):
    make_entry(waited_days=20, notice_hours=0)
    visit = canceled(NIGHT, day=1)

    assert actions.offer_freed_times(now=MORNING) == []

    assert not owed_still(visit)


def test_a_minute_into_the_morning_it_is_late(canceled):
    canceled(NIGHT)

    assert faults(MORNING + 60 * SECOND) == {}
    [(says, [fault])] = faults(MORNING + 61 * SECOND).items()

    assert says == "no hold or freed time is a minute late"
    assert "61 s ago" in fault


def test_the_night_is_that_of_the_place(canceled):
    visit = canceled(NIGHT)
    place = visit.therapist.location
    place.time_zone = "Pacific/Honolulu"  # where it is afternoon
    place.save()

    actions.offer_freed_times(now=NIGHT)

    assert not owed_still(visit)
