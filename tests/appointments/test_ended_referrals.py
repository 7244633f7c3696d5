"""A referral that has ended: its patient is passed over, and can be referred again."""

from __future__ import annotations

import uuid

import pytest
from django.test import Client

from appointments.models import Policy, Supply, WaitlistEntry
from massage_portal.accounts.roles import Role
from referrals import actions as referrals
from referrals.codes import Answer, Status
from referrals.models import Referral, ScreeningAnswer
from tests.factories import (
    DAY,
    NOW,
    TODAY,
    make_category,
    make_clinic,
    make_entry,
    make_policy,
    make_precaution,
    make_referral,
    make_user,
)
from tests.referrals.test_actions import an_order, refer

pytestmark = pytest.mark.django_db


def test_nobody_is_proposed_or_counted_whose_referral_is_past_its_end():
    make_policy()
    make_clinic()
    category = make_category()
    ended = make_referral(valid_until=TODAY - DAY, received_at=NOW - 90 * DAY)
    make_entry(referral=ended, waited_days=90, category=category)
    last_day = make_referral(valid_until=TODAY + 10 * DAY)
    waiting = make_entry(referral=last_day, waited_days=5, category=category)

    supply = Supply.ahead(now=NOW, policy=Policy.objects.in_force(NOW))

    assert supply.next_proposal().entry == waiting
    assert WaitlistEntry.objects.ahead_of(waiting, now=NOW, exponent=3.0) == 0


def test_staff_see_that_a_referral_has_ended_and_so_does_its_patient():
    make_policy()
    entry = make_entry(
        referral=make_referral(
            valid_until=TODAY.replace(year=2020), valid_from=TODAY.replace(year=2019)
        )
    )
    scheduler, patient = Client(), Client()
    scheduler.force_login(make_user(Role.SCHEDULER))
    patient.force_login(entry.patient.user)

    assert "referral ended" in scheduler.get("/queue/").content.decode()
    page = patient.get(f"/my/requests/{entry.pk}/").content.decode()
    assert "Your referral has ended" in page
    assert "We aim to see you by" not in page


@pytest.mark.parametrize("why", ["past its end", "stopped by a red flag"])
def test_a_referral_that_is_of_no_use_gives_way_to_a_new_one(why):
    old = make_referral(valid_until=TODAY - DAY if why == "past its end" else TODAY)
    if why != "past its end":
        Referral.objects.filter(pk=old.pk).update(status=Status.ON_HOLD)
        flag = make_precaution(meaning="not-now")
        ScreeningAnswer.objects.create(
            referral=old,
            precaution=flag,
            question=flag.question,
            meaning=flag.meaning,
            version=1,
            answer=Answer.YES,
        )
    order = an_order(diagnosis=old.diagnosis)

    new = refer(
        old.patient, by=make_user(Role.STAFF), order=order, submission=uuid.uuid4()
    )

    old.refresh_from_db()
    assert (old.status, new.status) == (Status.REVOKED, Status.ACTIVE)


def test_a_referral_that_can_be_used_does_not_give_way():
    old = make_referral(valid_until=TODAY)

    with pytest.raises(referrals.AlreadyReferred):
        refer(
            old.patient,
            by=make_user(Role.STAFF),
            order=an_order(diagnosis=old.diagnosis),
            submission=uuid.uuid4(),
        )
