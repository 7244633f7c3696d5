"""Calls that were owed to whoever had no account, once they have one."""

from __future__ import annotations

from dataclasses import replace

import pytest

from appointments import actions
from massage_portal.accounts.roles import Role
from massage_portal.outbox import actions as outbox
from massage_portal.outbox import sending
from massage_portal.outbox.actions import about
from massage_portal.outbox.models import Message
from referrals.actions.edit_patient import correct_patient, details_of
from referrals.actions.renewal import warn_of_expiry
from referrals.actions.states import carry_on
from referrals.models import Patient
from tests.appointments.test_told import calls_about, opening, without_account
from tests.factories import (
    DAY,
    HOUR,
    NOW,
    TODAY,
    make_diagnosis,
    make_entry,
    make_referral,
    make_user,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def scheduler():
    return make_user(Role.SCHEDULER)


def test_what_was_a_call_goes_to_the_account_that_a_patient_gets_later(scheduler):
    referral = without_account()
    entry = make_entry(referral=referral)
    offered = actions.offer(entry=entry, opening=opening(), by=scheduler, now=NOW)
    assert calls_about(offered, now=NOW) == ["appointments.offer"]

    give_account(referral.patient, by=scheduler)

    mine = Message.objects.filter(about=about(offered))
    user = Patient.objects.get(pk=referral.patient_id).user
    assert {one.recipient for one in mine} == {user}
    assert calls_about(offered, now=NOW + HOUR) == []
    assert mine.get(kind="appointments.offer").sent_at == NOW + HOUR


def test_what_somebody_called_about_goes_to_no_later_account(scheduler):
    referral = without_account()
    entry = make_entry(referral=referral)
    offered = actions.offer(entry=entry, opening=opening(), by=scheduler, now=NOW)
    sending.send_some(clock=lambda: NOW)
    told = Message.objects.get(about=about(offered), kind="appointments.offer")
    outbox.handle_messages(messages=[told.pk], by=scheduler, now=NOW)

    give_account(referral.patient, by=scheduler)

    told.refresh_from_db()
    assert (told.recipient, told.sent_at) == (None, None)


def test_nobody_is_called_about_a_referral_that_a_new_one_carries_on(scheduler):
    old = without_account(valid_until=TODAY + 10 * DAY)
    warn_of_expiry(now=NOW)
    assert calls_about(old, now=NOW) == ["referrals.expiring"]
    new = make_referral(patient=old.patient, diagnosis=make_diagnosis("M54.9", "Pain"))
    carry_on(old, new, by=scheduler, now=NOW)
    assert calls_about(old, now=NOW) == []


def give_account(patient, *, by):
    patient = Patient.objects.get(pk=patient.pk)
    details = details_of(patient)
    correct_patient(
        patient=patient,
        details=replace(details, email="found@example.org", language="en"),
        seen=patient.version,
        by=by,
        now=NOW + HOUR,
    )
