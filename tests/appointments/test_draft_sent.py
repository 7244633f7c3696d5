"""The offers of a plan are sent with what was read once, each judged by itself."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from appointments.actions import send_draft as sending
from appointments.codes import Ending, Status
from appointments.models.planner import Planner
from massage_portal.accounts.roles import Role
from tests.appointments.plans import morning, planned, rows_of
from tests.factories import (
    DAY,
    NOW,
    make_appointment,
    make_clinic,
    make_entry,
    make_policy,
    make_user,
)

pytestmark = pytest.mark.django_db


def send(draft):
    by = make_user(Role.SCHEDULER)
    return sending.send_draft(draft=draft, version=draft.version, by=by, now=NOW)


def test_free_time_is_read_once_however_many_offers_are_sent(monkeypatch):
    made, asked = [], {}
    begin = Planner.__init__
    monkeypatch.setattr(
        Planner,
        "__init__",
        lambda *args, **more: made.append(1) or begin(*args, **more),
    )
    make_policy()
    make_clinic(hours=("08:00", "18:00"))
    for number in (2, 6):
        for _ in range(number):
            make_entry()
        draft = planned()
        assert draft.offers.count() == number
        made.clear()
        with CaptureQueriesContext(connection) as sent:
            send(draft)
        asked[number] = (len(made), len(sent))

    assert asked[2][0] == asked[6][0] == 2  # who is passed over, and the sending
    assert (asked[6][1] - asked[2][1]) / 4 <= 40  # statements of one offer


@pytest.mark.parametrize("change", ["hours", "declined", "to be called"])
def test_what_changes_while_the_plan_is_sent_is_heeded(change, monkeypatch):
    """All rows are sent with what was read once; the patient is read under the lock."""
    (first, second, _), (therapist,) = morning()
    draft = planned()
    late = draft.offers.order_by("starts_at").last()
    send_one, sent = sending._send, []

    def changes_after_the_first(row, *given, **more):
        if sent:
            _change(change, late, therapist)
        sent.append(row.entry_id)
        send_one(row, *given, **more)

    monkeypatch.setattr(sending, "_send", changes_after_the_first)

    send(draft)

    rows = rows_of(draft)
    assert len(sent) == 2
    assert {first.pk, second.pk} == set(rows)
    said = "Somebody must call" if change == "to be called" else "cannot come"
    assert said in rows[late.entry_id].fault
    assert rows[sent[0]].appointment.status == Status.PROPOSED


def _change(what, row, therapist):
    if what == "hours":
        type(row.entry).objects.filter(pk=row.entry_id).update(weekdays="M")
        return
    times = [row.starts_at] if what == "declined" else [NOW - DAY, NOW - 2 * DAY]
    for starts_at in times:
        make_appointment(
            entry=row.entry,
            therapist=therapist,
            room=therapist.location.room_set.get(),
            starts_at=starts_at,
            status=Status.CANCELLED,
            ending=Ending.DECLINED,
        )
