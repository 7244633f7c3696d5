"""A referral as a ServiceRequest, and faults as an OperationOutcome. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from referrals.fhir.fault import Fault
from referrals.fhir.parties import RECORD_NUMBER, US_NPI
from referrals.fhir.read import ICD_10_CM, KIND
from referrals.models import DiagnosisCode, Referral

IDENTIFIER_TYPES = "http://terminology.hl7.org/CodeSystem/v2-0203"


def outcome(faults: Sequence[Fault]) -> dict[str, Any]:
    """Return the faults as https://hl7.org/fhir/R4/operationoutcome.html."""
    return {
        "resourceType": "OperationOutcome",
        "issue": [
            {"severity": "error", "code": fault.code, "diagnostics": fault.words}
            | ({"expression": [fault.expression]} if fault.expression else {})
            for fault in faults
        ],
    }


def service_request(referral: Referral, *, techniques: str) -> dict[str, Any]:
    """
    Return the referral as https://hl7.org/fhir/R4/servicerequest.html.

    It says what the other system sent and how it stands; nothing of the safety
    questions, and neither name nor birth date of the patient.

    :param referral: loaded with patient, provider, diagnoses and technique.
    :param techniques: the system of our codes of techniques.
    """
    codes = [referral.diagnosis, *referral.other_diagnoses.all()]
    resource: dict[str, Any] = {
        "resourceType": KIND,
        "id": str(referral.pk),
        "meta": {"versionId": str(referral.version)},
        "identifier": [
            {"system": referral.identifier_system, "value": referral.identifier_value}
        ],
        "status": referral.status,
        "intent": "order",
        "priority": referral.priority,
        "quantityQuantity": {"value": referral.sessions},
        "subject": {"identifier": _record_number(referral.patient.record_number)},
        "occurrencePeriod": {
            "start": referral.valid_from.isoformat(),
            "end": referral.valid_until.isoformat(),
        },
        "requester": {"identifier": {"system": US_NPI, "value": referral.provider.npi}},
        "reasonCode": [_reason(code) for code in codes],
    }
    if referral.technique:
        coding = {"system": techniques, "code": referral.technique.slug}
        resource["orderDetail"] = [{"coding": [coding]}]
    if referral.reason:
        resource["note"] = [{"text": referral.reason}]
    return resource


def _record_number(number: str) -> dict[str, Any]:
    kind = {"coding": [{"system": IDENTIFIER_TYPES, "code": RECORD_NUMBER}]}
    return {"type": kind, "value": number}


def _reason(code: DiagnosisCode) -> dict[str, Any]:
    coding = {"system": ICD_10_CM, "code": code.code, "display": code.description}
    return {"coding": [coding]}
