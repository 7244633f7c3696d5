"""A correction that calls for a safety question asks it, beside those answered."""

from __future__ import annotations

import pytest
from django.urls import reverse

from massage_portal.accounts.roles import Role
from referrals import actions
from referrals.codes import Status
from tests.factories import (
    NOW,
    make_diagnosis,
    make_precaution,
    make_referral,
    make_technique,
    make_user,
)
from tests.referrals.test_correct import clock, filled, order, page, staff

__all__ = ["clock", "staff"]  # fixtures
pytestmark = pytest.mark.django_db


@pytest.fixture
def cancer():
    """A question that only referrals for cancer are asked."""
    return make_precaution(
        diagnoses="C", meaning="clearance", question="Which sites must be avoided?"
    )


@pytest.fixture
def breast():
    return make_diagnosis("C50.911", "Malignant neoplasm of right female breast")


def to_cancer(referral, **changes):
    """Return the form with the diagnosis corrected."""
    words = {"diagnosis": "C50.911", "code": "C50.911"}
    return filled(referral, **words | changes)


def test_a_diagnosis_that_calls_for_a_question_brings_it_up(
    client, staff, cancer, breast
):
    referral = make_referral()
    assert cancer.question not in client.get(page(referral)).content.decode()

    answer = client.post(page(referral), to_cancer(referral))

    text = answer.content.decode()
    assert answer.status_code == 422
    assert cancer.question in text
    assert "Answer this question as well" in text
    referral.refresh_from_db()
    assert referral.diagnosis.code != "C50.911"


@pytest.mark.parametrize(
    ("said", "status"), [("no", Status.ACTIVE), ("yes", Status.ON_HOLD)]
)
def test_its_answer_is_kept_beside_the_others_and_counts(
    client, staff, cancer, breast, said, status
):
    referral, plain = make_referral(), make_precaution()
    actions.screen_again(referral=referral, answers={plain: "no"}, by=staff, now=NOW)

    changes = {f"precaution_{cancer.pk}": said}
    answer = client.post(page(referral), to_cancer(referral, **changes))

    assert answer.status_code == 302
    referral.refresh_from_db()
    assert (referral.diagnosis.code, referral.status) == ("C50.911", status)
    newest = referral.screening_answers.newest_round()
    assert dict(newest.values_list("precaution", "answer")) == {
        plain.pk: "no",
        cancer.pk: said,
    }
    assert set(newest.values_list("asked_by", flat=True)) == {staff.pk}


def test_a_question_that_was_answered_is_not_asked_again(client, staff, cancer, breast):
    referral = make_referral(diagnosis=breast)
    actions.screen_again(referral=referral, answers={cancer: "no"}, by=staff, now=NOW)

    answer = client.post(page(referral), filled(referral, sessions=2))

    assert answer.status_code == 302
    assert referral.screening_answers.count() == 1


def test_a_draft_is_asked_all_its_questions_later(client, staff, cancer, breast):
    draft = make_referral(status=Status.DRAFT)

    assert client.post(page(draft), to_cancer(draft)).status_code == 302

    assert not draft.screening_answers.exists()


def test_no_caller_gets_round_the_question(cancer, breast):
    referral, staff = make_referral(), make_user(Role.STAFF)

    with pytest.raises(actions.ScreeningIncomplete) as caught:
        actions.correct_referral(
            referral=referral,
            order=order(referral, diagnosis=breast),
            seen=referral.version,
            by=staff,
            now=NOW,
        )

    assert caught.value.missing == [cancer]
    referral.refresh_from_db()
    assert referral.version == 1


def test_a_plan_whose_technique_calls_for_a_question_is_changed_where_it_is_asked(
    client, staff
):
    stones = make_technique(slug="hot-stones")
    make_precaution(question="Numb skin?").techniques.add(stones)
    referral = make_referral(technique=make_technique(slug="swedish"))
    address = reverse("referrals:plan", args=[referral.pk])
    typed = {"technique": stones.pk, "sessions": 3, "interval_days": 7, "goals": ""}

    answer = client.post(address, typed | {"note": "Warmer.", "seen": 1})

    assert answer.status_code == 409
    assert "Correct this referral" in answer.content.decode()
    referral.refresh_from_db()
    assert referral.technique.slug == "swedish"
