"""What is missing of a referral, and that SQL finds the same referrals."""

from __future__ import annotations

import pytest
from django.urls import reverse

from referrals.codes import OPEN, RenewalAnswer, Status
from referrals.coverage import Limit
from referrals.models import Authorization, Referral, ScreeningAnswer, TreatmentPlan
from referrals.pieces import WARN_DAYS, Facts, Step, Work, pieces
from referrals.screening import Outcome
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

WHOLE = Facts(status=Status.ACTIVE)


def codes(**fields):
    return [one.code for one in pieces(WHOLE._replace(**fields))]


def test_nothing_is_missing_of_a_whole_referral():
    assert codes() == []


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"status": Status.DRAFT}, "draft"),
        ({"status": Status.ON_HOLD}, "clearance"),
        ({"status": Status.ON_HOLD, "outcome": Outcome.STOP}, "red-flag"),
        ({"limit": Limit.NO_AUTHORIZATION}, "authorization"),
        ({"limit": Limit.NO_REFERRAL_NUMBER}, "insurer-referral"),
        ({"days_left": 30}, "expiring"),
        ({"days_left": 3, "insurer_ends_it": True}, "authorization-ends"),
        ({"days_left": 3, "asked": ""}, "asked"),
        ({"days_left": 3, "asked": RenewalAnswer.CALL}, "call"),
        ({"provider_signed": False}, "unsigned"),
        ({"therapist_signed": False}, "unsigned"),
        ({"letters": 0}, "letter"),
        ({"has_account": False}, "account"),
    ],
)
def test_each_thing_that_is_missing_is_told(fields, code):
    assert codes(**fields) == [code]


@pytest.mark.parametrize(
    "fields",
    [
        pytest.param({"days_left": 31}, id="long before"),
        pytest.param({"days_left": -31}, id="long after"),
        pytest.param({"days_left": 3, "renewed": True}, id="renewed"),
        pytest.param({"days_left": 3, "asked": RenewalAnswer.END}, id="let end"),
        pytest.param({"status": Status.DRAFT, "waits": True}, id="not begun"),
    ],
)
def test_nobody_is_bothered_where_nothing_can_be_done(fields):
    assert codes(**fields) == []


@pytest.mark.parametrize("status", sorted(set(Status) - {*OPEN, Status.DRAFT}))
def test_nothing_is_missing_of_what_has_ended(status):
    worst = {"limit": Limit.NO_AUTHORIZATION, "days_left": 3, "letters": 0}
    assert codes(status=status, **worst) == []


def test_the_most_urgent_comes_first_and_what_can_wait_last():
    everything = WHOLE._replace(
        status=Status.ON_HOLD,
        limit=Limit.NO_AUTHORIZATION,
        provider_signed=False,
        letters=0,
        has_account=False,
    )
    found = pieces(everything)
    works = [one.work for one in found]
    assert works[0] == Work.CLEARANCE
    assert works[-2:] == [None, None]
    order = [list(Work).index(one) for one in works if one]
    assert order == sorted(order)


def test_the_provider_is_asked_by_link_or_else_called():
    (by_link,) = pieces(WHOLE._replace(days_left=9))
    (by_phone,) = pieces(WHOLE._replace(days_left=9, can_be_asked=False))
    assert (by_link.step.view, by_link.step.acts) == ("referrals:renew", True)
    assert (by_phone.step.view, by_phone.step.acts) == ("referrals:referral", False)


def test_each_step_leads_to_a_page_that_is_there():
    import referrals.pieces as module

    steps = [one for one in vars(module).values() if type(one) is Step]
    assert len(steps) >= 7
    for step in steps:
        assert reverse(step.view, args=[1]).startswith("/")


# --- The same in SQL ------------------------------------------------------------------


def clean(**fields):
    """Return a referral of which nothing on the list is missing."""
    provider = make_provider(user=make_user())
    fields = {"valid_from": TODAY - 90 * DAY, **fields}
    return make_referral(provider=provider, **fields)


def on_hold(outcome):
    referral = clean(status="on-hold")
    asked = make_precaution(meaning=outcome)
    ScreeningAnswer.objects.create(
        referral=referral,
        precaution=asked,
        question=asked.question,
        meaning=outcome,
        version=1,
        answer="yes",
    )
    return referral


def lacking(**needs):
    return clean(insurer=make_insurer(**needs))


def ending(days, **fields):
    return clean(valid_until=TODAY + days * DAY, **fields)


def authorized(days, **fields):
    referral = clean(**fields)
    Authorization.objects.create(
        referral=referral,
        number="A-1",
        valid_until=TODAY + days * DAY,
        changed_at=NOW,
        changed_by=make_user(),
    )
    return referral


def planned(*versions):
    """Return a referral whose plan has these versions: who signed each."""
    referral = clean()
    for number, who in enumerate(versions, 1):
        signed = {}
        for one in who:
            signed |= {f"{one}_signed_at": NOW, f"{one}_signed_by": make_user()}
        TreatmentPlan.objects.create(
            referral=referral,
            number=number,
            sessions=1,
            interval_days=7,
            made_at=NOW,
            **signed,
        )
    return referral


def asked(answer, **fields):
    referral = ending(9)
    at = NOW if answer else None
    make_renewal(referral=referral, answer=answer, answered_at=at, **fields)
    return referral


def renewed(status="draft"):
    old = ending(9)
    clean(patient=old.patient, renews=old, status=status, valid_from=TODAY + 10 * DAY)
    return old


BOTH = ("provider", "therapist")
CASES = [
    *[lambda status=status: clean(status=status) for status in Status],
    *[lambda meaning=m: on_hold(meaning) for m in ("clearance", "not-now")],
    lambda: lacking(needs_authorization=True),
    lambda: lacking(needs_referral=True),
    lambda: lacking(),
    *[
        lambda days=days: ending(days)
        for days in (0, 1, WARN_DAYS, WARN_DAYS + 1, -1, -WARN_DAYS, -WARN_DAYS - 1)
    ],
    lambda: ending(3, status="on-hold"),
    *[lambda days=days: authorized(days) for days in (5, 200)],
    lambda: authorized(5, valid_until=TODAY + 5 * DAY),
    *[lambda answer=answer: asked(answer) for answer in ("", *RenewalAnswer)],
    lambda: asked("", withdrawn_at=NOW),
    lambda: asked("", asked_at=NOW - 40 * DAY, expires_at=NOW - 10 * DAY),
    *[lambda status=s: renewed(status) for s in ("draft", "revoked")],
    lambda: clean(status="draft", renews=clean(), valid_from=TODAY + DAY),
    lambda: clean(
        status="draft",
        renews=clean(diagnosis=make_diagnosis("M54.5", "Pain")),
        valid_from=TODAY,
    ),
    *[
        lambda v=v: planned(*v)
        for v in ([()], [("provider",)], [("therapist",)], [BOTH], [BOTH, ()])
    ],
    lambda: clean(patient=make_patient(account=False)),
]


@pytest.mark.django_db
@pytest.mark.parametrize("make", CASES)
def test_sql_finds_the_same_work_as_the_rule(make):
    make()
    every = Referral.objects.with_pieces(TODAY)
    said = {one.pk: [p.work for p in one.pieces(TODAY) if p.work] for one in every}
    for work in Work:
        found = {one.pk for one in Referral.objects.with_work(TODAY, work)}
        assert found == {pk for pk, works in said.items() if work in works}, work
    in_all = {one.pk for one in Referral.objects.with_work(TODAY)}
    assert in_all == {pk for pk, works in said.items() if works}
    counted = Referral.objects.count_work(TODAY)
    assert counted == {w: sum(w in found for found in said.values()) for w in Work}


@pytest.mark.django_db
def test_the_list_begins_with_what_is_most_urgent():
    late = planned(())
    later, sooner = ending(20), ending(2)
    held, draft = clean(status="on-hold"), clean(status="draft")
    lacks = lacking(needs_referral=True)
    order = [held, draft, lacks, sooner, later, late]
    assert list(Referral.objects.with_work(TODAY)) == order
