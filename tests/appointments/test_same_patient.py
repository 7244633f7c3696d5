"""The patient kept on a row is the patient of the row above it, whoever writes it."""

from __future__ import annotations

import pytest
from django.db import IntegrityError, transaction

from appointments.codes import Status
from appointments.models import Appointment, WaitlistEntry
from tests.factories import (
    make_appointment,
    make_entry,
    make_patient,
    make_referral,
)

pytestmark = pytest.mark.django_db


def refused(by):
    """Expect the block to break the rule called `by`."""
    return pytest.raises(IntegrityError, match=by)


def test_a_request_is_for_the_patient_of_its_referral_and_no_other():
    rule = "entry_patient_is_its_referrals"
    entry, stranger = make_entry(), make_patient()
    rows = WaitlistEntry.objects.filter(pk=entry.pk)

    with refused(rule), transaction.atomic():
        make_entry(patient=stranger)
    with refused(rule), transaction.atomic():
        rows.update(patient=stranger)
    with refused(rule), transaction.atomic():
        rows.update(referral=make_referral(patient=stranger))
    again = make_referral(patient=entry.patient, status="revoked")
    assert rows.update(referral=again, patient=entry.patient) == 1


def test_a_visit_is_for_the_patient_of_its_request_and_no_other():
    rule = "appointment_patient_is_its_entrys"
    visit, stranger = make_appointment(status=Status.PROPOSED), make_patient()
    rows = Appointment.objects.filter(pk=visit.pk)

    with refused(rule), transaction.atomic():
        make_appointment(patient=stranger)
    with refused(rule), transaction.atomic():
        rows.update(patient=stranger)
    with refused(rule), transaction.atomic():
        rows.update(entry=make_entry())
    other = make_entry()
    assert rows.update(entry=other, patient=other.patient) == 1
