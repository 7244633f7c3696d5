"""Two schedulers send one plan at the same moment, in real threads."""

from __future__ import annotations

from threading import Barrier

import pytest

from appointments.actions.draft import make_draft, send_draft
from appointments.codes import Status
from appointments.models import Appointment, Draft
from appointments.models.planner import Planner
from massage_portal.accounts.roles import Role
from massage_portal.outbox.models import Message
from tests.appointments.plans import morning, planned
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


def test_two_who_draw_up_at_once_leave_one_plan_at_work(monkeypatch):
    morning()
    drawn, draw = Barrier(2), Planner.draw

    def draw_side_by_side(planner):
        plan = draw(planner)
        drawn.wait(PATIENCE)
        return plan

    monkeypatch.setattr(Planner, "draw", draw_side_by_side)
    people = [make_user(Role.SCHEDULER), make_user(Role.SCHEDULER)]

    outcomes = together(
        *(lambda by=by: make_draft(weeks=1, by=by, now=NOW) for by in people)
    )

    assert [one.error for one in outcomes] == [None, None]
    assert Draft.objects.count() == 2
    assert Draft.objects.at_work().count() == 1
