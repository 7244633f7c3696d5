"""A referral that ends: who is warned when, who is asked, and what an answer makes."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.conf import settings

from massage_portal.accounts.roles import Role
from massage_portal.outbox.models import Message
from referrals import actions
from referrals.codes import RenewalAnswer, Status
from referrals.models import Authorization, Referral, Renewal
from referrals.tasks import warn_of_expiry
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
    make_renewal,
    make_user,
)
from tests.trail import owed, trail

TERMS = actions.Terms(TODAY + 100 * DAY, 6)


def ending(days, **fields):
    """Return a referral that ends in so many days; its provider has an account."""
    if "provider" not in fields:
        fields["provider"] = make_provider(user=make_user(Role.PROVIDER))
    return make_referral(valid_until=TODAY + days * DAY, **fields)


def warnings(referral):
    found = Message.objects.filter(kind="referrals.expiring").order_by("pk")
    return list(found.filter(recipient=referral.patient.user).values_list(flat=True))


def warn(day=0):
    return actions.warn_of_expiry(now=NOW + day * DAY)


def answer(question, word=RenewalAnswer.RENEW, **fields):
    values = {"terms": TERMS, "by": question.referral.provider.user, "now": NOW}
    return actions.answer_renewal(renewal=question, answer=word, **values | fields)


# --- Warning --------------------------------------------------------------------------


@pytest.mark.django_db
def test_the_patient_is_warned_30_and_7_days_ahead_and_once_each():
    referral = ending(31)
    told = {day: warn(day) for day in range(35) for _hour in range(2)}
    anew = {day: warn(day) for day in range(35)}
    assert told == dict.fromkeys(range(35), 0)  # the second of each day says no more
    assert anew == dict.fromkeys(range(35), 0)
    due = Message.objects.filter(kind="referrals.expiring").order_by("due_at")
    assert [(one.due_at - NOW) // DAY for one in due] == [1, 24]
    said = [change for _, action, _, change in trail(referral) if "warned" in action]
    assert said == [">30", ">7"]


@pytest.mark.django_db
def test_who_is_first_seen_in_the_last_week_is_warned_once():
    ending(5)
    assert [warn(), warn(1), warn(5), warn(6)] == [1, 0, 0, 0]


@pytest.mark.django_db
def test_a_new_end_is_warned_of_anew():
    referral = ending(20)
    warn()
    Referral.objects.filter(pk=referral.pk).update(valid_until=TODAY + 25 * DAY)
    assert warn() == 1


@pytest.mark.django_db
def test_a_warning_that_did_not_go_ends_where_the_next_begins():
    ending(20)
    warn()
    warn(14)
    first, last = Message.objects.filter(kind="referrals.expiring").order_by("pk")
    assert first.expires_at < last.due_at
    midnight = NOW.replace(hour=5) + 21 * DAY  # in Rochester, after the last day
    assert last.expires_at in (midnight, midnight + timedelta(hours=1))


@pytest.mark.django_db
@pytest.mark.parametrize(
    "make",
    [
        pytest.param(lambda: ending(31), id="long before"),
        pytest.param(lambda: ending(-1), id="over"),
        pytest.param(lambda: ending(9, status="on-hold"), id="on hold"),
        pytest.param(lambda: ending(9, status="completed"), id="no visit left"),
        pytest.param(lambda: ending(9, status="draft"), id="draft"),
        pytest.param(
            lambda: ending(9, insurer=make_insurer(needs_referral=True)),
            id="nothing can be booked",
        ),
    ],
)
def test_nobody_is_warned_or_asked_without_need(make):
    make()
    assert warn() == 0
    assert not Message.objects.exists()
    assert not Renewal.objects.exists()


@pytest.mark.django_db
def test_a_patient_without_an_account_is_called_and_the_provider_is_asked():
    referral = ending(9, patient=make_patient(account=False))
    assert warn() == 1
    warning = Message.objects.get(kind="referrals.expiring")
    assert (warning.recipient, warning.worth_a_call) == (None, True)
    assert owed(referral.renewal_questions.get()) == [("referrals.renewal", NOW)]


@pytest.mark.django_db
def test_an_insurers_earlier_end_warns_the_patient_and_does_not_ask_the_provider():
    referral = ending(90)
    Authorization.objects.create(
        referral=referral,
        number="A-1",
        valid_until=TODAY + 10 * DAY,
        changed_at=NOW,
        changed_by=make_user(),
    )
    assert warn() == 1
    assert not Renewal.objects.exists()


@pytest.mark.django_db
def test_the_provider_is_asked_once_however_often_beat_runs():
    referral = ending(28)
    for day in range(29):
        warn(day)
    question = referral.renewal_questions.get()
    assert (question.asked_at, question.expires_at) == (NOW, NOW + 30 * DAY)
    asked = [row for row in trail(referral) if row[1] == "referral.renewal_asked"]
    assert asked == [(None, "referral.renewal_asked", referral.patient_id, "")]


@pytest.mark.django_db
@pytest.mark.parametrize(
    "fields",
    [{"user": None}, {"may_refer_until": TODAY - DAY}],
    ids=["no account", "may not refer"],
)
def test_a_provider_who_cannot_be_asked_stops_no_other_warning(fields):
    user = make_user(Role.PROVIDER)
    ending(9, provider=make_provider(**{"user": user} | fields))
    ending(10)
    assert warn() == 2
    assert Renewal.objects.count() == 1


@pytest.mark.django_db
def test_beat_runs_the_warning_every_hour(monkeypatch):
    monkeypatch.setattr("django.utils.timezone.now", lambda: NOW)
    referral = ending(9)
    warn_of_expiry()
    assert len(warnings(referral)) == 1
    beat = settings.CELERY_BEAT_SCHEDULE["referrals.warn_of_expiry"]
    assert beat == {"task": warn_of_expiry.name, "schedule": 3600.0}


# --- Asking by hand -------------------------------------------------------------------


@pytest.mark.django_db
def test_asking_twice_leaves_the_first_question_open():
    referral, staff = ending(60), make_user(Role.STAFF)
    first = actions.ask_renewal(referral=referral, by=staff, now=NOW)
    again = actions.ask_renewal(referral=referral, by=staff, now=NOW + DAY)
    assert first == again
    assert Message.objects.count() == 1
    assert [row[0] for row in trail(referral)] == [staff.pk]


@pytest.mark.django_db
def test_a_question_whose_time_is_over_gives_way_to_a_new_one():
    referral = ending(90)
    old = actions.ask_renewal(referral=referral, by=None, now=NOW)
    new = actions.ask_renewal(referral=referral, by=None, now=NOW + 31 * DAY)
    old.refresh_from_db()
    assert (old.withdrawn_at, new.answer) == (NOW + 31 * DAY, "")


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("make", "error"),
    [
        (lambda: ending(9, status="on-hold"), actions.NotRenewable),
        (lambda: ending(9, status="revoked"), actions.NotRenewable),
        (lambda: ending(9, provider=make_provider()), actions.CannotBeAsked),
        (
            lambda: ending(
                9,
                provider=make_provider(user=make_user(), may_refer_until=TODAY - DAY),
            ),
            actions.ProviderNotOnRecord,
        ),
    ],
)
def test_it_is_refused_where_an_answer_would_be_no_use(make, error):
    with pytest.raises(error):
        actions.ask_renewal(referral=make(), by=None, now=NOW)
    assert not Renewal.objects.exists()


# --- The answer -----------------------------------------------------------------------


@pytest.mark.django_db
def test_a_renewal_lies_ready_as_a_draft_and_keeps_the_patients_clock():
    other = make_diagnosis("M54.5", "Pain in the back")
    old = ending(20, goals="To walk", interval_days=14, insurer=make_insurer())
    old.other_diagnoses.add(other)
    question = make_renewal(referral=old)
    answer(question)
    new = Referral.objects.get(renews=old)
    same = ["patient", "provider", "diagnosis", "technique", "insurer", "goals"]
    same += ["reason", "priority", "interval_days", "received_at"]
    assert {n: getattr(new, n) for n in same} == {n: getattr(old, n) for n in same}
    assert (new.valid_from, new.valid_until) == (TODAY + 21 * DAY, TERMS.valid_until)
    assert (new.status, new.sessions) == (Status.DRAFT, 6)
    assert list(new.other_diagnoses.all()) == [other]
    assert not new.screening_answers.exists()
    plan = new.plans.get()
    assert (plan.sessions, plan.provider_signed_at) == (6, None)
    old.refresh_from_db()
    assert old.status == Status.ACTIVE
    by = old.provider.user.pk
    assert trail(new) == [(by, "referral.renewed", new.patient_id, ">draft")]
    assert trail(old)[-1] == (
        by,
        "referral.renewal_answered",
        old.patient_id,
        ">renew",
    )


@pytest.mark.django_db
def test_a_renewal_of_what_is_over_begins_today():
    old = ending(-5)
    answer(make_renewal(referral=old))
    assert Referral.objects.get(renews=old).valid_from == TODAY


@pytest.mark.django_db
def test_a_renewal_is_completed_on_its_first_day_and_the_old_one_gives_way():
    old, staff = ending(2), make_user(Role.STAFF)
    question = make_precaution()
    answer(make_renewal(referral=old))
    new = Referral.objects.get(renews=old)
    said = {"referral": new, "answers": {question: "no"}, "by": staff}
    with pytest.raises(actions.AlreadyReferred):
        actions.complete_draft(**said, now=NOW)
    assert not Referral.objects.with_work(TODAY).filter(pk=new.pk).exists()
    first = TODAY + 3 * DAY
    assert Referral.objects.with_work(first).filter(pk=new.pk).exists()
    done = actions.complete_draft(**said, now=NOW + 3 * DAY)
    old.refresh_from_db()
    assert (done.status, old.status) == (Status.ACTIVE, Status.REVOKED)
    assert done.received_at == old.received_at


@pytest.mark.django_db
@pytest.mark.parametrize("word", [RenewalAnswer.END, RenewalAnswer.CALL])
def test_another_answer_makes_no_referral(word):
    question = answer(make_renewal(), word, terms=None)
    assert (question.answer, question.answered_at) == (word, NOW)
    assert Referral.objects.count() == 1


@pytest.mark.django_db
def test_the_first_answer_counts():
    question = answer(make_renewal())
    answer(question)
    with pytest.raises(actions.AnsweredBefore):
        answer(question, RenewalAnswer.END)
    assert Referral.objects.count() == 2
    question.refresh_from_db()
    assert question.answer == RenewalAnswer.RENEW


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("fields", "error"),
    [
        ({"withdrawn_at": NOW}, actions.LinkEnded),
        ({"asked_at": NOW - 30 * DAY, "expires_at": NOW}, actions.LinkEnded),
    ],
)
def test_a_question_that_has_ended_takes_no_answer(fields, error):
    question = make_renewal(**fields)
    with pytest.raises(error):
        answer(question)
    question.refresh_from_db()
    assert question.answer == ""


@pytest.mark.django_db
@pytest.mark.parametrize("status", ["revoked", "entered-in-error"])
def test_what_was_withdrawn_is_not_renewed(status):
    question = make_renewal()
    Referral.objects.update(status=status)
    with pytest.raises(actions.NotRenewable):
        answer(question)
    assert Referral.objects.count() == 1


@pytest.mark.django_db
def test_a_provider_who_may_no_longer_refer_cannot_renew():
    question = make_renewal()
    provider = question.referral.provider
    provider.may_refer_until = TODAY - DAY
    provider.save()
    with pytest.raises(actions.ProviderNotOnRecord):
        answer(question)
    question.refresh_from_db()
    assert question.answer == ""
