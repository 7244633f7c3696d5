"""What the database itself refuses of referrals, each constraint by its name."""

from __future__ import annotations

import pytest
from django.db import IntegrityError, InternalError, transaction

from referrals.codes import TRANSITIONS, Answer, Priority, Status
from referrals.models import Provider, ScreeningAnswer
from tests.factories import (
    DAY,
    TODAY,
    make_diagnosis,
    make_patient,
    make_precaution,
    make_provider,
    make_referral,
)

pytestmark = pytest.mark.django_db

OPEN = [Status.ACTIVE, Status.ON_HOLD]


def change(row, **fields):
    """Change a saved row by one bare UPDATE, past all of our own code."""
    return type(row).objects.filter(pk=row.pk).update(**fields)


def test_a_record_number_is_one_patient_in_any_case():
    make_patient(record_number="R-1042a", account=False)
    assert make_patient(record_number="R-1042b", account=False).pk

    with pytest.raises(IntegrityError, match='"patient_record_number_is_unique"'):
        make_patient(record_number="r-1042A", account=False)


@pytest.mark.parametrize("part", ["given_name", "family_name"])
def test_a_patient_has_both_names(part):
    assert make_patient(account=False, **{part: "O"}).pk

    with pytest.raises(IntegrityError, match='"patient_has_a_name"'):
        make_patient(account=False, **{part: ""})


@pytest.mark.parametrize(
    "npi",
    ["", "123456789", "3234567899", "123456789x", "123456789\u0663", "123456789\n"],
)
def test_a_provider_has_ten_digits_that_begin_with_1_or_2(npi):
    kept = [make_provider(npi=good).npi for good in ("1234567893", "2000000002")]
    assert kept == ["1234567893", "2000000002"]

    with pytest.raises(IntegrityError, match='"provider_npi_has_ten_digits"'):
        make_provider(npi=npi)


def test_providers_who_may_refer_come_by_name_and_others_not_at_all():
    make_provider(family_name="Aaronson", may_refer_until=TODAY - DAY)
    second = make_provider(family_name="Sampleton", given_name="Yael")
    first = make_provider(family_name="Sampleton", given_name="Ada")

    assert list(Provider.objects.may_refer(TODAY)) == [first, second]


def test_every_state_of_a_referral_is_kept_and_no_other():
    kept = [make_referral(status=status).status for status in Status]
    assert kept == Status.values

    with pytest.raises(IntegrityError, match='"referral_status_is_known"'):
        make_referral(status="unknown")


def test_every_priority_of_fhir_is_kept_and_no_other():
    kept = [make_referral(priority=priority).priority for priority in Priority]
    assert kept == Priority.values

    with pytest.raises(IntegrityError, match='"referral_priority_is_known"'):
        make_referral(priority="")


def test_a_referral_may_last_one_day_and_not_less():
    assert make_referral(valid_from=TODAY, valid_until=TODAY).pk

    with pytest.raises(IntegrityError, match='"referral_period_runs_forward"'):
        make_referral(valid_from=TODAY, valid_until=TODAY - DAY)


@pytest.mark.parametrize("sessions", [0, 61])
def test_a_referral_authorizes_1_to_60_sessions(sessions):
    assert [make_referral(sessions=few).sessions for few in (1, 60)] == [1, 60]

    with pytest.raises(IntegrityError, match='"referral_authorizes_1_to_60_sessions"'):
        make_referral(sessions=sessions)


@pytest.mark.parametrize("days", [0, 366])
def test_visits_are_1_to_365_days_apart(days):
    kept = [make_referral(interval_days=one).interval_days for one in (1, 365)]
    assert kept == [1, 365]

    with pytest.raises(IntegrityError, match='"referral_interval_is_1_to_365_days"'):
        make_referral(interval_days=days)


@pytest.mark.parametrize(
    "half", [{"clearance_by": "Dr. Sampleton"}, {"clearance_on": TODAY}]
)
def test_a_clearance_cannot_be_recorded_by_halves(half):
    assert make_referral(clearance_by="Dr. Sampleton", clearance_on=TODAY).pk
    assert make_referral(clearance_by="", clearance_on=None).pk

    with pytest.raises(IntegrityError, match='"referral_clearance_is_whole"'):
        make_referral(**half)


@pytest.mark.parametrize("status", OPEN)
@pytest.mark.parametrize("second", OPEN)
def test_one_referral_a_diagnosis_is_open(status, second):
    first = make_referral(status=status)

    with pytest.raises(IntegrityError, match='"referral_one_open_per_diagnosis"'):
        make_referral(patient=first.patient, diagnosis=first.diagnosis, status=second)


@pytest.mark.parametrize("status", [one for one in Status if one not in OPEN])
def test_a_referral_that_has_ended_gives_way_to_a_new_one(status):
    """The other half of referral_one_open_per_diagnosis."""
    first = make_referral(status=status)
    second = make_referral(patient=first.patient, diagnosis=first.diagnosis)
    other_pain = make_diagnosis("M54.50", "Low back pain, unspecified")
    third = make_referral(patient=first.patient, diagnosis=other_pain)
    fourth = make_referral(diagnosis=first.diagnosis)

    open_ones = {one.pk for one in (second, third, fourth)}
    assert {one.pk for one in type(first).objects.filter(status__in=OPEN)} == open_ones


def allowed_from(referral):
    """Return the states that a bare UPDATE can reach from this row's state."""
    reached = set()
    for new in Status:
        try:
            with transaction.atomic():
                assert change(referral, status=new) == 1
                transaction.set_rollback(True)
        except InternalError as refusal:
            # The server names the function of the trigger that said no.
            if "legal_status_changes" not in refusal.__cause__.diag.context:
                raise
        else:
            reached.add(new)
    return reached


@pytest.mark.parametrize("old", Status)
def test_a_referral_takes_only_legal_steps(old):
    assert allowed_from(make_referral(status=old)) == TRANSITIONS[old] | {old}


def make_answer(**fields):
    if "referral" not in fields:
        fields["referral"] = make_referral()
    if "precaution" not in fields:
        fields["precaution"] = make_precaution()
    question = fields["precaution"].question
    values = {
        "question": question,
        "meaning": "clearance",
        "version": 1,
        "answer": Answer.NO,
    }
    return ScreeningAnswer.objects.create(**values | fields)


def test_a_question_is_answered_once_a_referral():
    first = make_answer()
    assert make_answer(referral=first.referral).pk
    assert make_answer(precaution=first.precaution).pk

    with pytest.raises(IntegrityError, match='"screening_asks_each_question_once"'):
        make_answer(referral=first.referral, precaution=first.precaution)


def test_every_answer_is_kept_and_no_other():
    kept = [make_answer(answer=answer).answer for answer in Answer]
    assert kept == Answer.values

    with pytest.raises(IntegrityError, match='"screening_answer_is_known"'):
        make_answer(answer="")
