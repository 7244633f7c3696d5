"""What an order of another system means is read right, or refused by its path."""

from __future__ import annotations

import time

import pytest
from django.db import OperationalError

from referrals import fhir
from referrals.codes import SPREADSHEET
from referrals.models import Patient, Referral
from tests.factories import DAY, NOW, make_patient
from tests.referrals.fhir_examples import (
    a_resource,
    issues,
    make_rules,
    make_system,
    put,
    send,
)

PATIENT = ("contained", 0)
RULE, NOT = "business-rule", "not-supported"


@pytest.fixture(autouse=True)
def at_noon(monkeypatch):
    monkeypatch.setattr("django.utils.timezone.now", lambda: NOW)


@pytest.fixture
def world(db):
    return make_system(), make_rules()


@pytest.mark.parametrize(
    ("path", "value", "code", "where"),
    [
        ((*PATIENT, "active"), False, RULE, "contained[0].active"),
        ((*PATIENT, "deceasedBoolean"), True, RULE, "contained[0].deceasedBoolean"),
        (
            (*PATIENT, "deceasedDateTime"),
            "2026-01-02",
            RULE,
            "contained[0].deceasedDateTime",
        ),
        (
            (*PATIENT, "link"),
            [{"type": "replaced-by", "other": {"reference": "Patient/2"}}],
            NOT,
            "contained[0].link",
        ),
        (("quantityQuantity", "unit"), "weeks", NOT, "quantityQuantity.unit"),
        (("quantityQuantity", "code"), "wk", NOT, "quantityQuantity.code"),
        (("identifier", 0, "system"), SPREADSHEET, RULE, "identifier[0].system"),
        (
            (*PATIENT, "identifier", 1, "use"),
            "old",
            "required",
            "contained[0].identifier",
        ),
    ],
)
def test_what_changes_the_meaning_is_refused(world, path, value, code, where):
    system, rules = world

    answer = send(system, put(a_resource(rules.npi), path, value))

    assert answer.status_code == 422
    assert issues(answer) == [(code, f"ServiceRequest.{where}")]
    assert not Referral.objects.exists()


@pytest.mark.parametrize("unit", ["visits", "{visits}", "Session", "1"])
def test_a_quantity_may_say_that_it_counts_visits(world, unit):
    system, rules = world
    resource = a_resource(rules.npi, quantityQuantity={"value": 6, "unit": unit})

    assert send(system, resource).status_code == 201


def typed(code):
    return {"type": {"coding": [{"code": code}]}, "value": "12345"}


@pytest.mark.parametrize(
    ("identifier", "status"),
    [
        (typed("SS"), 422),
        (typed("MR"), 201),
        (typed("MR") | {"use": "old"}, 422),
        ({"value": "12345"}, 201),
        ({"value": "12345", "use": "temp"}, 422),
    ],
)
def test_only_a_record_number_is_taken_for_one(world, identifier, status):
    system, rules = world
    stranger = make_patient(record_number="12345")
    subject = {"identifier": identifier}

    answer = send(system, a_resource(rules.npi, subject=subject))

    assert answer.status_code == status
    assert stranger.referrals.exists() == (status == 201)
    assert Patient.objects.count() == 1


def test_what_was_taken_stays_taken_when_its_time_is_over(world, monkeypatch):
    system, rules = world
    period = {"start": "2026-10-14", "end": "2026-10-14"}
    resource = a_resource(rules.npi, occurrencePeriod=period)
    assert send(system, resource).status_code == 201

    monkeypatch.setattr("django.utils.timezone.now", lambda: NOW + DAY)

    assert send(system, resource).status_code == 200
    assert Referral.objects.count() == 1


def test_what_if_none_exist_matches_is_not_looked_at(world):
    system, rules = world
    resource = a_resource(rules.npi)
    assert send(system, resource).status_code == 201
    called = "identifier=https://record.example.org/orders%7CA-1"

    again = send(system, resource | {"status": "nonsense"}, If_None_Exist=called)

    assert again.status_code == 200


@pytest.mark.parametrize(
    "accepted",
    [
        "application/fhir+json; fhirVersion=4.0",
        "application/fhir+json;charset=utf-8",
        "text/html, application/json; q=0.9",
    ],
)
def test_a_parameter_of_what_is_accepted_is_no_hindrance(world, accepted):
    system, rules = world

    assert send(system, a_resource(rules.npi), Accept=accepted).status_code == 201


def test_the_path_is_one_that_was_sent(world):
    system, rules = world
    resource = a_resource(rules.npi, occurrencePeriod=None, authoredOn="2024-01-01")

    assert issues(send(system, resource)) == [("value", "ServiceRequest.authoredOn")]


def test_a_name_twice_among_many_is_found_in_one_pass():
    names = ",".join(f'"n{number}":1' for number in range(60_000))
    begun = time.process_time()

    with pytest.raises(fhir.NotJson):
        fhir.parse(f'{{{names},"n59999":1}}'.encode())

    assert time.process_time() - begun < 2


def test_without_a_database_the_answer_is_an_outcome_too(world, monkeypatch):
    system, rules = world

    def away(*_args, **_kwargs):
        raise OperationalError("away")

    monkeypatch.setattr("referrals.actions.arrived_before", away)

    answer = send(system, a_resource(rules.npi))

    assert (answer.status_code, answer["Retry-After"]) == (503, "10")
    assert issues(answer) == [("transient", "")]
