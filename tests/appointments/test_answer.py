"""An offer is accepted, declined or taken back."""

from __future__ import annotations

from datetime import timedelta

import pytest

from appointments import actions
from appointments.codes import Ending, EntryStatus, Status
from massage_portal.accounts.roles import Role
from referrals.codes import Status as ReferralStatus
from referrals.models import Referral
from tests.factories import (
    DAY,
    HOUR,
    NOW,
    TODAY,
    at,
    make_appointment,
    make_clinic,
    make_entry,
    make_policy,
    make_user,
    opening_at,
)
from tests.trail import owed, trail, voided

pytestmark = pytest.mark.django_db

FRIDAY = TODAY + 2 * DAY
FRIDAY_9 = at(FRIDAY, "09:00")
SECOND = timedelta(seconds=1)


@pytest.fixture
def scheduler():
    return make_user(Role.SCHEDULER)


@pytest.fixture
def made():
    """An offer of Friday at 9 to a patient who has waited twelve days."""
    _, [therapist], [room] = make_clinic()
    opening = opening_at(therapist, room, FRIDAY_9)
    return actions.offer(
        entry=make_entry(waited_days=12), opening=opening, by=None, now=NOW
    )


def accept(appointment, *, now=NOW):
    return actions.accept(appointment=appointment, by=appointment.patient.user, now=now)


def test_accepting_books_the_time(made):
    accept(made, now=NOW + HOUR)

    made.refresh_from_db()
    assert (made.status, made.booked_at) == (Status.BOOKED, NOW + HOUR)
    assert made.held_until is None
    entry = made.entry
    entry.refresh_from_db()
    assert (entry.status, entry.version) == (EntryStatus.IN_PROGRESS, 2)
    assert entry.received_at == NOW - 12 * DAY


def test_accepting_leaves_a_trail_and_owes_confirmation_in_place_of_the_offer(made):
    patient = made.patient

    accept(made, now=NOW + HOUR)

    assert trail(made)[-1] == (
        patient.user_id,
        "appointment.booked",
        patient.pk,
        "proposed>booked",
    )
    assert voided(made) == ["appointments.offer", "appointments.lapsing"]
    assert owed(made) == [
        ("appointments.booked", NOW + HOUR),
        ("appointments.reminder", FRIDAY_9 - 24 * HOUR),
    ]


def test_accepting_twice_books_once(made):
    first = accept(made)
    second = accept(made, now=NOW + HOUR)

    assert first == second == made
    assert second.booked_at == NOW
    assert [action for _, action, _, _ in trail(made)].count("appointment.booked") == 1
    assert len(owed(made)) == 2


def test_an_offer_can_be_accepted_to_its_last_second(made):
    accept(made, now=made.held_until - SECOND)

    made.refresh_from_db()
    assert made.status == Status.BOOKED


def _declined(made):
    actions.decline(appointment=made, by=made.patient.user, now=NOW)


def _taken_back(made):
    actions.withdraw_offer(appointment=made, by=make_user(Role.SCHEDULER), now=NOW)


def _swept(made):
    assert actions.lapse_offers(now=made.held_until) == 1


@pytest.mark.parametrize(
    ("happened", "after"),
    [
        pytest.param(_declined, HOUR, id="declined"),
        pytest.param(_taken_back, HOUR, id="taken back"),
        pytest.param(_swept, HOUR, id="ended by the sweep"),
        pytest.param(lambda made: None, 24 * HOUR, id="hold over this very second"),
        pytest.param(lambda made: None, 24 * HOUR + SECOND, id="hold over"),
    ],
)
def test_an_offer_that_has_ended_cannot_be_accepted(happened, after, made):
    happened(made)

    with pytest.raises(actions.OfferGone, match="You have kept your place"):
        accept(made, now=NOW + after)

    made.refresh_from_db()
    assert made.booked_at is None


def test_a_visit_that_has_begun_cannot_be_accepted():
    made = make_appointment(
        status=Status.PROPOSED, starts_at=NOW, held_until=NOW + HOUR
    )

    with pytest.raises(actions.OfferGone):
        accept(made, now=NOW)


def test_accepting_ends_the_other_offers_for_the_same_visit():
    entry = make_entry()
    first, second = (
        make_appointment(
            status=Status.PROPOSED, entry=entry, starts_at=NOW + days * DAY
        )
        for days in (2, 3)
    )

    accept(first)

    second.refresh_from_db()
    assert (second.status, second.ending) == (Status.CANCELLED, Ending.WITHDRAWN)
    assert second.reoffer_owed


def test_a_second_time_for_the_same_visit_is_refused():
    entry = make_entry(status=EntryStatus.IN_PROGRESS)
    make_appointment(entry=entry)
    other = make_appointment(
        status=Status.PROPOSED, entry=entry, starts_at=NOW + 3 * DAY
    )

    with pytest.raises(actions.NotWaiting, match="already have a time for this visit"):
        accept(other)


@pytest.mark.parametrize(
    "change",
    [
        {"status": ReferralStatus.REVOKED},
        {"status": ReferralStatus.ON_HOLD},
        {"valid_until": FRIDAY - DAY},
    ],
    ids=["revoked", "on hold", "cut short"],
)
def test_an_offer_cannot_be_accepted_when_the_referral_covers_it_no_more(change, made):
    Referral.objects.update(**change)

    with pytest.raises(actions.NotWaiting, match="does not cover that day any more"):
        accept(made)

    made.refresh_from_db()
    assert made.status == Status.PROPOSED


@pytest.mark.parametrize(
    ("hours_ahead", "leads"),
    [
        pytest.param(100, [72, 24], id="both ahead"),
        pytest.param(73, [72, 24], id="the first is due within the hour"),
        pytest.param(72, [24], id="the first is due now, with the confirmation"),
        pytest.param(48, [24], id="the first is past"),
        pytest.param(24, [], id="both are past"),
        pytest.param(6, [], id="today"),
    ],
)
def test_reminders_are_owed_while_they_are_still_ahead(hours_ahead, leads):
    starts_at = NOW + hours_ahead * HOUR
    made = make_appointment(status=Status.PROPOSED, starts_at=starts_at)

    accept(made)

    assert owed(made) == [("appointments.booked", NOW)] + [
        ("appointments.reminder", starts_at - lead * HOUR) for lead in leads
    ]
    reminders = made.patient.user.messages.filter(kind="appointments.reminder")
    ends = reminders.order_by("due_at").values_list("expires_at", flat=True)
    assert list(ends) == [starts_at - lead * HOUR for lead in leads[1:]] + [
        starts_at for _last in leads[-1:]
    ]


def test_policy_decides_when_reminders_go():
    make_policy(first_reminder_hours=48, second_reminder_hours=0)
    made = make_appointment(status=Status.PROPOSED, starts_at=NOW + 4 * DAY)

    accept(made)

    assert owed(made)[1:] == [("appointments.reminder", NOW + 2 * DAY)]


ANSWERS = pytest.mark.parametrize(
    ("answer", "ending"),
    [
        pytest.param(actions.decline, Ending.DECLINED, id="declined"),
        pytest.param(actions.withdraw_offer, Ending.WITHDRAWN, id="taken back"),
    ],
)


@ANSWERS
def test_an_unanswered_offer_can_be_ended_and_the_place_is_kept(
    answer, ending, made, scheduler
):
    entry = made.entry

    answer(appointment=made, by=scheduler, now=NOW + HOUR)

    made.refresh_from_db()
    assert (made.status, made.ending) == (Status.CANCELLED, ending)
    assert made.ended_at == NOW + HOUR
    assert made.reoffer_owed
    assert trail(made)[-1] == (
        scheduler.pk,
        f"appointment.{ending.name.lower()}",
        entry.patient_id,
        "proposed>cancelled",
    )
    assert (owed(made), voided(made)) == (
        [],
        ["appointments.offer", "appointments.lapsing"],
    )
    entry.refresh_from_db()
    assert entry.status == EntryStatus.ACCEPTED
    assert entry.received_at == NOW - 12 * DAY


@ANSWERS
def test_ending_an_offer_twice_is_ending_it_once(answer, ending, made, scheduler):
    for hours in (1, 2):
        answer(appointment=made, by=scheduler, now=NOW + hours * HOUR)

    made.refresh_from_db()
    assert made.ended_at == NOW + HOUR
    assert len(trail(made)) == 2


@ANSWERS
def test_a_booking_is_not_ended_as_an_offer_is(answer, ending, made, scheduler):
    accept(made)

    with pytest.raises(actions.OfferGone, match="was accepted"):
        answer(appointment=made, by=scheduler, now=NOW)

    made.refresh_from_db()
    assert made.status == Status.BOOKED
    assert len(owed(made)) == 2


@ANSWERS
def test_an_offer_that_ended_otherwise_cannot_be_ended_again(
    answer, ending, made, scheduler
):
    _swept(made)

    with pytest.raises(actions.OfferGone):
        answer(appointment=made, by=scheduler, now=made.held_until)

    made.refresh_from_db()
    assert made.ending == Ending.LAPSED
