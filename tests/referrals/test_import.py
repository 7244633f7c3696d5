"""A spreadsheet of referrals is taken in whole or not at all, and once."""

from __future__ import annotations

import importlib
import uuid
from datetime import date

import pytest
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext

from massage_portal.accounts.roles import Role
from massage_portal.audit.models import AuditEvent
from referrals import actions
from referrals.codes import SPREADSHEET
from referrals.models import Patient, Provider, Referral, TreatmentPlan
from tests.factories import (
    DAY,
    NOW,
    TODAY,
    make_insurer,
    make_patient,
    make_referral,
    make_technique,
    make_user,
)
from tests.referrals.sheets import (
    NPI,
    line,
    make_records,
    numbered,
    opened,
)
from tests.threads import errors, together, won
from tests.trail import trail

module = importlib.import_module("referrals.actions.import_referrals")
NOBODY = Referral(pk=0)  # what the trail names for a file as a whole


@pytest.fixture
def staff(db):
    """Someone who may import, and the records that a good line speaks of."""
    make_records()
    return make_user(Role.STAFF)


def bring(*lines, by, **more):
    return actions.import_referrals(file=opened(*lines), by=by, now=NOW, **more)


def counts(result):
    return result.added, result.same, result.patients, result.written


def nothing_is_kept():
    return not Referral.objects.exists() and not Patient.objects.exists()


def test_a_line_becomes_a_draft_with_its_patient_its_plan_and_its_trail(staff):
    assert counts(bring(by=staff)) == (1, 0, 1, True)

    found = Referral.objects.get()
    patient = found.patient
    assert (found.status, found.recorded_by, found.recorded_at) == ("draft", staff, NOW)
    assert (found.identifier_system, found.identifier_value) == (SPREADSHEET, "L-1")
    assert found.received_at.isoformat() == "2026-10-12T05:00:00+00:00"
    assert {str(one.code) for one in found.other_diagnoses.all()} == {
        "M54.50",
        "G43.909",
    }
    assert (found.provider.npi, found.technique.slug) == (NPI, "swedish")
    assert found.insurer.name == "Fictional Mutual"
    assert (patient.user, str(patient)) == (None, "José Ejemplo")
    plan = TreatmentPlan.objects.get()
    assert (plan.number, plan.sessions, plan.made_by) == (1, 6, staff)
    assert trail(found) == [(staff.pk, "referral.recorded", patient.pk, ">draft")]
    assert trail(patient) == [(staff.pk, "patient.added", patient.pk, "")]
    whole = "added 1, same 0, patients added 1, refused 0"
    assert trail(NOBODY) == [(staff.pk, "referrals.imported", None, whole)]


def test_a_file_taken_in_a_second_time_adds_nothing(staff):
    bring(by=staff)
    make_provider_retire()

    assert counts(bring(by=staff)) == (0, 1, 0, True)
    assert Referral.objects.count() == 1


def make_provider_retire():
    """What a referral could name when it came may be out of use since."""
    Provider.objects.update(may_refer_until=TODAY - 300 * DAY)


def test_a_line_that_comes_twice_in_one_file_counts_once(staff):
    assert counts(bring(line(), line(), by=staff)) == (1, 1, 1, True)


@pytest.mark.parametrize(
    ("changes", "column"),
    [({"sessions": "7"}, "sessions"), ({"other_diagnoses": ""}, "other_diagnoses")],
)
@pytest.mark.parametrize("apart", [True, False], ids=["before", "in the same file"])
def test_a_reference_on_record_with_other_words_is_refused(
    staff, changes, column, apart
):
    if apart:
        bring(by=staff)
    first = () if apart else (line(),)

    result = bring(*first, line(**changes), by=staff)

    assert not result.written
    (refused,) = result.refused
    assert (refused.line, refused.column) == (len(first) + 2, "reference")
    assert refused.fault.endswith(f"with other: {column}")
    assert not Referral.objects.filter(sessions=7).exists()


def test_two_lines_about_one_new_patient_add_one_patient(staff):
    lines = [line(reference="L-1"), line(reference="L-2", record_number="t-9001")]

    assert counts(bring(*lines, by=staff)) == (2, 0, 1, True)
    assert Referral.objects.filter(patient=Patient.objects.get()).count() == 2


@pytest.mark.parametrize("across", [500, 1], ids=["one batch", "two batches"])
def test_two_lines_that_disagree_about_a_patient_are_refused(
    staff, monkeypatch, across
):
    monkeypatch.setattr(module, "BATCH", across)

    result = bring(line(), line(reference="L-2", given_name="Ana"), by=staff)

    assert [(one.line, one.column) for one in result.refused] == [(3, "record_number")]
    assert nothing_is_kept()


def test_a_patient_is_found_by_record_number_in_any_case_and_accent(staff):
    patient = make_patient(
        record_number="t-9001",
        given_name="JOSE",
        family_name="ejemplo",
        birth_date=date(1985, 3, 14),
    )

    assert counts(bring(by=staff)) == (1, 0, 0, True)
    assert Referral.objects.get().patient == patient


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"given_name": "Josefa"}, "belongs to another name"),
        ({"family_name": "Muestra"}, "belongs to another name"),
        ({"birth_date": date(1985, 4, 13)}, "belongs to another date of birth"),
    ],
)
def test_a_record_number_of_somebody_else_is_refused(staff, fields, words):
    values = {"given_name": "José", "family_name": "Ejemplo"}
    values |= {"birth_date": date(1985, 3, 14), "record_number": "T-9001"}
    make_patient(**values | fields)

    (refused,) = bring(by=staff).refused

    assert (refused.column, refused.fault) == (
        "record_number",
        f"this record number {words}",
    )
    assert not Referral.objects.exists()


def test_a_referral_goes_to_the_record_that_the_patient_s_was_merged_into(staff):
    kept = make_patient()
    make_patient(
        record_number="T-9001",
        given_name="José",
        family_name="Ejemplo",
        birth_date=date(1985, 3, 14),
        merged_into=kept,
    )

    assert bring(by=staff).written
    assert Referral.objects.get().patient == kept
    assert counts(bring(by=staff)) == (0, 1, 0, True)


@pytest.mark.parametrize(
    ("changes", "column"),
    [
        ({"npi": "1999999984"}, "npi"),
        ({"diagnosis": "M79.1"}, "diagnosis"),
        ({"other_diagnoses": "M79.1"}, "other_diagnoses"),
        ({"technique": "sports"}, "technique"),
        ({"technique": "gone"}, "technique"),
        ({"insurer": "Fictional Gone"}, "insurer"),
        ({"insurer": "Nobody"}, "insurer"),
    ],
)
def test_what_is_not_on_record_or_out_of_use_is_refused(staff, changes, column):
    make_technique(slug="gone", active=False)
    make_insurer(name="Fictional Gone", active=False)

    (refused,) = bring(line(**changes), by=staff).refused

    assert (refused.line, refused.column) == (2, column)
    assert refused.mend
    assert nothing_is_kept()


@pytest.mark.parametrize(
    ("fields", "may"),
    [
        ({"may_refer_from": date(2026, 10, 12)}, True),
        ({"may_refer_from": date(2026, 10, 13)}, False),
        ({"may_refer_until": date(2026, 10, 12)}, True),
        ({"may_refer_until": date(2026, 10, 11)}, False),
    ],
)
def test_the_provider_may_refer_on_the_day_that_the_letter_came(staff, fields, may):
    Provider.objects.update(**fields)

    result = bring(by=staff)

    assert result.written == may
    assert [one.column for one in result.refused] == ([] if may else ["npi"])


def test_one_bad_line_and_nothing_of_the_file_is_kept(staff, monkeypatch):
    monkeypatch.setattr(module, "BATCH", 2)
    lines = [*numbered(5), line(reference="L-9", sessions="0"), *numbered(1)]

    result = bring(*lines, by=staff)

    assert counts(result) == (5, 1, 5, False)
    assert [(one.line, one.column) for one in result.refused] == [(7, "sessions")]
    assert nothing_is_kept()
    assert not TreatmentPlan.objects.exists()
    assert not AuditEvent.objects.filter(action="referral.recorded").exists()
    checked = "added 5, same 1, patients added 5, refused 1"
    assert trail(NOBODY) == [(staff.pk, "referrals.import_checked", None, checked)]


def test_a_dry_run_counts_and_keeps_nothing_but_its_line_of_the_trail(staff):
    assert counts(bring(by=staff, dry_run=True)) == (1, 0, 1, False)

    assert nothing_is_kept()
    assert trail(NOBODY)[0][1] == "referrals.import_checked"


def test_after_too_many_faults_the_rest_is_not_read(staff, monkeypatch):
    monkeypatch.setattr(module, "BATCH", 1)
    monkeypatch.setattr(module, "MOST_FAULTS", 2)

    result = bring(*[line(npi="x")] * 5, by=staff)

    assert [one.line for one in result.refused] == [2, 3, 3]
    assert "not read" in result.refused[-1].fault


def test_a_file_is_no_more_queries_for_more_rows(staff):
    def asked(lines):
        with CaptureQueriesContext(connection) as found:
            assert bring(*lines, by=staff).written
        return len(found)

    few = asked(numbered(3))
    Referral.objects.update(identifier_value="", identifier_system="")

    many = asked([line(reference=f"M-{n}", record_number=f"M-{n}") for n in range(300)])

    assert few == many <= 25


def test_a_batch_that_cannot_be_written_is_a_refusal_and_not_an_error(
    staff, monkeypatch
):
    """Somebody adds the patient after we looked and before we wrote."""

    def late(numbers):
        make_patient(record_number="T-9001")
        return {}

    monkeypatch.setattr("referrals.actions.import_rows._patients", late)

    with pytest.raises(actions.ImportCrossed, match="once more"):
        bring(by=staff)


@pytest.mark.django_db
def test_one_identifier_arrives_once():
    fields = {
        "identifier_system": SPREADSHEET,
        "identifier_value": "L-1",
        "status": "draft",
    }
    make_referral(**fields)

    with (
        pytest.raises(IntegrityError, match='"referral_identifier_arrives_once"'),
        transaction.atomic(),
    ):
        make_referral(**fields)
    make_referral(**fields | {"identifier_system": "urn:other"})


def test_two_imports_of_one_file_at_once_make_one(committed):
    make_records()
    staff = make_user(Role.STAFF)
    lines = numbered(20)

    outcomes = together(*[lambda: bring(*lines, by=staff)] * 4)

    assert errors(outcomes) == []
    assert sorted(one.added for one in won(outcomes)) == [0, 0, 0, 20]
    assert Referral.objects.count() == Patient.objects.count() == 20


def test_an_import_does_not_wait_for_another_one_for_ever(committed):
    make_records()
    staff = make_user(Role.STAFF)

    def impatient():
        with connection.cursor() as cursor:
            cursor.execute("SET lock_timeout = '50ms'")
        return bring(by=staff)

    with transaction.atomic():
        module._wait_for_other_imports()
        (outcome,) = together(impatient)

    assert isinstance(outcome.error, actions.ImportBusy)
    assert nothing_is_kept()


def test_a_submission_key_is_made_for_each_line(staff):
    bring(*numbered(2), by=staff)

    keys = set(Referral.objects.values_list("submission", flat=True))
    assert len(keys) == 2
    assert all(isinstance(key, uuid.UUID) for key in keys)
