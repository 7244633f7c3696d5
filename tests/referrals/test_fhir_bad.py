"""What another system sends wrongly is refused, with the path of each fault."""

from __future__ import annotations

import json
import time

import pytest
from django.test import Client

from referrals import fhir
from referrals.models import Patient, Provider, Referral
from tests.factories import NOW, TODAY, ZONE
from tests.referrals.fhir_examples import (
    ICD,
    a_resource,
    issues,
    make_rules,
    make_system,
    put,
    send,
)

GOOD_NPI = "1000000004"
LONG = "n" * 10_000


@pytest.fixture(autouse=True)
def at_noon(monkeypatch):
    monkeypatch.setattr("django.utils.timezone.now", lambda: NOW)


@pytest.fixture
def world(db):
    return make_system(), make_rules()


def raw(text: str) -> bytes:
    """Return the good resource as bytes, its note's text replaced as it is."""
    body = json.dumps(a_resource(GOOD_NPI, note=[{"text": "HERE"}]))
    return body.replace('"HERE"', text).encode()


NOTE = "ServiceRequest.note[0].text"
UNREADABLE = {
    "nothing": (b" ", ""),
    "half": (json.dumps(a_resource(GOOD_NPI)).encode()[:400], ""),
    "half a bundle": (b'{"resourceType":"Bundle","entry":[{"resource":{', ""),
    "deep": (raw("[" * 10_000 + "]" * 10_000), ""),
    "deep and open": (b"[" * 10_000, ""),
    "deep in objects": (b'{"a":' * 10_000, ""),
    "NaN": (raw("NaN"), NOTE),
    "infinite": (raw("-Infinity"), NOTE),
    "beyond infinite": (raw("1e999"), NOTE),
    "many digits": (raw("9" * 5000), NOTE),
    "more digits than 64 bits hold": (raw("9" * 21), NOTE),
    "many places": (raw("0." + "9" * 5000), NOTE),
    "null": (raw("null"), NOTE),
    "empty text": (raw('""'), NOTE),
    "empty list": (raw("[]"), NOTE),
    "empty object": (raw("{}"), NOTE),
    "a name twice": (raw('"a", "text": "b"'), NOTE),
    "half a surrogate pair": (raw(r'"\ud83d"'), NOTE),
    "NUL": (raw(r'"a\u0000b"'), NOTE),
    "bell": (raw(r'"a\u0007b"'), NOTE),
    "turned around": (raw('"a\u202eb"'), NOTE),
    "buried": (raw('"a' + "\u0301" * 10 + '"'), NOTE),
    "raw control character": (raw('"a\x01b"'), ""),
    "not UTF-8": (raw('"HERE"').replace(b"HERE", b"\xff"), ""),
    "UTF-16": (json.dumps(a_resource(GOOD_NPI)).encode("utf-16"), ""),
    "byte order mark": (b"\xef\xbb\xbf{}", ""),
    "comment": (b"{} // x", ""),
    "XML": (b"<ServiceRequest/>", ""),
    "a name twice in a nameless thing": (b'[{"\xe2\x80\xae":1,"\xe2\x80\xae":2}]', ""),
}


@pytest.mark.parametrize("name", UNREADABLE)
def test_what_is_no_whole_json_is_refused_where_it_breaks(world, name):
    body, path = UNREADABLE[name]

    answer = send(world[0], body)

    assert answer.status_code == 400
    assert {where for _code, where in issues(answer)} == {path}
    assert not Referral.objects.exists()


def test_texts_that_never_end_are_passed_over_in_one_go():
    begun = time.process_time()
    for body in (b'"' + b'\\"' * 400_000, b'"' + b"\\" * 900_000, b'{"a' * 300_000):
        with pytest.raises(fhir.NotJson):
            fhir.parse(body)

    assert time.process_time() - begun < 5


def test_a_list_full_of_faults_tells_the_first_fifty():
    with pytest.raises(fhir.NotJson) as caught:
        fhir.parse(b"[" + b",".join([b"null"] * 900) + b"]")

    assert len(caught.value.faults) == 50


def test_a_body_over_one_megabyte_is_refused(world):
    answer = send(world[0], raw("9" * 1_000_001))

    assert (answer.status_code, issues(answer)) == (413, [("too-long", "")])


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Content_Type": "application/fhir+xml"}, 415),
        ({"Content_Type": "text/plain"}, 415),
        ({"Content_Type": "application/x-www-form-urlencoded"}, 415),
        ({"Content_Type": "application/fhir+json; charset=latin-1"}, 415),
        ({"Content_Encoding": "gzip"}, 400),
        ({"Accept": "application/fhir+xml"}, 406),
        ({"Accept": "text/html"}, 406),
    ],
)
def test_what_is_not_json_is_not_taken(world, headers, status):
    answer = send(world[0], a_resource(world[1].npi), **headers)

    assert (answer.status_code, issues(answer)) == (status, [("not-supported", "")])


@pytest.mark.parametrize(
    "headers",
    [
        {"Content_Type": "application/json"},
        {"Content_Type": "application/fhir+json; charset=UTF-8"},
        {"Accept": "application/fhir+json"},
        {"Accept": "text/html, */*;q=0.1"},
    ],
)
def test_json_is_taken_by_each_of_its_names(world, headers):
    assert send(world[0], a_resource(world[1].npi), **headers).status_code == 201


PATIENT, BY = ("contained", 0), ("contained", 1)
REASON = ("reasonCode", 0)
WRONG = [
    (("status",), "revoked", "value", "status"),
    (("status",), 1, "value", "status"),
    (("intent",), "plan", "value", "intent"),
    (("priority",), "at once", "value", "priority"),
    (("doNotPerform",), True, "not-supported", "doNotPerform"),
    (("doNotPerform",), "no", "value", "doNotPerform"),
    (("color",), "red", "structure", "color"),
    (("_contained",), [{"x": "y"}], "structure", "_contained"),
    (("modifierExtension",), [{"url": "x"}], "extension", "modifierExtension"),
    ((*PATIENT, "implicitRules"), "x", "extension", "contained[0].implicitRules"),
    (("identifier",), {"value": "x"}, "structure", "identifier"),
    (("identifier", 0), {"value": "x"}, "required", "identifier[0].system"),
    (("identifier", 0, "value"), LONG, "too-long", "identifier[0].value"),
    (("identifier", 0, "value"), "\u200b", "required", "identifier[0].value"),
    (("identifier", 0, "system"), "a b", "value", "identifier[0].system"),
    (("contained",), ["x"], "structure", "contained[0]"),
    ((*PATIENT, "resourceType"), "Bundle", "structure", "contained[0]"),
    ((*PATIENT, "contained"), [{"id": "1"}], "structure", "contained[0]"),
    ((*PATIENT, "resourceType"), 7, "required", "contained[0].resourceType"),
    ((*PATIENT, "resourceType"), "Group", "not-found", "subject.reference"),
    (("subject", "reference"), "#nobody", "not-found", "subject.reference"),
    (("subject", "reference"), "Patient/7", "not-supported", "subject.reference"),
    (("subject",), {"display": "J"}, "not-supported", "subject"),
    (("subject",), "Juniper", "structure", "subject"),
    ((*PATIENT, "birthDate"), "1985-02-30", "value", "contained[0].birthDate"),
    ((*PATIENT, "birthDate"), "1985-03", "value", "contained[0].birthDate"),
    ((*PATIENT, "birthDate"), "0000-01-01", "value", "contained[0].birthDate"),
    ((*PATIENT, "birthDate"), "2026-10-15", "value", "contained[0].birthDate"),
    ((*PATIENT, "birthDate"), "1899-12-31", "value", "contained[0].birthDate"),
    ((*PATIENT, "birthDate"), 19850314, "value", "contained[0].birthDate"),
    ((*PATIENT, "birthDate"), "\uff11985-03-14", "value", "contained[0].birthDate"),
    ((*PATIENT, "name", 0, "family"), LONG, "too-long", "contained[0].name[0].family"),
    ((*PATIENT, "name", 0, "given"), "J", "structure", "contained[0].name[0].given"),
    ((*PATIENT, "name"), [{"use": "old", "family": "X"}], "not-found", "contained[0]"),
    (
        (*PATIENT, "identifier", 1),
        {"value": "x"},
        "required",
        "contained[0].identifier",
    ),
    (
        (*PATIENT, "identifier", 1, "value"),
        "R" * 21,
        "too-long",
        "contained[0].identifier[1].value",
    ),
    (
        (*BY, "identifier", 0, "value"),
        "1234567890",
        "value",
        "contained[1].identifier[0].value",
    ),
    ((*BY, "identifier", 0, "system"), "x:y", "required", "contained[1].identifier"),
    (("occurrencePeriod", "start"), "2026-13-01", "value", "occurrencePeriod.start"),
    (("occurrencePeriod", "start"), "2026", "value", "occurrencePeriod.start"),
    (
        ("occurrencePeriod", "start"),
        "2026-10-14T10:00:00",
        "value",
        "occurrencePeriod.start",
    ),
    (
        ("occurrencePeriod", "start"),
        "2026-10-14T25:00:00Z",
        "value",
        "occurrencePeriod.start",
    ),
    (
        ("occurrencePeriod", "end"),
        "9999-12-31T23:59:59-12:00",
        "value",
        "occurrencePeriod.end",
    ),
    (
        ("occurrencePeriod", "end"),
        "0001-01-01T00:00:00+14:00",
        "value",
        "occurrencePeriod.end",
    ),
    (("occurrencePeriod", "end"), "2026-10-13", "value", "occurrencePeriod.end"),
    (
        ("occurrencePeriod",),
        {"start": "2026-08-01", "end": "2026-10-13"},
        "business-rule",
        "occurrencePeriod.end",
    ),
    (("occurrencePeriod", "end"), "2099-01-01", "value", "occurrencePeriod.end"),
    (("occurrencePeriod", "start"), "1999-01-01", "value", "occurrencePeriod.start"),
    (("occurrenceDateTime",), "2026-11-01", "not-supported", "occurrenceDateTime"),
    (("authoredOn",), "2026-10-15", "value", "authoredOn"),
    (("quantityQuantity", "value"), "6", "value", "quantityQuantity.value"),
    (("quantityQuantity", "value"), True, "value", "quantityQuantity.value"),
    (("quantityQuantity", "value"), 0, "value", "quantityQuantity.value"),
    (("quantityQuantity", "value"), 2.5, "value", "quantityQuantity.value"),
    (("quantityQuantity", "value"), 61, "value", "quantityQuantity.value"),
    (
        ("quantityQuantity", "comparator"),
        "<",
        "not-supported",
        "quantityQuantity.comparator",
    ),
    (REASON, {"text": "pain"}, "required", "reasonCode[0]"),
    (
        (*REASON, "coding", 0, "code"),
        "M79",
        "not-found",
        "reasonCode[0].coding[0].code",
    ),
    (
        ("reasonCode", 1),
        {"coding": [{"system": "urn:x"}, {"system": ICD, "code": "x' OR 1"}]},
        "not-found",
        "reasonCode[1].coding[1].code",
    ),
    (("reasonCode",), [{"text": "x"}] * 21, "too-long", "reasonCode"),
    (("note", 0, "text"), "x" * 2001, "too-long", "note"),
    (("note", 0), {"time": "2026-10-14"}, "required", "note[0].text"),
]


@pytest.mark.parametrize(("path", "value", "code", "where"), WRONG)
def test_each_fault_is_told_by_its_path(world, path, value, code, where):
    body = put(a_resource(world[1].npi), path, value)

    answer = send(world[0], body)

    assert answer.status_code == 422
    assert issues(answer) == [(code, f"ServiceRequest.{where}")]
    assert not Referral.objects.exists()
    assert not Patient.objects.exists()


@pytest.mark.parametrize(
    "name",
    ["identifier", "status", "intent", "subject", "requester", "reasonCode"],
)
def test_what_is_needed_and_missing_is_named(world, name):
    answer = send(world[0], a_resource(world[1].npi, **{name: None}))

    assert answer.status_code == 422
    found = issues(answer)
    assert {code for code, _ in found} == {"required"}
    assert all(path.startswith(f"ServiceRequest.{name}") for _, path in found)


@pytest.mark.parametrize("kind", ["Bundle", "Patient", "x" * 999, "\u0000", 5, None])
def test_only_a_service_request_is_taken(world, kind):
    body = {"resourceType": kind, "entry": [{"resource": a_resource(GOOD_NPI)}]}

    assert send(world[0], body).status_code in (400, 422)
    assert send(world[0], [a_resource(GOOD_NPI)]).status_code == 422
    assert send(world[0], b"7").status_code == 422


def test_two_contained_resources_of_one_id_leave_open_who_is_meant(world):
    body = a_resource(world[1].npi)
    body["contained"].append(body["contained"][0])

    found = issues(send(world[0], body))

    assert found == [("not-found", "ServiceRequest.subject.reference")]


def test_several_faults_are_told_at_once(world):
    body = a_resource(
        world[1].npi, status="draft", intent="plan", quantityQuantity=None
    )

    assert [path for _, path in issues(send(world[0], body))] == [
        *("ServiceRequest.status", "ServiceRequest.intent"),
        "ServiceRequest.quantityQuantity.value",
    ]


def test_names_of_other_scripts_arrive_and_what_is_invisible_does_not(world):
    name = {"family": "كر\u200dيم\u200b", "given": ["Zoë\u00ad", "محمد"]}

    body = put(a_resource(world[1].npi), (*PATIENT, "name", 0), name)

    assert send(world[0], body).status_code == 201
    patient = Patient.objects.get()
    assert (patient.family_name, patient.given_name) == ("كر\u200dيم", "Zoë محمد")


@pytest.mark.parametrize(
    ("sent", "day"),
    [
        ("2026-10-15T03:30:00Z", 14),  # still the evening before in Rochester
        ("2026-10-14T23:59:59.999999999-05:00", 14),
        ("2026-10-15T12:00:00.5+14:00", 14),
        ("2026-10-15", 15),
    ],
)
def test_a_moment_counts_for_its_day_in_the_clinic(sent, day):
    found = fhir.read(
        a_resource(GOOD_NPI, occurrencePeriod={"start": sent}), today=TODAY, zone=ZONE
    )

    assert found.valid_from.day == day


def test_nothing_that_was_sent_is_in_an_answer_that_refuses_it(world):
    body = put(a_resource(world[1].npi, status="no"), (*PATIENT, "birthDate"), "Secret")

    answer = send(world[0], body)

    assert "Secret" not in answer.text
    assert "Testwell" not in answer.text
    assert Provider.objects.count() == 1


NOWHERE = ["", "/", "/ServiceRequest/", "/ServiceRequest/abc", "/ServiceRequest/1/x"]
NOWHERE += ["/Patient", "/metadata", "/%00"]


@pytest.mark.parametrize("method", ["get", "post", "put", "delete"])
@pytest.mark.parametrize("rest", NOWHERE)
def test_an_address_that_is_none_is_told_as_an_outcome(client, rest, method):
    answer = getattr(client, method)(f"/fhir{rest}", headers={"Accept-Language": "es"})

    assert answer.status_code == 404
    assert issues(answer) == [("not-found", "")]
    assert "no-store" in answer["Cache-Control"]


def test_people_still_read_a_page_where_nothing_is(client):
    assert client.get("/fhirs/").status_code == 404
    assert b"<h1>" in client.get("/fhirs/").content


def test_a_host_that_is_not_ours_and_a_fault_in_the_portal_are_outcomes_too(
    monkeypatch, world
):
    client = Client(raise_request_exception=False)
    strange = client.get("/fhir/ServiceRequest/1", headers={"Host": "elsewhere.test"})
    monkeypatch.setattr("referrals.fhir.parse", lambda body: 1 / 0)
    failed = send(world[0], a_resource(GOOD_NPI), client=client)

    assert (strange.status_code, issues(strange)) == (400, [("invalid", "")])
    assert (failed.status_code, issues(failed)) == (500, [("exception", "")])
