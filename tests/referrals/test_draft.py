"""A referral that arrived without safety answers is completed before it counts."""

from __future__ import annotations

from functools import partial

import pytest
from django.test import Client
from django.urls import reverse

from appointments import actions as appointments
from massage_portal.accounts.roles import Role
from massage_portal.audit.models import AuditEvent
from massage_portal.outbox.models import Message
from referrals import actions
from referrals.codes import Answer, Status
from referrals.models import Referral
from tests.factories import (
    DAY,
    NOW,
    TODAY,
    make_diagnosis,
    make_insurer,
    make_patient,
    make_precaution,
    make_provider,
    make_referral,
    make_user,
)
from tests.threads import errors, together, won
from tests.trail import owed, trail


@pytest.fixture(autouse=True)
def clock(monkeypatch):
    """The views' clock stands at NOW, at which the rows are made."""
    monkeypatch.setattr("django.utils.timezone.now", lambda: NOW)


@pytest.fixture
def staff(db):
    return make_user(Role.STAFF)


def complete(draft, answers, *, by, **fields):
    return actions.complete_draft(
        referral=draft, answers=answers, by=by, now=NOW, **fields
    )


@pytest.mark.parametrize(
    ("meaning", "answer", "status"),
    [
        ("clearance", Answer.NO, Status.ACTIVE),
        ("tell-therapist", Answer.YES, Status.ACTIVE),
        ("clearance", Answer.YES, Status.ON_HOLD),
        ("not-now", Answer.YES, Status.ON_HOLD),
        ("not-now", Answer.UNKNOWN, Status.ON_HOLD),
    ],
)
def test_the_answers_decide_where_a_draft_goes(meaning, answer, status, staff):
    draft = make_referral(status=Status.DRAFT)
    asked = make_precaution(meaning=meaning)

    complete(draft, {asked: answer}, by=staff)

    draft.refresh_from_db()
    kept = draft.screening_answers.get()
    assert draft.status == status
    assert (kept.answer, kept.version, kept.round) == (answer, 1, 1)
    assert (kept.asked_at, kept.asked_by) == (NOW, staff)
    assert trail(draft) == [
        (staff.pk, "referral.draft_completed", draft.patient_id, f"draft>{status}")
    ]


def test_its_patient_is_told_as_of_any_new_referral(staff):
    draft = make_referral(status=Status.DRAFT)

    complete(draft, {}, by=staff)

    assert owed(draft) == [("referrals.recorded", NOW)]
    assert draft.plans.get().number == 1


def test_nobody_is_told_of_one_on_hold(staff):
    asked = make_precaution(meaning="clearance")

    complete(make_referral(status=Status.DRAFT), {asked: Answer.YES}, by=staff)

    assert not Message.objects.exists()


def test_the_insurer_may_be_said_now_and_is_kept_if_not(staff):
    known, other = make_insurer(), make_insurer()
    first = make_referral(status=Status.DRAFT, insurer=known)
    second = make_referral(status=Status.DRAFT, insurer=known)

    complete(first, {}, by=staff)
    complete(second, {}, by=staff, insurer=other)

    for draft, insurer in ((first, known), (second, other)):
        draft.refresh_from_db()
        assert draft.insurer == insurer


def test_completing_twice_is_completing_once(staff):
    draft, asked = make_referral(status=Status.DRAFT), make_precaution()

    for _ in range(2):
        complete(draft, {asked: Answer.NO}, by=staff)

    assert draft.screening_answers.count() == 1
    assert len(trail(draft)) == len(owed(draft)) == 1


@pytest.mark.parametrize("status", [one for one in Status if one != Status.DRAFT])
def test_only_a_draft_is_completed(status, staff):
    referral, asked = make_referral(status=status), make_precaution()

    with pytest.raises(actions.NotADraft, match="completed or ended already"):
        complete(referral, {asked: Answer.NO}, by=staff)

    assert not referral.screening_answers.exists()


def test_a_draft_with_an_open_twin_leads_to_that_one(staff):
    twin = make_referral()
    draft = make_referral(
        status=Status.DRAFT, patient=twin.patient, diagnosis=twin.diagnosis
    )

    with pytest.raises(actions.AlreadyReferred) as refused:
        complete(draft, {}, by=staff)

    draft.refresh_from_db()
    assert (refused.value.referral, draft.status) == (twin, Status.DRAFT)


def test_a_twin_past_its_end_gives_way(staff):
    twin = make_referral(valid_until=TODAY - DAY, valid_from=TODAY - 90 * DAY)
    draft = make_referral(
        status=Status.DRAFT, patient=twin.patient, diagnosis=twin.diagnosis
    )

    complete(draft, {}, by=staff)

    twin.refresh_from_db()
    draft.refresh_from_db()
    assert (twin.status, draft.status) == (Status.REVOKED, Status.ACTIVE)


def test_a_draft_of_one_who_may_not_refer_stays_a_draft(staff):
    gone = make_provider(may_refer_until=TODAY - DAY)
    draft = make_referral(status=Status.DRAFT, provider=gone)

    with pytest.raises(actions.ProviderNotOnRecord):
        complete(draft, {}, by=staff)


def test_a_draft_answers_what_its_diagnoses_ask_for(staff):
    asked = make_precaution(diagnoses="C")
    draft = make_referral(status=Status.DRAFT)
    draft.other_diagnoses.add(make_diagnosis("C50.911", "Breast"))

    with pytest.raises(actions.ScreeningIncomplete):
        complete(draft, {}, by=staff)

    assert complete(draft, {asked: Answer.NO}, by=staff).status == Status.ACTIVE


@pytest.mark.usefixtures("committed")
def test_eight_who_complete_one_draft_at_once_complete_it_once():
    staff, draft = make_user(Role.STAFF), make_referral(status=Status.DRAFT)
    asked = make_precaution()

    outcomes = together(*[partial(complete, draft, {asked: Answer.NO}, by=staff)] * 8)

    assert errors(outcomes) == []
    assert draft.screening_answers.count() == 1
    assert AuditEvent.objects.filter(action="referral.draft_completed").count() == 1


@pytest.mark.usefixtures("committed")
def test_of_two_drafts_for_one_diagnosis_one_is_put_in_force():
    staff, patient = make_user(Role.STAFF), make_patient()
    drafts = [make_referral(status=Status.DRAFT, patient=patient) for _ in range(2)]

    outcomes = together(*[partial(complete, one, {}, by=staff) for one in drafts])

    assert len(won(outcomes)) == 1
    assert [type(one) for one in errors(outcomes)] == [actions.AlreadyReferred]
    assert Referral.objects.filter(status=Status.ACTIVE).count() == 1


@pytest.mark.django_db
def test_a_draft_cannot_be_asked_for():
    draft = make_referral(status=Status.DRAFT)

    with pytest.raises(appointments.ReferralNotInForce):
        appointments.ask(
            referral=draft,
            availability=appointments.Availability(),
            need=appointments.NeedAnswers(3, 3, 3, "none", 3),
            by=draft.patient.user,
            now=NOW,
            today=TODAY,
        )


@pytest.fixture
def desk(staff):
    client = Client()
    client.force_login(staff)
    return client


def test_the_page_shows_the_order_and_completes_it(desk):
    insurer, asked = make_insurer(), make_precaution()
    draft = make_referral(status=Status.DRAFT, reason="As it came.", goals="To walk.")
    own, url = (
        reverse(f"referrals:{name}", args=[draft.pk])
        for name in ("referral", "complete")
    )
    assert f'href="{url}"' in desk.get(own).content.decode()
    page = desk.get(url).content.decode()
    for words in ("As it came.", "To walk.", asked.question, draft.provider.department):
        assert words in page

    empty = desk.post(url, {"insurer": "No such company"})
    filled = {f"precaution_{asked.pk}": "no", "insurer": insurer.name}
    done = desk.post(url, filled)

    assert empty.status_code == 422
    assert "No insurer on record has this name." in empty.content.decode()
    assert (done.status_code, done["Location"]) == (302, own)
    draft.refresh_from_db()
    assert (draft.status, draft.insurer) == (Status.ACTIVE, insurer)
    assert desk.get(url)["Location"] == own
    assert f'href="{url}"' not in desk.get(own).content.decode()


def test_the_page_of_a_draft_with_an_open_twin_leads_there(desk):
    twin = make_referral()
    draft = make_referral(
        status=Status.DRAFT, patient=twin.patient, diagnosis=twin.diagnosis
    )

    answer = desk.post(reverse("referrals:complete", args=[draft.pk]), {})

    link = reverse("referrals:referral", args=[twin.pk])
    assert answer.status_code == 422
    assert f'href="{link}"' in answer.content.decode()
    assert AuditEvent.objects.filter(
        action="referral.seen", record_id=str(draft.pk)
    ).exists()
