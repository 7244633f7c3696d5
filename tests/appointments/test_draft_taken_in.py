"""A struck patient is taken in again: no two rows of a plan ever have one time."""

from __future__ import annotations

from datetime import time, timedelta

import pytest
from django.db import IntegrityError, transaction

from appointments import actions
from appointments.actions import draft as plans
from appointments.actions.send_draft import PassesOver, send_draft
from appointments.codes import EntryStatus, Status
from appointments.models import Appointment, DraftOffer, WaitlistEntry
from massage_portal.accounts.roles import Role
from tests.appointments.pages import signed_in, url
from tests.appointments.plans import morning, planned, planned_anew, rows_of
from tests.factories import (
    DAY,
    NOW,
    TODAY,
    at,
    make_appointment,
    make_category,
    make_entry,
    make_user,
)

TOMORROW = TODAY + DAY
EIGHT, NINE = at(TOMORROW, "08:00"), at(TOMORROW, "09:00")
HOUR, WEEK = timedelta(hours=1), timedelta(weeks=1)
AT_EIGHT = {"from_time": time(8), "to_time": time(9)}
pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def clock(monkeypatch):
    monkeypatch.setattr("django.utils.timezone.now", lambda: NOW)


def strike(draft, entry, *, struck=True):
    draft.refresh_from_db()
    return plans.strike(
        row=rows_of(draft)[entry.pk],
        struck=struck,
        version=draft.version,
        by=make_user(Role.SCHEDULER),
        now=NOW,
    )


def take_in(draft, entry):
    return strike(draft, entry, struck=False)


def move(draft, entry, therapist, starts_at):
    draft.refresh_from_db()
    return plans.move(
        row=rows_of(draft)[entry.pk],
        therapist=therapist.pk,
        starts_at=starts_at,
        version=draft.version,
        by=make_user(Role.SCHEDULER),
        now=NOW,
    )


def no_two_at_one_time(draft, *, rooms):
    """See that therapists are at one row each at any time, and rooms enough."""
    rows = list(draft.offers.standing())
    for one in rows:
        at_once = [
            other
            for other in rows
            if other.starts_at < one.ends_at and one.starts_at < other.ends_at
        ]
        assert len(at_once) <= rooms
        assert len({other.therapist_id for other in at_once}) == len(at_once)
    return True


def test_whose_time_is_free_still_has_it_again():
    (first, _second), _ = morning(waiting=2)
    draft = planned()
    strike(draft, first)

    row = take_in(draft, first)

    assert (row.struck, row.starts_at, row.moved) == (False, EIGHT, False)


def test_whose_time_another_row_has_gets_the_soonest_other_one():
    (first, second), [therapist] = morning(waiting=2)
    draft = planned()
    strike(draft, first)
    move(draft, second, therapist, EIGHT)

    row = take_in(draft, first)

    assert (row.starts_at, row.moved) == (NINE, False)
    assert row.harm == pytest.approx(rows_of(draft)[first.pk].harm)
    assert no_two_at_one_time(draft, rooms=1)
    draft.refresh_from_db()
    by = make_user(Role.SCHEDULER)
    send_draft(draft=draft, version=draft.version, by=by, now=NOW)
    assert Appointment.objects.filter(status=Status.PROPOSED).count() == 2


def send(draft):
    draft.refresh_from_db()
    by = make_user(Role.SCHEDULER)
    return send_draft(draft=draft, version=draft.version, by=by, now=NOW)


def refused_and_planned_anew(draft):
    """See that the plan is not sent, for it passes over somebody; draw it up anew."""
    with pytest.raises(PassesOver):
        send(draft)
    draft.refresh_from_db()
    return planned_anew(draft)


def test_what_the_program_gave_them_instead_is_judged_as_the_plan_is_sent():
    (first, second), [therapist] = morning(waiting=2)
    draft = planned()
    strike(draft, first)
    move(draft, second, therapist, EIGHT)
    urgent = make_category(target_days=1, name="Urgent")
    newcomer = make_entry(waited_days=1, category=urgent, need_score=90)
    assert take_in(draft, first).starts_at == NINE

    anew = refused_and_planned_anew(draft)

    rows = rows_of(anew)
    assert rows[second.pk].starts_at == EIGHT  # by hand, and so it stays
    assert rows[newcomer.pk].starts_at == NINE
    assert send(anew).sent_at is not None


def test_of_a_time_that_was_not_the_plans_own_everybody_is_asked():
    """Of those who can come at eight alone, the plan gave it to the first."""
    _, [therapist] = morning(waiting=0)
    category = make_category(target_days=14, name="Soon")
    first, second, third = (
        make_entry(waited_days=days, category=category, **hours)
        for days, hours in ((20, AT_EIGHT), (19, AT_EIGHT), (18, {}))
    )
    draft = planned()
    assert {key: row.starts_at for key, row in rows_of(draft).items()} == {
        first.pk: EIGHT,
        third.pk: NINE,
    }
    strike(draft, first)
    strike(draft, third)
    make_appointment(therapist=therapist, starts_at=NINE)

    assert take_in(draft, third).starts_at == EIGHT

    anew = refused_and_planned_anew(draft)  # the second would gain more by it

    assert set(rows_of(anew)) == {first.pk, second.pk}


def test_of_the_time_of_an_earlier_drawing_everybody_is_asked():
    (_first, second), [therapist] = morning(waiting=2)
    draft = planned()
    strike(draft, second)
    category = second.category
    make_entry(waited_days=19.5, category=category)
    visit = make_appointment(therapist=therapist, starts_at=NINE)
    draft.refresh_from_db()
    draft = planned_anew(draft)
    visit.delete()

    assert take_in(draft, second).starts_at == NINE

    with pytest.raises(PassesOver):
        send(draft)


def two_weeks():
    """Return four of two mornings, and their plan: of the first come the second and
    the last at one hour only, so the first and the third have the week after."""
    _, [therapist] = morning(waiting=0)
    category = make_category(target_days=14, name="Soon")
    at_nine = {"from_time": time(9), "to_time": time(10)}
    only = {"latest": TOMORROW}
    first, second, third, last = (
        make_entry(waited_days=days, category=category, **wish)
        for days, wish in (
            (25, {}),
            (40, AT_EIGHT | only),
            (5, {}),
            (41, at_nine | only),
        )
    )
    draft = planned(weeks=2)
    assert {key: row.starts_at for key, row in rows_of(draft).items()} == {
        last.pk: NINE,
        second.pk: EIGHT,
        first.pk: EIGHT + WEEK,
        third.pk: NINE + WEEK,
    }
    return draft, (first, second, third), therapist


def test_of_such_a_time_those_are_asked_whom_the_plan_gives_a_later_one():
    draft, (first, second, third), therapist = two_weeks()
    strike(draft, second)
    strike(draft, third)
    make_appointment(therapist=therapist, starts_at=NINE + WEEK)
    assert take_in(draft, third).starts_at == EIGHT  # and the first waits for longer

    anew = refused_and_planned_anew(draft)

    assert rows_of(anew)[first.pk].starts_at == EIGHT
    assert send(anew).sent_at is not None


def test_of_two_rows_whoever_is_judged_anew_may_not_have_the_later_one():
    (_first, second), _ = morning(waiting=2)
    draft = planned()
    assert rows_of(draft)[second.pk].starts_at == NINE
    urgent = make_category(target_days=1, name="Urgent")
    WaitlistEntry.objects.filter(pk=second.pk).update(category=urgent)

    anew = refused_and_planned_anew(draft)

    assert rows_of(anew)[second.pk].starts_at == EIGHT
    assert send(anew).sent_at is not None


def test_an_hour_is_not_taken_from_who_would_have_none_and_lose_more():
    """The first can come at eight alone: who has nine would gain less than is lost."""
    (first, second), _ = morning(waiting=2)
    WaitlistEntry.objects.filter(pk=first.pk).update(**AT_EIGHT)
    draft = planned()
    assert rows_of(draft)[second.pk].starts_at == NINE
    sooner = make_category(target_days=5, name="Sooner")
    WaitlistEntry.objects.filter(pk=second.pk).update(category=sooner)

    assert send(draft).sent_at is not None


def test_where_a_person_moved_them_to_stays_as_they_are_taken_in_again():
    (first, second), [therapist] = morning(waiting=2)
    draft = planned()
    strike(draft, second)
    move(draft, first, therapist, NINE)
    strike(draft, first)

    row = take_in(draft, first)

    assert (row.starts_at, row.moved) == (NINE, True)


def test_the_last_room_at_a_time_is_given_once():
    (first, second), [one, other] = morning(waiting=2, therapists=2)
    draft = planned()
    mine = rows_of(draft)[first.pk].therapist_id
    strike(draft, first)
    move(draft, second, other if mine == one.pk else one, EIGHT)

    row = take_in(draft, first)

    assert row.starts_at >= EIGHT + HOUR
    assert no_two_at_one_time(draft, rooms=1)


def test_whose_time_was_booked_meanwhile_gets_another_one():
    (first, second), [therapist] = morning(waiting=2)
    draft = planned()
    strike(draft, first)
    strike(draft, second)
    make_appointment(therapist=therapist, starts_at=EIGHT)

    assert take_in(draft, first).starts_at == NINE
    with pytest.raises(actions.TimeTaken):
        take_in(draft, second)


def test_for_whom_nothing_is_left_stays_struck():
    (first, second, third), _ = morning()
    draft = planned()
    strike(draft, first)
    draft.refresh_from_db()
    planned_anew(draft)
    assert {second.pk, third.pk} < set(rows_of(draft))

    with pytest.raises(actions.TimeTaken, match="They stay struck, and keep their"):
        take_in(draft, first)

    assert rows_of(draft)[first.pk].struck
    assert no_two_at_one_time(draft, rooms=1)


def test_who_waits_no_more_is_not_taken_in():
    (first, _), _ = morning(waiting=2)
    draft = planned()
    strike(draft, first)
    WaitlistEntry.objects.filter(pk=first.pk).update(status=EntryStatus.CANCELLED)

    with pytest.raises(actions.Refusal, match="is not waiting for a time any more"):
        take_in(draft, first)


def test_who_was_offered_a_time_meanwhile_is_not_taken_in_or_moved():
    (first, second), [therapist] = morning(waiting=2)
    draft = planned()
    strike(draft, first)
    for entry in (first, second):
        make_appointment(entry=entry, status=Status.PROPOSED, starts_at=NOW + 20 * DAY)

    with pytest.raises(plans.CannotCome, match="already has an offer to answer"):
        take_in(draft, first)
    with pytest.raises(plans.CannotCome, match="already has an offer to answer"):
        move(draft, second, therapist, EIGHT)


def test_the_page_says_what_it_did_and_shows_no_time_twice():
    (first, second), [therapist] = morning(waiting=2)
    draft = planned()
    desk = signed_in(make_user(Role.SCHEDULER))
    page = url("draft", draft.pk)
    strike(draft, first)
    move(draft, second, therapist, EIGHT)
    row = rows_of(draft)[first.pk]
    assert desk.get(page).text.count('datetime="2026-10-15 08:00') == 1

    draft.refresh_from_db()
    sent = {"version": draft.version, "do": f"restore-{row.pk}"}
    said = desk.post(page, sent, follow=True).text

    assert "is taken in again for Thu, Oct 15, 9 a.m. CDT, with" in said
    for start in ("08:00", "09:00"):
        assert said.count(f'datetime="2026-10-15 {start}') == 1


def test_the_page_says_why_nobody_could_be_taken_in():
    (first, *_), _ = morning()
    draft = planned()
    strike(draft, first)
    draft.refresh_from_db()
    planned_anew(draft)
    draft.refresh_from_db()
    row = rows_of(draft)[first.pk]
    sent = {"version": draft.version, "do": f"restore-{row.pk}"}

    answer = signed_in(make_user(Role.SCHEDULER)).post(url("draft", draft.pk), sent)

    assert answer.status_code == 409
    assert "no other free time of the plan suits them" in answer.text


def test_the_database_lets_no_two_rows_have_one_time():
    morning(waiting=2)
    draft = planned()
    one, other = draft.offers.order_by("starts_at")
    rows = DraftOffer.objects.filter(pk=other.pk)
    moved = {"starts_at": one.starts_at, "ends_at": one.ends_at}

    with (
        pytest.raises(IntegrityError, match='"draft_gives_each_time_once"'),
        transaction.atomic(),
    ):
        rows.update(**moved)
    assert rows.update(struck=True, **moved) == 1
