"""A patient who waits for two visits is never planned, moved or sent into one time."""

from __future__ import annotations

import pytest

from appointments import actions
from appointments.actions import draft as plans
from appointments.actions.send_draft import send_draft
from appointments.codes import EntryStatus, Status
from appointments.models import DraftOffer
from massage_portal.accounts.roles import Role
from tests.appointments.pages import signed_in, url
from tests.appointments.plans import THURSDAY, planned, planned_anew, rows_of
from tests.factories import (
    DAY,
    NOW,
    TODAY,
    at,
    make_appointment,
    make_clinic,
    make_diagnosis,
    make_entry,
    make_policy,
    make_referral,
    make_user,
)

pytestmark = pytest.mark.django_db
TOMORROW = TODAY + DAY
EIGHT, NINE = at(TOMORROW, "08:00"), at(TOMORROW, "09:00")


@pytest.fixture
def two(monkeypatch):
    """Return a plan of both visits of one patient; two therapists are free for each."""
    monkeypatch.setattr("django.utils.timezone.now", lambda: NOW)
    make_policy()
    make_clinic(therapists=2, rooms=2, hours=("08:00", "10:00"), days=[THURSDAY])
    referral = make_referral(sessions=2)
    for session in (1, 2):
        make_entry(referral=referral, session=session)
    draft = planned()
    first, second = sorted(rows_of(draft).values(), key=lambda row: row.starts_at)
    assert (first.starts_at, second.starts_at) == (EIGHT, NINE)
    return draft, first, second


def other_than(row):
    """Return the other therapist."""
    staff = row.therapist.location.therapist_set
    return staff.exclude(pk=row.therapist_id).get()


def strike(row):
    by = make_user(Role.SCHEDULER)
    plans.strike(row=row, struck=True, version=1, by=by, now=NOW)


def move(row, therapist, starts_at):
    by = make_user(Role.SCHEDULER)
    return plans.move(
        row=row,
        therapist=therapist.pk,
        starts_at=starts_at,
        version=row.draft.version,
        by=by,
        now=NOW,
    )


def listed(draft, row):
    """Return the times that the page of moving a row lists."""
    page = signed_in(make_user(Role.SCHEDULER)).get(url("draft_move", draft.pk, row.pk))
    return {one["opening"].starts_at for one in page.context["choices"]}


@pytest.mark.parametrize("start", ["08:00", "08:30"])
def test_a_row_is_not_moved_into_another_visit_of_its_patient(two, start):
    draft, first, second = two

    with pytest.raises(actions.Refusal, match="is at another visit at that time"):
        move(second, other_than(first), at(TOMORROW, start))

    assert listed(draft, second) <= {NINE}
    strike(first)
    assert {EIGHT, at(TOMORROW, "08:30")} <= listed(draft, second)


def test_a_row_is_not_moved_into_a_visit_that_is_booked(two):
    draft, first, second = two
    pain = make_diagnosis("M54.5", "Low back pain")
    make_appointment(
        entry=make_entry(
            referral=make_referral(patient=first.entry.patient, diagnosis=pain),
            status=EntryStatus.IN_PROGRESS,
        ),
        starts_at=EIGHT,
    )
    strike(first)
    second.draft.refresh_from_db()

    with pytest.raises(actions.Refusal, match="is at another visit at that time"):
        move(second, first.therapist, EIGHT)

    assert listed(draft, second).isdisjoint({EIGHT, at(TOMORROW, "08:30")})


def test_the_rest_is_planned_around_a_row_that_was_moved(two):
    draft, first, second = two
    strike(first)
    second.draft.refresh_from_db()
    move(second, first.therapist, EIGHT)
    draft.offers.filter(pk=first.pk).delete()
    draft.refresh_from_db()

    planned_anew(draft)

    rows = rows_of(draft)
    assert rows[second.entry_id].starts_at == EIGHT
    assert rows[first.entry_id].starts_at == NINE


def test_sending_gives_the_patient_one_of_the_two_times_and_says_so(two):
    """Whatever wrote the rows: here somebody does it past the actions."""
    draft, first, second = two
    other = other_than(first)
    DraftOffer.objects.filter(pk=second.pk).update(
        starts_at=first.starts_at, ends_at=first.ends_at, therapist=other
    )

    send_draft(draft=draft, version=1, by=make_user(Role.SCHEDULER), now=NOW)

    kept = sorted(rows_of(draft).values(), key=lambda row: row.fault)
    assert [row.fault for row in kept] == [
        "",
        "The patient is at another visit at that time.",
    ]
    assert kept[0].appointment.status == Status.PROPOSED
    assert kept[1].appointment is None
