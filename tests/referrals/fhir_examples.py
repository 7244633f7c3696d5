"""A good ServiceRequest, and ways to send one; all of it invented."""

from __future__ import annotations

import copy
import json

from django.test import Client

from massage_portal.accounts.actions import add_client_system
from massage_portal.accounts.models import ClientSystem
from referrals.models import Provider
from tests.factories import NOW, make_diagnosis, make_provider

ADDRESS = "/fhir/ServiceRequest"
ICD = "http://hl7.org/fhir/sid/icd-10-cm"
NPI = "http://hl7.org/fhir/sid/us-npi"
MR = "http://terminology.hl7.org/CodeSystem/v2-0203"


def make_system(name: str = "clinic-record") -> str:
    """Add another system, and return its secret."""
    return add_client_system(name=name, by=None, now=NOW)


def make_rules() -> Provider:
    """Put on record what a good resource leans on, and return who refers."""
    make_diagnosis()
    make_diagnosis("M54.50", "Low back pain, unspecified")
    return make_provider()


def a_resource(npi: str, **changes) -> dict:
    """Return a good resource; a change of None leaves the element out."""
    patient = {
        "resourceType": "Patient",
        "id": "who",
        "identifier": [
            {"system": "urn:oid:1.2.3", "value": "other-7"},
            {"type": {"coding": [{"system": MR, "code": "MR"}]}, "value": "R-77"},
        ],
        "name": [{"family": "Testwell", "given": ["Juniper", "Ann"]}],
        "birthDate": "1985-03-14",
    }
    practitioner = {
        "resourceType": "Practitioner",
        "id": "by",
        "identifier": [{"system": NPI, "value": npi}],
    }
    resource = {
        "resourceType": "ServiceRequest",
        "contained": [patient, practitioner],
        "identifier": [{"system": "https://record.example.org/orders", "value": "A-1"}],
        "status": "active",
        "intent": "order",
        "priority": "urgent",
        "code": {"text": "Massage therapy"},
        "subject": {"reference": "#who"},
        "requester": {"reference": "#by"},
        "authoredOn": "2026-10-13T23:30:00-05:00",
        "occurrencePeriod": {"start": "2026-10-14", "end": "2027-01-14"},
        "quantityQuantity": {"value": 6},
        "reasonCode": [
            {"coding": [{"system": ICD, "code": "M79.7"}]},
            {"coding": [{"system": ICD, "code": "M5450"}]},
        ],
        "note": [{"text": "Sleeps badly.\nWorse in the morning."}],
    }
    changed = copy.deepcopy(resource) | changes
    return {name: value for name, value in changed.items() if value is not None}


def put(resource, path, value):
    """Return a copy with `value` at the path: names and places."""
    changed = copy.deepcopy(resource)
    where = changed
    for step in path[:-1]:
        where = where[step]
    where[path[-1]] = value
    return changed


def send(secret: str, body, *, client: Client | None = None, **headers):
    """Post a resource, or bytes as they are; a header's "_" is a "-"."""
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    given = {"Authorization": f"Bearer {secret}"} if secret else {}
    given |= {name.replace("_", "-"): value for name, value in headers.items()}
    kind = given.pop("Content-Type", "application/fhir+json")
    return (client or Client()).post(ADDRESS, raw, content_type=kind, headers=given)


def issues(answer) -> list[tuple[str, str]]:
    """Return code and path of each issue, having seen that the outcome is whole."""
    body = answer.json()
    assert answer["Content-Type"] == "application/fhir+json"
    assert set(body) == {"resourceType", "issue"}
    assert body["resourceType"] == "OperationOutcome"
    assert body["issue"]
    for issue in body["issue"]:
        assert issue["severity"] == "error"
        assert issue["code"] in CODES
        assert issue["diagnostics"].strip()
        assert issue.get("expression", ["x"])[0]
    return [(one["code"], *one.get("expression", [""])) for one in body["issue"]]


# http://hl7.org/fhir/R4/valueset-issue-type.html, those that we use
CODES = {
    "transient",
    *("structure", "required", "value", "not-supported", "extension", "too-long"),
    *("not-found", "business-rule", "duplicate", "login", "invalid", "exception"),
}


def the_system() -> ClientSystem:
    return ClientSystem.objects.get(name="clinic-record")
