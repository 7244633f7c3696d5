"""A plan of offers: drawn up, struck, moved, sent once; and what its rules refuse."""

from __future__ import annotations

from datetime import time, timedelta

import pytest
from django.db import IntegrityError, transaction

from appointments import actions
from appointments.actions import draft as plans
from appointments.actions.send_draft import PassesOver, send_draft
from appointments.codes import EntryStatus, Status
from appointments.models import Appointment, Draft, DraftWait
from massage_portal.accounts.roles import Role
from massage_portal.outbox.models import Message
from tests.appointments.plans import (
    morning,
    planned,
    planned_anew,
    rows_of,
    waits_of,
)
from tests.factories import (
    DAY,
    NOW,
    TODAY,
    ZONE,
    at,
    make_appointment,
    make_entry,
    make_overrule,
    make_user,
)

pytestmark = pytest.mark.django_db
TOMORROW = TODAY + DAY
MINUTE = timedelta(minutes=1)


def send(draft, *, now=NOW, version=None):
    by = make_user(Role.SCHEDULER)
    return send_draft(draft=draft, version=version or draft.version, by=by, now=now)


def strike(row, *, struck=True, version=None):
    by = make_user(Role.SCHEDULER)
    version = version or row.draft.version
    return plans.strike(row=row, struck=struck, version=version, by=by, now=NOW)


def test_a_plan_gives_the_times_and_says_who_waits_and_why():
    (first, second, third), (therapist,) = morning()
    never = make_entry(weekdays="M")
    out = make_entry()
    where = {"therapist": therapist, "room": therapist.location.room_set.get()}
    proposed = {"status": Status.PROPOSED, "entry": out}
    make_appointment(**proposed, starts_at=NOW + 9 * DAY, **where)
    unreached = make_entry()
    declined = {"status": Status.CANCELLED, "ending": "declined", "entry": unreached}
    for days in (20, 21):
        make_appointment(**declined, starts_at=NOW + days * DAY, **where)

    draft = planned()

    rows = rows_of(draft)
    times = {(row.therapist, row.starts_at) for row in rows.values()}
    assert set(rows) == {first.pk, second.pk}
    assert times == {(therapist, at(TOMORROW, c)) for c in ("08:00", "09:00")}
    assert waits_of(draft) == {third.pk: "less", never.pk: "none", unreached.pk: "call"}
    assert (
        Appointment.objects.filter(status=Status.PROPOSED).count() == 1
    )  # nothing new
    assert rows[first.pk].waited_days == pytest.approx(20 + 22 / 24)


def test_a_longer_time_that_two_could_use_is_not_wasted_on_the_line():
    """The first in line could come at either time, the second only at the sooner."""
    (first, second), _ = morning(waiting=2)
    second.to_time = time(9, 0)
    second.save()

    draft = planned()

    rows = rows_of(draft)
    assert rows[second.pk].starts_at == at(TOMORROW, "08:00")
    assert rows[first.pk].starts_at == at(TOMORROW, "09:00")
    assert rows[second.pk].line_starts_at is None
    assert rows[first.pk].sooner_days == pytest.approx(-1 / 24)
    balance = draft.balance()
    assert (balance.gain, balance.wait) == (1, 1)
    assert balance.harm < balance.line_harm


def test_sending_holds_each_time_once_and_owes_each_offer_once():
    morning()
    draft = planned()

    send(draft)
    send(draft)  # the button pressed twice

    sent = Appointment.objects.filter(status=Status.PROPOSED)
    assert sent.count() == 2
    assert Message.objects.filter(kind="appointments.offer").count() == 2
    assert set(draft.offers.values_list("appointment", flat=True)) == {
        one.pk for one in sent
    }


def test_what_became_impossible_keeps_its_reason_and_the_others_go_out():
    (first, second, _), (therapist,) = morning()
    draft = planned()
    gone = rows_of(draft)[first.pk]
    make_appointment(
        entry=make_entry(status=EntryStatus.IN_PROGRESS),
        therapist=therapist,
        room=therapist.location.room_set.get(),
        starts_at=gone.starts_at,
    )

    send(draft)

    rows = rows_of(draft)
    assert "just been taken" in rows[first.pk].fault
    assert rows[first.pk].appointment is None
    assert rows[second.pk].appointment.status == Status.PROPOSED


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"weekdays": "M"}, "cannot come at that time"),
        ({"status": EntryStatus.CANCELLED}, "not waiting"),
    ],
)
def test_a_patient_who_changed_their_mind_is_sent_nothing(change, said):
    (first, *_), _ = morning()
    draft = planned()
    type(first).objects.filter(pk=first.pk).update(**change)

    send(draft)

    row = rows_of(draft)[first.pk]
    assert said in row.fault
    assert row.appointment is None


def test_who_came_to_the_line_in_greater_need_stops_the_sending():
    morning()
    draft = planned()
    make_entry(waited_days=60, target_days=14)

    with pytest.raises(PassesOver):
        send(draft, now=NOW + 20 * MINUTE)

    draft.refresh_from_db()
    assert draft.sent_at is None
    assert not Appointment.objects.exists()


def test_who_came_to_the_line_in_lesser_need_does_not():
    morning()
    draft = planned()
    make_entry(waited_days=1, target_days=42)

    assert send(draft).sent_at == NOW


def test_who_is_judged_anew_stops_the_sending_if_the_times_help_them_more():
    (_, _, third), _ = morning()
    draft = planned()
    make_overrule(third, 2, starts_at=NOW + MINUTE)

    with pytest.raises(PassesOver):
        send(draft, now=NOW + 2 * MINUTE)


def test_a_struck_patient_gets_nothing_and_their_time_goes_to_the_next():
    (first, second, third), _ = morning()
    draft = planned()
    strike(rows_of(draft)[first.pk])

    draft.refresh_from_db()
    send(planned_anew(draft))

    rows = rows_of(draft)
    assert {pk for pk, row in rows.items() if row.appointment} == {second.pk, third.pk}
    assert rows[first.pk].struck
    assert rows[first.pk].fault == ""


def test_a_moved_row_stays_and_the_rest_is_planned_around_it():
    (first, second, third), (one, other) = morning(therapists=2)
    first.therapist = one
    first.save()
    draft = planned()
    by = make_user(Role.SCHEDULER)
    taken = {row.starts_at for row in rows_of(draft).values()}
    assert len(taken) == 2  # one room: two of the three
    strike(rows_of(draft)[second.pk])
    draft.refresh_from_db()
    row = rows_of(draft)[first.pk]
    free = rows_of(draft)[second.pk].starts_at
    plans.move(
        row=row,
        therapist=one.pk,
        starts_at=free,
        version=draft.version,
        by=by,
        now=NOW,
    )
    draft.refresh_from_db()
    planned_anew(draft)

    rows = rows_of(draft)
    assert (rows[first.pk].starts_at, rows[first.pk].therapist) == (free, one)
    assert rows[third.pk].starts_at == row.starts_at  # which the first has left
    assert other is not None


def test_moving_gives_only_times_that_the_patient_can_have():
    (first,), (therapist,) = morning(waiting=1)
    draft = planned()
    row = rows_of(draft)[first.pk]
    by = make_user(Role.SCHEDULER)
    same = {"row": row, "by": by, "now": NOW, "therapist": therapist.pk}

    with pytest.raises(actions.TimeTaken):
        plans.move(starts_at=at(TOMORROW, "11:00"), version=1, **same)
    moved = plans.move(starts_at=at(TOMORROW, "09:00"), version=1, **same)

    assert (moved.starts_at, moved.moved) == (at(TOMORROW, "09:00"), True)
    assert moved.harm > row.harm
    draft.refresh_from_db()
    planned_anew(draft)
    assert rows_of(draft)[first.pk].starts_at == at(TOMORROW, "09:00")


def test_a_plan_changed_meanwhile_is_not_changed_or_sent_unread():
    (first, second, _), _ = morning()
    draft = planned()
    strike(rows_of(draft)[first.pk])

    with pytest.raises(actions.ChangedMeanwhile):
        strike(rows_of(draft)[second.pk], version=1)
    with pytest.raises(actions.ChangedMeanwhile):
        planned_anew(draft, version=1)
    with pytest.raises(actions.ChangedMeanwhile):
        send(draft, version=1)
    assert draft.offers.filter(struck=True).count() == 1
    assert not Appointment.objects.exists()


def test_a_new_plan_throws_the_old_one_away():
    morning()
    old = planned()
    planned()

    old.refresh_from_db()
    assert old.dropped_at == NOW
    with pytest.raises(actions.ChangedMeanwhile):
        send(old)


def test_a_plan_is_stale_after_a_quarter_of_an_hour():
    morning()
    draft = planned()

    assert not draft.is_stale(NOW + 15 * MINUTE)
    assert draft.is_stale(NOW + 15 * MINUTE + timedelta.resolution)


def test_the_rules_of_the_tables_hold_by_themselves():
    (first, _, third), _ = morning()
    draft = planned()
    row = rows_of(draft)[first.pk]
    offer = make_appointment()
    broken = {
        "draft_is_sent_only_as_drawn_up": lambda: Draft.objects.update(
            asked_at=NOW, sent_at=NOW, sent_by=draft.made_by
        ),
        "draft_claim_is_whole": lambda: Draft.objects.update(claimed_until=NOW),
        "draft_fails_only_where_it_was_asked_for": lambda: Draft.objects.update(
            failed_at=NOW
        ),
        "draft_sending_is_whole": lambda: Draft.objects.update(sent_at=NOW),
        "draft_offer_is_sent_or_at_fault": lambda: draft.offers.filter(
            pk=row.pk
        ).update(fault="No.", appointment=offer),
        "draft_says_why_one_waits": lambda: DraftWait.objects.update(why="x"),
        "draft_leaves_each_out_once": lambda: DraftWait.objects.create(
            draft=draft, entry=third, target_days=1, harm=1, line_harm=1, why="less"
        ),
        "draft_offers_one_time_to_each": lambda: draft.offers.update(entry=first),
    }
    for name, write in broken.items():
        with pytest.raises(IntegrityError, match=name), transaction.atomic():
            write()


def test_a_row_cannot_be_moved_into_the_time_of_another():
    """With a room for each, it is the therapist who cannot be in two places."""
    (first, second), (therapist,) = morning(waiting=2, rooms=2)
    draft = planned()
    rows = rows_of(draft)
    by = make_user(Role.SCHEDULER)
    for start in ("08:30", f"{rows[second.pk].starts_at.astimezone(ZONE):%H:%M}"):
        with pytest.raises(actions.TimeTaken):
            plans.move(
                row=rows[first.pk],
                therapist=therapist.pk,
                starts_at=at(TOMORROW, start),
                version=1,
                by=by,
                now=NOW,
            )
