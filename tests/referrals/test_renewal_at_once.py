"""Questions and renewals at the same moment, and what the database holds them to."""

from __future__ import annotations

import pytest
from django.db import IntegrityError, transaction

from massage_portal.accounts.roles import Role
from massage_portal.outbox.models import Message
from referrals import actions
from referrals.codes import RenewalAnswer
from referrals.models import Referral, Renewal
from tests.factories import (
    NOW,
    make_referral,
    make_renewal,
    make_user,
)
from tests.referrals.test_renewal import answer, ending
from tests.threads import errors, together, won
from tests.trail import trail


def test_two_presses_at_once_make_one_renewal(committed):
    question = make_renewal()

    def press():
        return answer(Renewal.objects.get(pk=question.pk))

    outcomes = together(*[press] * 4)
    assert errors(outcomes) == []
    assert Referral.objects.filter(renews=question.referral).count() == 1


def test_of_two_answers_at_once_the_first_counts(committed):
    question = make_renewal()
    words = [RenewalAnswer.RENEW, RenewalAnswer.END]
    outcomes = together(
        *(
            lambda word=word: answer(Renewal.objects.get(pk=question.pk), word)
            for word in words
        )
    )
    assert len(won(outcomes)) == 1
    assert [type(one) for one in errors(outcomes)] == [actions.AnsweredBefore]


def test_many_who_ask_at_once_ask_one_question(committed):
    referral, staff = ending(9), make_user(Role.STAFF)

    def ask():
        return actions.ask_renewal(referral=referral, by=staff, now=NOW).pk

    outcomes = together(*[ask] * 6)
    assert errors(outcomes) == []
    assert set(won(outcomes)) == {Renewal.objects.get().pk}


def test_two_rounds_of_beat_at_once_warn_once(committed):
    referral = ending(9)
    outcomes = together(*[lambda: actions.warn_of_expiry(now=NOW)] * 4)
    assert sum(won(outcomes)) == 1
    said = [row for row in trail(referral) if row[1] == "referral.expiry_warned"]
    assert len(said) == 1


def test_beat_and_staff_asking_at_once_ask_once(committed):
    referral, staff = ending(9), make_user(Role.STAFF)
    outcomes = together(
        lambda: actions.warn_of_expiry(now=NOW),
        lambda: actions.ask_renewal(referral=referral, by=staff, now=NOW),
        lambda: actions.warn_of_expiry(now=NOW),
    )
    assert errors(outcomes) == []
    assert Renewal.objects.count() == 1
    kinds = sorted(Message.objects.values_list("kind", flat=True))
    assert kinds == ["referrals.expiring", "referrals.renewal"]


# --- What the database holds to -------------------------------------------------------


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("name", "fields"),
    [
        ("renewal_link_ends_after_it_is_made", {"expires_at": NOW}),
        ("renewal_answer_is_whole", {"answer": "end"}),
        ("renewal_answer_is_whole", {"answered_at": NOW}),
        ("renewal_answer_is_known", {"answer": "maybe", "answered_at": NOW}),
    ],
)
def test_a_question_is_whole(name, fields):
    with pytest.raises(IntegrityError, match=f'"{name}"'):
        make_renewal(**fields)


@pytest.mark.django_db
def test_one_question_at_a_time_is_open():
    first = make_renewal()
    with (
        pytest.raises(IntegrityError, match='"renewal_is_asked_once_at_a_time"'),
        transaction.atomic(),
    ):
        make_renewal(referral=first.referral)
    for gone in ({"withdrawn_at": NOW}, {"answer": "end", "answered_at": NOW}):
        make_renewal(referral=first.referral, **gone)


@pytest.mark.django_db
def test_a_referral_is_renewed_once_unless_the_renewal_came_to_nothing():
    old = make_referral()
    for status in ("revoked", "entered-in-error", "draft"):
        make_referral(patient=old.patient, renews=old, status=status)
    with pytest.raises(IntegrityError, match='"referral_is_renewed_once"'):
        make_referral(patient=old.patient, renews=old, status="draft")
