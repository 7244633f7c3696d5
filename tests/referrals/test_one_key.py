"""One form's key sent for several patients at the same moment."""

from __future__ import annotations

import uuid
from functools import partial

import pytest

from massage_portal.accounts.roles import Role
from referrals import actions
from referrals.models import Referral
from tests.factories import make_patient, make_user
from tests.referrals.test_actions import an_order, refer
from tests.threads import errors, together, won


@pytest.mark.usefixtures("committed")
def test_a_key_sent_for_six_patients_at_once_records_one_and_refuses_five_kindly():
    staff, order, key = make_user(Role.STAFF), an_order(), uuid.uuid4()
    forms = [
        partial(refer, make_patient(), by=staff, order=order, submission=key)
        for _ in range(6)
    ]

    outcomes = together(*forms)

    assert len(won(outcomes)) == Referral.objects.count() == 1
    assert {type(error) for error in errors(outcomes)} == {actions.OtherBody}
