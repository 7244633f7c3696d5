"""
Referrals as FHIR R4 ServiceRequests: read from other systems, and written for them.

Pure: no database, no clock, no settings. `strict` reads the bytes, `shapes` knows
the elements of R4, `read` makes an Arrival of what was sent, `write` answers.
"""

from __future__ import annotations

from referrals.fhir.fault import Fault
from referrals.fhir.read import Arrival, Coded, NewPatient, called, read
from referrals.fhir.strict import NotJson, parse
from referrals.fhir.write import outcome, service_request

__all__ = [
    "Arrival",
    "Coded",
    "Fault",
    "NewPatient",
    "NotJson",
    "called",
    "outcome",
    "parse",
    "read",
    "service_request",
]
