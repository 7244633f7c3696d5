"""A patient is added once, with the account that goes with an address."""

from __future__ import annotations

from datetime import timedelta
from functools import partial

import pytest

from massage_portal.accounts.roles import Role
from referrals import actions
from referrals.models import Patient
from tests.factories import NOW, TODAY, make_user
from tests.threads import errors, together, won
from tests.trail import trail


@pytest.fixture
def staff(db):
    return make_user(Role.STAFF)


def add(*, by, **fields):
    values = {
        "record_number": "T-100200",
        "given_name": "Juniper",
        "family_name": "Testwell",
        "birth_date": TODAY - timedelta(days=15000),
        "email": "juniper@example.org",
        "phone": "507-555-0123",
        "language": "es",
    }
    return actions.add_patient(**values | fields, by=by, now=NOW)


def test_a_patient_is_added_with_an_account_that_has_no_password_yet(staff):
    patient = add(by=staff)

    patient.refresh_from_db()
    assert str(patient) == "Juniper Testwell"
    assert patient.user.email == "juniper@example.org"
    assert patient.user.language == "es"
    assert not patient.user.has_usable_password()
    assert [group.name for group in patient.user.groups.all()] == [Role.PATIENT]
    assert trail(patient) == [(staff.pk, "patient.added", patient.pk, "")]


def test_a_patient_without_an_address_has_no_account(staff):
    assert add(by=staff, email="").user is None


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"email": "other@example.org", "record_number": "t-100200"}, "record_number"),
        ({"email": "Juniper@Example.org", "record_number": "T-2"}, "email"),
    ],
)
def test_a_patient_who_is_on_record_is_not_added_again(fields, field, staff):
    add(by=staff)

    with pytest.raises(actions.PatientExists) as refused:
        add(by=staff, **fields)

    assert refused.value.field == field
    assert Patient.objects.count() == 1


@pytest.mark.usefixtures("committed")
def test_one_patient_added_eight_times_at_once_is_added_once():
    staff = make_user(Role.STAFF)

    outcomes = together(*[partial(add, by=staff)] * 8)

    assert len(won(outcomes)) == 1
    assert {type(error) for error in errors(outcomes)} == {actions.PatientExists}
    assert Patient.objects.count() == 1
