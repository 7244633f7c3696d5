"""Who sees which referral and which patient, and how patients are found."""

from __future__ import annotations

from datetime import date

import pytest
from django.contrib.auth.models import AnonymousUser

from massage_portal.accounts.roles import Role
from referrals.codes import Status
from referrals.models import Patient, Referral
from tests.factories import DAY, NOW, TODAY, make_patient, make_referral, make_user

pytestmark = pytest.mark.django_db

EVERYONE, OWN, NOBODY = {"own", "other"}, {"own"}, set()
VISITOR = "visitor"
SEES_REFERRALS = {
    VISITOR: NOBODY,
    Role.PATIENT: OWN,
    Role.STAFF: EVERYONE,
    Role.SCHEDULER: EVERYONE,
    Role.THERAPIST: NOBODY,
    Role.LEAD: EVERYONE,
    Role.EDITOR: NOBODY,
    Role.AUDITOR: NOBODY,
    Role.PROVIDER: NOBODY,  # but those they sent: see test_provider.py
}
SEES_PATIENTS = SEES_REFERRALS | {  # whoever signs in may see themselves
    Role.THERAPIST: OWN,
    Role.EDITOR: OWN,
    Role.AUDITOR: OWN,
    Role.PROVIDER: OWN,
}


def someone(role):
    return AnonymousUser() if role == VISITOR else make_user(role)


def two_patients(user):
    """Return by name another's patient row, and `user`'s own where they have one."""
    rows = {"other": make_patient()}
    if not user.is_anonymous:
        rows["own"] = make_patient(user=user)
    return rows


def test_the_tables_speak_of_every_role():
    assert set(SEES_REFERRALS) == {VISITOR, *Role}
    assert set(SEES_PATIENTS) == {VISITOR, *Role}


@pytest.mark.parametrize("role", SEES_REFERRALS)
def test_each_role_sees_the_referrals_it_should(role):
    user = someone(role)
    for patient in two_patients(user).values():
        make_referral(patient=patient)

    seen = Referral.objects.visible_to(user)

    whose = {"own" if one.patient.user == user else "other" for one in seen}
    assert whose == SEES_REFERRALS[role]


@pytest.mark.parametrize("role", SEES_PATIENTS)
def test_each_role_sees_the_patients_it_should(role):
    user = someone(role)
    rows = two_patients(user)

    seen = Patient.objects.visible_to(user)

    assert {name for name, row in rows.items() if row in seen} == SEES_PATIENTS[role]


def test_a_patient_does_not_see_what_was_entered_in_error_and_staff_do():
    patient = make_patient()
    wrong = make_referral(patient=patient, status=Status.ENTERED_IN_ERROR)
    ended = make_referral(patient=patient, status=Status.COMPLETED)

    assert list(Referral.objects.visible_to(patient.user)) == [ended]
    assert wrong in Referral.objects.visible_to(make_user(Role.STAFF))


@pytest.mark.parametrize("role", [Role.PATIENT, Role.STAFF])
def test_who_may_no_longer_sign_in_sees_no_referral(role):
    user = make_user(role)
    if role == Role.PATIENT:
        make_referral(patient=make_patient(user=user))
    assert user.is_active

    user.is_active = False

    make_referral()
    assert list(Referral.objects.visible_to(user)) == []


def test_staff_who_are_patients_too_see_all_they_may_as_staff():
    user = make_user(Role.STAFF, Role.PATIENT)
    mine = make_referral(patient=make_patient(user=user))
    other = make_referral()

    assert set(Referral.objects.visible_to(user)) == {mine, other}


@pytest.mark.parametrize(
    ("day", "counts"),
    [
        pytest.param(TODAY - DAY, False, id="the day before"),
        pytest.param(TODAY, True, id="its first day"),
        pytest.param(TODAY + 5 * DAY, True, id="between"),
        pytest.param(TODAY + 9 * DAY, True, id="its last day"),
        pytest.param(TODAY + 10 * DAY, False, id="the day after"),
    ],
)
def test_both_ends_of_the_period_count(day, counts):
    make_referral(valid_from=TODAY, valid_until=TODAY + 9 * DAY)
    assert Referral.objects.in_force_on(day).exists() is counts


@pytest.mark.parametrize("status", Status)
def test_only_an_active_referral_is_in_force(status):
    make_referral(status=status)
    in_force = Referral.objects.in_force_on(TODAY).exists()
    assert in_force is (status == Status.ACTIVE)


def test_the_worklist_puts_what_is_on_hold_first_and_then_the_newest():
    old = make_referral(received_at=NOW - 3 * DAY)
    new = make_referral(received_at=NOW - DAY)
    held = make_referral(received_at=NOW - 9 * DAY, status=Status.ON_HOLD)

    assert list(Referral.objects.worklist()) == [held, new, old]


def named(given_name, family_name, **fields):
    return make_patient(
        account=False, given_name=given_name, family_name=family_name, **fields
    )


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("rivera", id="family name"),
        pytest.param("JUNIPER", id="given name in capitals"),
        pytest.param("rivera juniper", id="both, the other way round"),
        pytest.param("  Jun   RIV ", id="beginnings"),
        pytest.param("r-1042", id="record number in any case"),
        pytest.param("1985-03-14", id="birth date"),
        pytest.param("Rivera 1985-03-14", id="name and birth date"),
        pytest.param("riv\0era", id="a NUL inside"),
    ],
)
def test_a_patient_is_found_by_what_staff_know(text):
    wanted = named(
        "Juniper", "Rivera", record_number="R-1042", birth_date=date(1985, 3, 14)
    )
    named("Rowan", "Sampleton", record_number="S-10425", birth_date=date(1985, 3, 15))

    assert list(Patient.objects.matching(text)) == [wanted]


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("", id="nothing"),
        pytest.param(" \t\n ", id="blanks"),
        pytest.param("\0", id="NUL"),
        pytest.param("%", id="a wildcard"),
        pytest.param("_", id="a wildcard for one letter"),
        pytest.param("\\", id="a backslash"),
        pytest.param("Rivera Sampleton", id="words of two people"),
        pytest.param("1985-02-30", id="a day that is none"),
        pytest.param("-1042", id="the end of a record number"),
        pytest.param("x" * 10_000, id="10,000 letters"),
        pytest.param("x " * 5_000, id="5,000 words"),
        pytest.param("'; DROP TABLE referrals_patient; --", id="SQL"),
    ],
)
def test_what_fits_nobody_finds_nobody(text):
    named("Juniper", "Rivera", record_number="R-1042", birth_date=date(1985, 3, 14))
    named("Rowan", "Sampleton", record_number="R-1043")

    assert list(Patient.objects.matching(text)) == []


def test_names_are_found_in_any_case_of_any_alphabet():
    wanted = named("\u00c1ngela", "N\u00fa\u00f1ez")
    typed = "\u00e1NGELA n\u00da\u00d1EZ"
    assert list(Patient.objects.matching(typed)) == [wanted]


def test_patients_found_come_by_name():
    second = named("Yael", "Testwell")
    first = named("Ada", "Testwell")
    assert list(Patient.objects.matching("testwell")) == [first, second]


BORN = date(1985, 3, 14)


@pytest.mark.parametrize(
    "name",
    [
        pytest.param(("Juniper", "Rivera"), id="the same"),
        pytest.param(("Juniper", "Riviera"), id="one letter more"),
        pytest.param(("Juniper", "Sampleton"), id="another family name"),
        pytest.param(("Rowan", "Rivera"), id="another given name"),
    ],
)
def test_who_may_be_the_same_person_is_shown(name):
    known = named("Juniper", "Rivera", birth_date=BORN)
    given_name, family_name = name

    alike = Patient.objects.alike(
        given_name=given_name, family_name=family_name, birth_date=BORN
    )

    assert list(alike) == [known]


def test_another_birth_date_or_quite_another_name_is_another_person():
    named("Juniper", "Rivera", birth_date=BORN)
    same = {"given_name": "Juniper", "family_name": "Rivera"}
    other = {"given_name": "Olaf", "family_name": "Thorsby"}

    assert not Patient.objects.alike(**same, birth_date=date(1962, 7, 30))
    assert not Patient.objects.alike(**other, birth_date=BORN)


def test_who_is_most_alike_comes_first():
    near = named("Juniper", "Riviera", birth_date=BORN)
    same = named("Juniper", "Rivera", birth_date=BORN)
    wanted = {"given_name": "J.", "family_name": "Rivera", "birth_date": BORN}

    assert list(Patient.objects.alike(**wanted)) == [same, near]
