"""A plan is sent only if those it left without a time are as it knew them."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest

from appointments import actions
from appointments.actions import draft as plans
from appointments.actions.ask import Availability, NeedAnswers
from appointments.actions.send_draft import PassesOver, send_draft
from appointments.codes import RoleThreat, Status
from massage_portal.accounts.roles import Role
from tests.appointments.plans import morning, planned, planned_anew, waits_of
from tests.factories import (
    DAY,
    NOW,
    make_appointment,
    make_overrule,
    make_target,
    make_user,
)

pytestmark = pytest.mark.django_db
MINUTE = timedelta(minutes=1)
WORST = NeedAnswers(
    pain=10, enjoyment=10, activity=10, role_threat=RoleThreat.NOW, sleep=10
)


def send(draft, *, now=NOW + 10 * MINUTE):
    draft.refresh_from_db()
    by = make_user(Role.SCHEDULER)
    return send_draft(draft=draft, version=draft.version, by=by, now=now)


def is_refused_until_drawn_anew(draft):
    """Say that it is, and that planning the rest again is the way out."""
    with pytest.raises(PassesOver):
        send(draft)
    draft.refresh_from_db()
    assert draft.sent_at is None
    anew = planned_anew(draft, now=NOW + 11 * MINUTE)
    return send(anew, now=NOW + 12 * MINUTE).sent_at is not None


def test_who_got_worse_since_stops_the_sending():
    (_, _, third), _ = morning()
    draft = planned()
    assert set(waits_of(draft)) == {third.pk}
    by = third.patient.user
    actions.report_need(entry=third, need=WORST, by=by, now=NOW + 5 * MINUTE)

    assert is_refused_until_drawn_anew(draft)


def test_whose_overrule_down_has_ended_since_stops_the_sending():
    (first, *_), _ = morning()
    make_overrule(first, 60, computed_days=14)
    draft = planned()
    assert set(waits_of(draft)) == {first.pk}
    by = make_user(Role.LEAD)
    actions.end_overrule(entry=first, version=1, by=by, now=NOW + 5 * MINUTE)

    assert is_refused_until_drawn_anew(draft)


def test_whose_overrule_has_run_out_by_itself_stops_the_sending():
    (first, *_), _ = morning()
    make_overrule(first, 60, computed_days=14, ends_at=NOW + 5 * MINUTE)
    draft = planned()

    assert is_refused_until_drawn_anew(draft)


def test_a_target_newly_in_force_stops_the_sending():
    (first, *_), _ = morning()
    make_overrule(first, 20, computed_days=14)
    draft = planned()
    assert set(waits_of(draft)) == {first.pk}
    make_target(first.category, 100, in_force_from=NOW + 5 * MINUTE)

    # Whom the plan left out counts as before: it is the others who need it less now.
    assert is_refused_until_drawn_anew(draft)


def test_who_can_come_since_stops_the_sending():
    (first, *_), _ = morning()
    type(first).objects.filter(pk=first.pk).update(weekdays="M")
    draft = planned()
    assert waits_of(draft) == {first.pk: "none"}
    any_day = Availability(weekdays="MTWRF", notice_hours=4)
    same = {"by": first.patient.user, "now": NOW + 5 * MINUTE, "version": 1}
    actions.change_availability(entry=first, availability=any_day, **same)

    assert is_refused_until_drawn_anew(draft)


def test_whom_somebody_has_called_since_stops_the_sending():
    (first, *_), (therapist,) = morning()
    where = {"therapist": therapist, "room": therapist.location.room_set.get()}
    declined = {"status": Status.CANCELLED, "ending": "declined", "entry": first}
    for days in (20, 21):
        make_appointment(**declined, starts_at=NOW + days * DAY, **where)
    draft = planned()
    assert waits_of(draft)[first.pk] == "call"
    by = make_user(Role.SCHEDULER)
    actions.record_call(entry=first, by=by, now=NOW + 5 * MINUTE)

    assert is_refused_until_drawn_anew(draft)


def test_whose_answers_change_nothing_of_it_does_not_stop_the_sending():
    (_, _, third), _ = morning()
    draft = planned()
    make_overrule(third, Decimal("13.9"), computed_days=14, starts_at=NOW + MINUTE)

    assert send(draft).sent_at is not None


def test_who_was_struck_is_left_to_the_scheduler():
    (first, *_), _ = morning()
    draft = planned()
    row = draft.offers.get(entry=first)
    by = make_user(Role.SCHEDULER)
    plans.strike(row=row, struck=True, version=1, by=by, now=NOW)
    make_overrule(first, 2, computed_days=14, starts_at=NOW + MINUTE)

    assert send(draft).sent_at is not None


def test_nobody_is_judged_by_the_mere_passing_of_time():
    morning(waiting=5)
    draft = planned()

    assert send(draft, now=NOW + DAY / 4).sent_at is not None
