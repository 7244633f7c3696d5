"""A scheduler accepts, questions or declines a request; no work is overwritten."""

from __future__ import annotations

import pytest

from appointments import actions
from appointments.actions.triage import ANSWER_WITHIN
from appointments.codes import Ending, EntryStatus, Status
from appointments.models import WaitlistEntry
from massage_portal.accounts.roles import Role
from massage_portal.outbox.actions import about
from massage_portal.outbox.models import Message
from tests.factories import (
    DAY,
    NOW,
    make_appointment,
    make_category,
    make_clinic,
    make_entry,
    make_patient,
    make_referral,
    make_request,
    make_user,
    opening_at,
)
from tests.trail import owed, trail, voided

pytestmark = pytest.mark.django_db


@pytest.fixture
def scheduler():
    return make_user(Role.SCHEDULER)


def accept(entry, *, by, version=None):
    return actions.triage(
        entry=entry,
        category=make_category(target_days=14),
        version=version or entry.version,
        by=by,
        now=NOW,
    )


def question(entry, *, by, version=None):
    return actions.ask_information(
        entry=entry,
        question="Which shoulder?",
        version=version or entry.version,
        by=by,
        now=NOW,
    )


def decline(entry, *, by, version=None):
    return actions.reject(
        entry=entry,
        reason="Please see your doctor first.",
        version=version or entry.version,
        by=by,
        now=NOW,
    )


EACH = pytest.mark.parametrize("judge", [accept, question, decline])


def test_triage_accepts_a_request_into_a_category_and_moves_no_clock(scheduler):
    entry = make_request(waited_days=9)

    accept(entry, by=scheduler)

    entry.refresh_from_db()
    assert entry.status == EntryStatus.ACCEPTED
    assert (entry.category.target_on(NOW), entry.triaged_at) == (14, NOW)
    assert entry.received_at == NOW - 9 * DAY
    assert entry.version == 2


def test_a_question_keeps_the_patients_place(scheduler):
    entry = make_request(waited_days=9, reply="An older answer.")

    question(entry, by=scheduler)

    entry.refresh_from_db()
    assert entry.status == EntryStatus.ON_HOLD
    assert (entry.note, entry.reply) == ("Which shoulder?", "")
    assert entry.received_at == NOW - 9 * DAY
    assert entry.version == 2


def test_declining_says_why(scheduler):
    entry = make_request()

    decline(entry, by=scheduler)

    entry.refresh_from_db()
    assert entry.status == EntryStatus.REJECTED
    assert entry.note == "Please see your doctor first."
    assert entry.version == 2


@pytest.mark.parametrize(
    ("judge", "action", "to"),
    [
        (accept, "request.triaged", "accepted"),
        (question, "request.questioned", "on-hold"),
        (decline, "request.rejected", "rejected"),
    ],
)
def test_each_judgment_leaves_a_trail_and_tells_the_patient(
    judge, action, to, scheduler
):
    entry = make_request()

    judge(entry, by=scheduler)

    assert trail(entry) == [(scheduler.pk, action, entry.patient_id, f"requested>{to}")]
    assert owed(entry) == [(f"appointments.{to}", NOW)]
    message = entry.patient.user.messages.get()
    assert message.expires_at == NOW + ANSWER_WITHIN


@EACH
def test_a_patient_without_an_account_is_told_by_telephone(judge, scheduler):
    patient = make_patient(account=False)
    entry = make_request(referral=make_referral(patient=patient))

    judge(entry, by=scheduler)

    news = [] if judge is accept else [None]  # good news can wait
    messages = Message.objects.filter(about=about(entry))
    assert list(messages.values_list("recipient", flat=True)) == news
    assert len(trail(entry)) == 1


def test_every_question_of_a_long_exchange_is_told(scheduler):
    entry = make_request()
    user = entry.patient.user

    entry = question(entry, by=scheduler)
    entry = actions.reply(entry=entry, words="The left one.", by=user, now=NOW)
    question(entry, by=scheduler)

    assert owed(entry) == [("appointments.on-hold", NOW)]
    assert voided(entry) == ["appointments.on-hold"]  # it was answered before it went


def test_a_question_ends_when_the_request_is_accepted(scheduler):
    entry = question(make_request(), by=scheduler)

    accept(entry, by=scheduler)

    entry.refresh_from_db()
    assert (entry.status, entry.note) == (EntryStatus.ACCEPTED, "")


def test_a_second_question_waits_for_the_answer_to_the_first(scheduler):
    entry = question(make_request(), by=scheduler)

    with pytest.raises(actions.NotTriageable, match="question is already open"):
        question(entry, by=scheduler)

    assert len(trail(entry)) == 1


def test_another_category_moves_one_who_waits_and_takes_no_offer_away(scheduler):
    _, [therapist], [room] = make_clinic()
    entry = make_entry(waited_days=9, target_days=42)
    opening = opening_at(therapist, room, NOW + 2 * DAY)
    offer = actions.offer(entry=entry, opening=opening, by=scheduler, now=NOW)

    accept(entry, by=scheduler)

    entry.refresh_from_db()
    assert (entry.category.target_on(NOW), entry.version) == (14, 2)
    assert entry.received_at == NOW - 9 * DAY
    assert trail(entry) == [
        (
            scheduler.pk,
            "request.retriaged",
            entry.patient_id,
            entry.category.name,
        )
    ]
    assert owed(entry) == []
    offer.refresh_from_db()
    assert offer.status == Status.PROPOSED


@pytest.mark.parametrize("judge", [question, decline])
def test_who_waits_no_more_loses_the_open_offer(judge, scheduler):
    _, [therapist], [room] = make_clinic()
    entry = make_entry()
    opening = opening_at(therapist, room, NOW + 2 * DAY)
    offer = actions.offer(entry=entry, opening=opening, by=scheduler, now=NOW)

    judge(entry, by=scheduler)

    offer.refresh_from_db()
    assert (offer.status, offer.ending) == (Status.CANCELLED, Ending.WITHDRAWN)
    assert offer.reoffer_owed
    assert voided(offer) == ["appointments.offer", "appointments.lapsing"]


@EACH
def test_who_judges_what_has_changed_meanwhile_is_told_so(judge, scheduler):
    entry = make_request()
    accept(entry, by=scheduler)
    before = WaitlistEntry.objects.values().get(pk=entry.pk)

    with pytest.raises(actions.ChangedMeanwhile, match="judge again"):
        judge(entry, by=make_user(Role.SCHEDULER), version=1)

    assert WaitlistEntry.objects.values().get(pk=entry.pk) == before
    assert len(trail(entry)) == 1
    assert len(owed(entry)) == 1


@EACH
@pytest.mark.parametrize(
    "status",
    [
        EntryStatus.IN_PROGRESS,
        EntryStatus.COMPLETED,
        EntryStatus.REJECTED,
        EntryStatus.CANCELLED,
    ],
)
def test_a_request_that_is_booked_or_over_is_past_triage(judge, status, scheduler):
    entry = make_entry(status=status)

    with pytest.raises(actions.NotTriageable, match="can no longer be triaged"):
        judge(entry, by=scheduler)

    entry.refresh_from_db()
    assert (entry.status, entry.version) == (status, 1)
    assert trail(entry) == []


@pytest.mark.parametrize("judge", [question, decline])
def test_judging_one_request_leaves_another_patients_offer_alone(judge, scheduler):
    theirs = make_appointment(status=Status.PROPOSED)

    judge(make_request(), by=scheduler)

    theirs.refresh_from_db()
    assert theirs.status == Status.PROPOSED
