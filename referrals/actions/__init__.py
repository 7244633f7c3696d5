"""Every write of referrals."""

from __future__ import annotations

from referrals.actions.diagnoses import load_diagnoses
from referrals.actions.patients import PatientExists, add_patient
from referrals.actions.record import (
    AlreadyReferred,
    NotClearable,
    Order,
    OtherBody,
    ProviderNotOnRecord,
    complete,
    record_clearance,
    record_referral,
    revoke,
)
from referrals.actions.refusal import Refusal

__all__ = [
    "AlreadyReferred",
    "NotClearable",
    "Order",
    "OtherBody",
    "PatientExists",
    "ProviderNotOnRecord",
    "Refusal",
    "add_patient",
    "complete",
    "load_diagnoses",
    "record_clearance",
    "record_referral",
    "revoke",
]
