"""Two schedulers, or two workers, at one plan at the same moment, in real threads."""

from __future__ import annotations

from threading import Event

import pytest

from appointments.actions import ChangedMeanwhile
from appointments.actions import draft as plans
from appointments.actions import send_draft as sending
from appointments.actions.draw_up import ask_for_draft, draw_up
from appointments.actions.send_draft import send_draft
from appointments.codes import Status
from appointments.models import Appointment, Draft
from appointments.models.planner import Planner
from massage_portal.accounts.roles import Role
from massage_portal.outbox.models import Message
from tests.appointments.plans import morning, planned, rows_of
from tests.factories import NOW, make_user
from tests.threads import PATIENCE, together

pytestmark = pytest.mark.usefixtures("committed")


def test_two_who_send_at_once_send_each_offer_once():
    morning()
    draft = planned()
    people = [make_user(Role.SCHEDULER), make_user(Role.SCHEDULER)]

    outcomes = together(
        *(
            lambda by=by: send_draft(draft=draft, version=1, by=by, now=NOW)
            for by in people
        )
    )

    assert [one.error for one in outcomes] == [None, None]
    assert Appointment.objects.filter(status=Status.PROPOSED).count() == 2
    assert Message.objects.filter(kind="appointments.offer").count() == 2
    assert not draft.offers.exclude(fault="").exists()
    assert not draft.offers.filter(appointment=None).exists()


def test_two_who_ask_at_once_ask_for_one_plan():
    morning()
    people = [make_user(Role.SCHEDULER), make_user(Role.SCHEDULER)]

    outcomes = together(
        *(lambda by=by: ask_for_draft(weeks=1, by=by, now=NOW) for by in people)
    )

    assert [one.error for one in outcomes] == [None, None]
    assert {one.value for one in outcomes} == {Draft.objects.get()}


def test_two_workers_who_are_handed_one_plan_draw_it_up_once(monkeypatch):
    morning()
    asked = ask_for_draft(weeks=1, by=make_user(Role.SCHEDULER), now=NOW)
    begun, draw = [], Planner.draw

    def draw_and_say(planner, **around):
        begun.append(planner)
        return draw(planner, **around)

    monkeypatch.setattr(Planner, "draw", draw_and_say)

    outcomes = together(*2 * [lambda: draw_up(pk=asked.pk, now=NOW)])

    assert [one.error for one in outcomes] == [None, None]
    assert len(begun) == 1
    assert [one.value for one in outcomes if one.value] == [asked]
    assert asked.offers.count() == 2


def test_two_workers_at_one_plan_do_not_send_side_by_side(monkeypatch):
    for most in ("AT_ONCE", "EACH_TURN"):
        monkeypatch.setattr(sending, most, 1)
    morning(therapists=2, rooms=2)
    draft = planned()
    by = make_user(Role.SCHEDULER)
    send_draft(draft=draft, version=1, by=by, now=NOW)
    begun, other_is_done = Event(), Event()
    offer = sending.offer

    def offer_slowly(**what):
        begun.set()
        other_is_done.wait(PATIENCE)
        return offer(**what)

    monkeypatch.setattr(sending, "offer", offer_slowly)

    def first():
        return sending.send_rest(pk=draft.pk, clock=lambda: NOW)

    def second():
        begun.wait(PATIENCE)
        try:
            return first()
        finally:
            other_is_done.set()

    outcomes = together(first, second)

    assert [one.value for one in outcomes] == [True, False]
    assert Appointment.objects.filter(status=Status.PROPOSED).count() == 2


def test_two_who_give_one_time_at_once_give_it_once():
    (first, second), [therapist] = morning(waiting=2)
    draft = planned()
    rows = rows_of(draft)
    eight = rows[first.pk].starts_at
    by = make_user(Role.SCHEDULER)
    asked = {"by": by, "now": NOW}
    plans.strike(row=rows[first.pk], struck=True, version=1, **asked)

    outcomes = together(
        lambda: plans.strike(row=rows[first.pk], struck=False, version=2, **asked),
        lambda: plans.move(
            row=rows[second.pk],
            therapist=therapist.pk,
            starts_at=eight,
            version=2,
            **asked,
        ),
    )

    [lost] = [one.error for one in outcomes if one.error is not None]
    assert isinstance(lost, ChangedMeanwhile)
    starts = [row.starts_at for row in draft.offers.standing()]
    assert len(starts) == len(set(starts))
