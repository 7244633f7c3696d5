"""A patient asks for a visit, answers the clinic's question, or withdraws."""

from __future__ import annotations

from datetime import time, timedelta

import pytest

from appointments import actions
from appointments.actions import Availability, NeedAnswers
from appointments.codes import Ending, EntryStatus, RoleThreat, Status
from appointments.models import NeedReport, WaitlistEntry
from referrals.codes import Status as ReferralStatus
from tests.factories import (
    DAY,
    HOUR,
    NOW,
    TODAY,
    make_appointment,
    make_clinic,
    make_entry,
    make_referral,
    make_request,
    opening_at,
)
from tests.trail import owed, trail, voided

pytestmark = pytest.mark.django_db

NEED = NeedAnswers(
    pain=6, enjoyment=4, activity=7, role_threat=RoleThreat.NOT_YET, sleep=5
)
NEED_SCORE = 59  # 6 * 4 + (4 + 7) * 1.5 + 13 + 5 is 58.5, rounded half up


def ask(referral, *, by=None, today=TODAY, now=NOW, **availability):
    return actions.ask(
        referral=referral,
        availability=Availability(**availability),
        need=NEED,
        by=by or referral.patient.user,
        now=now,
        today=today,
    )


def test_asking_puts_the_first_visit_on_the_list_from_the_day_of_the_referral():
    referral = make_referral(received_at=NOW - 17 * DAY)

    entry = ask(referral)

    entry.refresh_from_db()
    assert entry.status == EntryStatus.REQUESTED
    assert entry.received_at == NOW - 17 * DAY
    assert entry.asked_at == NOW
    assert (entry.patient_id, entry.session) == (referral.patient_id, 1)
    assert (entry.category, entry.triaged_at) == (None, None)


def test_asking_keeps_when_the_patient_can_come():
    _, [therapist], _ = make_clinic()

    entry = ask(
        make_referral(),
        weekdays="MWF",
        from_time=time(9, 0),
        to_time=time(13, 30),
        earliest=TODAY,
        latest=TODAY + 30 * DAY,
        therapist=therapist,
        notice_hours=48,
    )

    entry.refresh_from_db()
    assert entry.weekdays == "MWF"
    assert (entry.from_time, entry.to_time) == (time(9, 0), time(13, 30))
    assert (entry.earliest, entry.latest) == (TODAY, TODAY + 30 * DAY)
    assert (entry.therapist, entry.notice_hours) == (therapist, 48)


def test_the_need_is_reported_in_the_patients_own_answers_and_scored():
    referral = make_referral()

    entry = ask(referral)

    report = NeedReport.objects.get(entry=entry)
    assert (report.reported_by, report.reported_at) == (referral.patient.user, NOW)
    assert (report.pain, report.enjoyment, report.activity) == (6, 4, 7)
    assert (report.role_threat, report.sleep) == (13, 5)
    assert entry.need_score == NEED_SCORE


def test_asking_leaves_a_trail_and_owes_word_that_it_came_in():
    referral = make_referral()
    patient = referral.patient

    entry = ask(referral)

    assert trail(entry) == [(patient.user_id, "request.made", patient.pk, ">requested")]
    assert owed(entry) == [("appointments.requested", NOW)]


@pytest.mark.parametrize(
    "status",
    [EntryStatus.REQUESTED, EntryStatus.ON_HOLD, EntryStatus.ACCEPTED],
)
def test_asking_again_leads_to_the_request_that_is_open(status):
    referral = make_referral(sessions=3)
    first = make_entry(referral=referral, status=status)

    with pytest.raises(actions.AlreadyAsked, match="already asked") as refused:
        ask(referral)

    assert refused.value.entry == first
    assert WaitlistEntry.objects.count() == 1
    assert not NeedReport.objects.exists()


def test_a_booked_visit_is_an_open_request_too():
    referral = make_referral(sessions=3)
    make_entry(referral=referral, status=EntryStatus.IN_PROGRESS)

    with pytest.raises(actions.AlreadyAsked):
        ask(referral)


@pytest.mark.parametrize(
    "status",
    [
        ReferralStatus.ON_HOLD,
        ReferralStatus.REVOKED,
        ReferralStatus.COMPLETED,
        ReferralStatus.ENTERED_IN_ERROR,
    ],
)
def test_a_referral_that_is_not_active_cannot_be_asked_with(status):
    with pytest.raises(actions.ReferralNotInForce, match="Please call the clinic"):
        ask(make_referral(status=status))

    assert not WaitlistEntry.objects.exists()


def test_the_last_day_of_a_referral_still_allows_asking():
    referral = make_referral(valid_until=TODAY)

    assert ask(referral, today=TODAY).referral == referral


def test_the_day_after_its_end_a_referral_cannot_be_asked_with():
    referral = make_referral(valid_until=TODAY)

    with pytest.raises(actions.ReferralNotInForce):
        ask(referral, today=TODAY + DAY)


@pytest.mark.parametrize("sessions", [1, 2])
def test_no_more_visits_can_be_asked_for_than_the_referral_authorizes(sessions):
    referral = make_referral(sessions=sessions)
    for session in range(1, sessions + 1):
        make_entry(referral=referral, session=session, status=EntryStatus.COMPLETED)

    with pytest.raises(actions.NoSessionLeft, match="used all the visits"):
        ask(referral)

    assert referral.waitlist_entries.count() == sessions


def test_the_visit_after_one_that_is_over_is_the_next_of_the_plan():
    referral = make_referral(sessions=2)
    make_entry(referral=referral, session=1, status=EntryStatus.COMPLETED)

    assert ask(referral).session == 2


@pytest.mark.parametrize("status", [EntryStatus.REJECTED, EntryStatus.CANCELLED])
def test_a_request_that_came_to_nothing_uses_no_visit_and_costs_no_place(status):
    referral = make_referral(received_at=NOW - 30 * DAY)
    make_entry(referral=referral, status=status)

    again = ask(referral, now=NOW)

    assert again.session == 1
    assert again.received_at == NOW - 30 * DAY


def test_an_answer_sends_the_request_back_to_be_read_in_its_old_place():
    entry = make_request(waited_days=12)
    WaitlistEntry.objects.filter(pk=entry.pk).update(
        status=EntryStatus.ON_HOLD, note="Which shoulder?"
    )
    patient = entry.patient

    actions.reply(entry=entry, words="The left one.", by=patient.user, now=NOW)

    entry.refresh_from_db()
    assert entry.status == EntryStatus.REQUESTED
    assert (entry.note, entry.reply) == ("Which shoulder?", "The left one.")
    assert entry.received_at == NOW - 12 * DAY
    assert entry.version == 2
    assert trail(entry) == [
        (patient.user_id, "request.answered", patient.pk, "on-hold>requested")
    ]


@pytest.mark.parametrize(
    "status", [status for status in EntryStatus if status != EntryStatus.ON_HOLD]
)
def test_there_is_nothing_to_answer_unless_the_clinic_asked(status):
    entry = make_entry(status=status)

    with pytest.raises(actions.NotAskable, match="no open question"):
        actions.reply(entry=entry, words="Hello", by=entry.patient.user, now=NOW)

    entry.refresh_from_db()
    assert (entry.status, entry.reply, entry.version) == (status, "", 1)


@pytest.mark.parametrize(
    "status",
    [EntryStatus.REQUESTED, EntryStatus.ON_HOLD, EntryStatus.ACCEPTED],
)
def test_a_request_can_be_withdrawn_until_a_time_is_booked(status):
    entry = make_entry(status=status)
    patient = entry.patient

    actions.withdraw(entry=entry, by=patient.user, now=NOW)

    entry.refresh_from_db()
    assert (entry.status, entry.version) == (EntryStatus.CANCELLED, 2)
    assert trail(entry) == [
        (patient.user_id, "request.withdrawn", patient.pk, f"{status}>cancelled")
    ]


def test_withdrawing_twice_is_one_withdrawal():
    entry = make_entry()
    user = entry.patient.user

    for _ in range(2):
        actions.withdraw(entry=entry, by=user, now=NOW)

    entry.refresh_from_db()
    assert entry.version == 2
    assert len(trail(entry)) == 1


def test_withdrawing_ends_the_open_offer_and_its_message_and_frees_its_time():
    _, [therapist], [room] = make_clinic()
    entry = make_entry()
    offer = actions.offer(
        entry=entry,
        opening=opening_at(therapist, room, NOW + 2 * DAY),
        by=None,
        now=NOW,
    )

    actions.withdraw(entry=entry, by=entry.patient.user, now=NOW + HOUR)

    offer.refresh_from_db()
    assert (offer.status, offer.ending) == (Status.CANCELLED, Ending.WITHDRAWN)
    assert offer.ended_at == NOW + HOUR
    assert offer.reoffer_owed
    assert owed(offer) == []
    assert voided(offer) == ["appointments.offer", "appointments.lapsing"]


@pytest.mark.parametrize(
    "status",
    [EntryStatus.IN_PROGRESS, EntryStatus.COMPLETED, EntryStatus.REJECTED],
)
def test_a_request_that_is_booked_or_over_cannot_be_withdrawn(status):
    entry = make_entry(status=status)

    with pytest.raises(actions.NotAskable, match="can no longer be withdrawn"):
        actions.withdraw(entry=entry, by=entry.patient.user, now=NOW)

    entry.refresh_from_db()
    assert (entry.status, entry.version) == (status, 1)
    assert trail(entry) == []


def test_withdrawing_one_request_leaves_another_patients_offer_alone():
    theirs = make_appointment(
        status=Status.PROPOSED, held_until=NOW + timedelta(hours=5)
    )

    mine = make_entry()
    actions.withdraw(entry=mine, by=mine.patient.user, now=NOW)

    theirs.refresh_from_db()
    assert theirs.status == Status.PROPOSED
