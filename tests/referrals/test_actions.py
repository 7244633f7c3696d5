"""A referral is recorded once, judged by its safety answers, cleared, and ended."""

from __future__ import annotations

import uuid
from dataclasses import replace
from functools import partial

import pytest

from massage_portal.accounts.models import Invitation
from massage_portal.accounts.roles import Role
from massage_portal.audit.models import AuditEvent
from massage_portal.outbox.models import Message
from referrals import actions
from referrals.codes import Answer, Status
from referrals.models import Referral
from services.models import Precaution
from tests.factories import (
    DAY,
    NOW,
    TODAY,
    make_diagnosis,
    make_patient,
    make_precaution,
    make_provider,
    make_referral,
    make_technique,
    make_user,
)
from tests.threads import errors, together, won
from tests.trail import owed, trail

STOPPING = {"not-now": Answer.YES}
ASKING = {"clearance": Answer.YES}
HARMLESS = {"tell-therapist": Answer.YES, "clearance": Answer.NO}


@pytest.fixture
def staff(db):
    return make_user(Role.STAFF)


def an_order(**fields):
    values = {
        "priority": "urgent",
        "received_at": NOW - 3 * DAY,
        "valid_from": TODAY,
        "valid_until": TODAY + 90 * DAY,
        "sessions": 6,
        "interval_days": 10,
        "reason": "Neck pain after a fall.",
    }
    for name, make in {
        "provider": make_provider,
        "diagnosis": make_diagnosis,
        "technique": make_technique,
    }.items():
        if name not in fields:
            fields[name] = make()
    return actions.Order(**values | fields)


def refer(patient, *, by, order=None, answers=None, submission=None):
    asked = dict.fromkeys(Precaution.objects.asked(), Answer.NO)
    for meaning, answer in (answers or {}).items():
        asked[make_precaution(meaning=meaning)] = answer
    return actions.record_referral(
        patient=patient,
        order=order or an_order(),
        answers=asked,
        submission=submission or uuid.uuid4(),
        by=by,
        now=NOW,
    )


def test_a_referral_is_recorded_as_the_provider_ordered(staff):
    patient, order = make_patient(), an_order()

    referral = refer(patient, by=staff, order=order)

    referral.refresh_from_db()
    assert referral.patient == patient
    for name in actions.Order.__dataclass_fields__:
        kept = getattr(referral, name)
        kept = tuple(kept.all()) if name == "other_diagnoses" else kept
        assert kept == getattr(order, name), name
    assert (referral.recorded_by, referral.recorded_at) == (staff, NOW)


def test_recording_leaves_a_trail_and_tells_who_can_sign_in(staff):
    patient = make_patient()

    referral = refer(patient, by=staff)

    assert trail(referral) == [(staff.pk, "referral.recorded", patient.pk, ">active")]
    assert owed(referral) == [("referrals.recorded", NOW)]
    assert patient.user.messages.get().expires_at == NOW + 14 * DAY


def test_who_cannot_sign_in_yet_is_invited(staff):
    patient = make_patient(user=make_user(Role.PATIENT, password=None))

    refer(patient, by=staff)

    invitation = Invitation.objects.get(user=patient.user)
    assert owed(invitation) == [("referrals.invitation", NOW)]
    assert patient.user.messages.get().expires_at == invitation.expires_at


def test_who_has_no_account_is_owed_no_message(staff):
    refer(make_patient(account=False), by=staff)

    assert not Message.objects.exists()


@pytest.mark.parametrize(
    ("answers", "status"),
    [
        pytest.param({}, Status.ACTIVE, id="nothing asked"),
        pytest.param(HARMLESS, Status.ACTIVE, id="nothing that hinders"),
        pytest.param(ASKING, Status.ON_HOLD, id="the provider must clear it"),
        pytest.param(STOPPING, Status.ON_HOLD, id="a red flag"),
        pytest.param({"not-now": Answer.UNKNOWN}, Status.ON_HOLD, id="nobody knows"),
    ],
)
def test_the_safety_answers_decide_whether_it_is_in_force(answers, status, staff):
    referral = refer(make_patient(), by=staff, answers=answers)

    assert referral.status == status
    assert trail(referral)[0][3] == f">{status}"


def test_the_safety_answers_are_kept_in_the_words_they_were_asked_in(staff):
    referral = refer(make_patient(), by=staff, answers=ASKING)

    kept = referral.screening_answers.get()
    asked = kept.precaution
    assert (kept.question, kept.meaning) == (asked.question, "clearance")
    assert kept.answer == Answer.YES


def test_a_red_flag_is_told_by_telephone_and_not_by_mail(staff):
    refer(make_patient(), by=staff, answers=STOPPING)

    assert not Message.objects.exists()
    assert not Invitation.objects.exists()


def test_a_referral_that_needs_clearance_is_told_once_it_is_cleared(staff):
    referral = refer(make_patient(), by=staff, answers=ASKING)
    assert owed(referral) == []

    clear(referral, by=staff)

    assert owed(referral) == [("referrals.recorded", NOW)]


def test_the_same_form_sent_again_records_one_referral(staff):
    patient, order, key = make_patient(), an_order(), uuid.uuid4()

    first = refer(patient, by=staff, order=order, submission=key)
    again = refer(patient, by=staff, order=order, submission=key)

    assert again == first
    assert Referral.objects.count() == 1
    assert len(trail(first)) == 1
    assert len(owed(first)) == 1


@pytest.mark.parametrize(
    "other",
    [
        {"sessions": 7},
        {"priority": "routine"},
        {"received_at": NOW - 4 * DAY},
        {"reason": "Something else."},
        {"technique": None},
    ],
    ids=lambda other: next(iter(other)),
)
def test_the_same_form_with_another_order_is_refused(other, staff):
    patient, order, key = make_patient(), an_order(), uuid.uuid4()
    first = refer(patient, by=staff, order=order, submission=key)

    with pytest.raises(actions.OtherBody, match="sent before with other answers"):
        refer(patient, by=staff, order=replace(order, **other), submission=key)

    first.refresh_from_db()
    assert first.sessions == order.sessions
    assert Referral.objects.count() == 1


def test_the_same_form_with_another_safety_answer_is_refused(staff):
    patient, order, key = make_patient(), an_order(), uuid.uuid4()
    flag = make_precaution(meaning="not-now")
    send = partial(
        actions.record_referral,
        patient=patient,
        order=order,
        submission=key,
        by=staff,
        now=NOW,
    )
    first = send(answers={flag: Answer.NO})

    with pytest.raises(actions.OtherBody):
        send(answers={flag: Answer.YES})

    assert send(answers={flag: Answer.NO}) == first
    assert first.screening_answers.get().answer == Answer.NO


def test_the_same_form_for_another_patient_is_refused(staff):
    order, key = an_order(), uuid.uuid4()
    refer(make_patient(), by=staff, order=order, submission=key)

    with pytest.raises(actions.OtherBody):
        refer(make_patient(), by=staff, order=order, submission=key)


def test_a_provider_who_may_not_refer_is_refused(staff):
    order = an_order(provider=make_provider(may_refer_until=TODAY - DAY))

    with pytest.raises(actions.ProviderNotOnRecord, match="not on record as one who"):
        refer(make_patient(), by=staff, order=order)

    assert not Referral.objects.exists()


@pytest.mark.parametrize("status", [Status.ACTIVE, Status.ON_HOLD])
def test_a_second_referral_for_one_diagnosis_leads_to_the_open_one(status, staff):
    first = make_referral(status=status)
    order = an_order(diagnosis=first.diagnosis)

    with pytest.raises(
        actions.AlreadyReferred, match="has an open referral"
    ) as refused:
        refer(first.patient, by=staff, order=order)

    assert refused.value.referral == first
    assert Referral.objects.count() == 1


@pytest.mark.parametrize("status", [Status.REVOKED, Status.COMPLETED])
def test_an_ended_referral_stands_in_no_new_ones_way(status, staff):
    first = make_referral(status=status)
    order = an_order(diagnosis=first.diagnosis)

    assert refer(first.patient, by=staff, order=order).status == Status.ACTIVE


def test_a_referral_for_something_else_is_recorded_beside_it(staff):
    first = make_referral()
    back = make_diagnosis("M54.50", "Low back pain, unspecified")

    refer(first.patient, by=staff, order=an_order(diagnosis=back))

    assert first.patient.referrals.count() == 2


def clear(referral, *, by, name="Dr. Rowan Sampleton", on=TODAY):
    seen = Referral.objects.get(pk=referral.pk).version
    return actions.record_clearance(
        referral=referral,
        cleared_by=name,
        cleared_on=on,
        seen=seen,
        by=by,
        now=NOW,
    )


def test_a_clearance_puts_the_referral_in_force_by_name_and_date(staff):
    referral = refer(make_patient(), by=staff, answers=ASKING)

    clear(referral, by=staff)

    referral.refresh_from_db()
    assert referral.status == Status.ACTIVE
    assert referral.clearance_by == "Dr. Rowan Sampleton"
    assert referral.clearance_on == TODAY
    assert trail(referral)[-1] == (
        staff.pk,
        "referral.cleared",
        referral.patient_id,
        "on-hold>active",
    )


def test_clearing_twice_is_clearing_once(staff):
    referral = refer(make_patient(), by=staff, answers=ASKING)

    for _ in range(2):
        clear(referral, by=staff)

    assert len(trail(referral)) == 2


def test_an_answer_nobody_knew_can_be_cleared_even_of_a_red_flag(staff):
    referral = refer(make_patient(), by=staff, answers={"not-now": Answer.UNKNOWN})

    assert clear(referral, by=staff).status == Status.ACTIVE


def test_a_red_flag_cannot_be_cleared(staff):
    referral = refer(make_patient(), by=staff, answers=STOPPING | ASKING)

    with pytest.raises(actions.NotClearable, match="A red flag was answered with yes"):
        clear(referral, by=staff)

    referral.refresh_from_db()
    assert (referral.status, referral.clearance_by) == (Status.ON_HOLD, "")


@pytest.mark.parametrize(
    "status", [status for status in Status if status != Status.ON_HOLD]
)
def test_only_what_is_on_hold_can_be_cleared(status, staff):
    referral = make_referral(status=status)

    with pytest.raises(actions.NotClearable, match="not waiting for a clearance"):
        clear(referral, by=staff)

    referral.refresh_from_db()
    assert (referral.status, referral.clearance_on) == (status, None)


@pytest.mark.parametrize("status", [Status.ACTIVE, Status.ON_HOLD])
def test_an_open_referral_can_be_withdrawn(status, staff):
    referral = make_referral(status=status)

    actions.revoke(referral=referral, by=staff, now=NOW)

    referral.refresh_from_db()
    assert referral.status == Status.REVOKED
    assert trail(referral) == [
        (staff.pk, "referral.revoked", referral.patient_id, f"{status}>revoked")
    ]


@pytest.mark.parametrize(
    "status", [Status.REVOKED, Status.COMPLETED, Status.ENTERED_IN_ERROR]
)
def test_a_referral_that_has_ended_cannot_be_withdrawn(status, staff):
    referral = make_referral(status=status)

    with pytest.raises(actions.NotClearable, match="has ended already"):
        actions.revoke(referral=referral, by=staff, now=NOW)

    assert trail(referral) == []


def test_completing_twice_is_completing_once(staff):
    referral = make_referral()

    for _ in range(2):
        actions.complete(referral=referral, by=staff, now=NOW)

    referral.refresh_from_db()
    assert referral.status == Status.COMPLETED
    assert trail(referral) == [
        (staff.pk, "referral.completed", referral.patient_id, "active>completed")
    ]


@pytest.mark.usefixtures("committed")
def test_one_form_sent_eight_times_at_once_records_one_referral():
    staff, patient, order, key = (
        make_user(Role.STAFF),
        make_patient(),
        an_order(),
        uuid.uuid4(),
    )
    send = partial(refer, patient, by=staff, order=order, submission=key)

    outcomes = together(*[send] * 8)

    assert errors(outcomes) == []
    assert len(set(won(outcomes))) == Referral.objects.count() == 1
    assert AuditEvent.objects.filter(action="referral.recorded").count() == 1
    assert Message.objects.count() == 1


@pytest.mark.usefixtures("committed")
def test_two_forms_about_one_diagnosis_at_once_record_one_referral():
    staff, patient, order = make_user(Role.STAFF), make_patient(), an_order()

    outcomes = together(*[partial(refer, patient, by=staff, order=order)] * 8)

    [referral] = won(outcomes)
    assert {type(error) for error in errors(outcomes)} == {actions.AlreadyReferred}
    assert {error.referral for error in errors(outcomes)} == {referral}
