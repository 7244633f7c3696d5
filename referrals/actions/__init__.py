"""Every write of referrals."""

from __future__ import annotations

from referrals.actions.diagnoses import load_diagnoses
from referrals.actions.patients import PatientExists, add_patient
from referrals.actions.plan import begin_plan
from referrals.actions.record import (
    AlreadyReferred,
    Order,
    OtherBody,
    ProviderNotOnRecord,
    record_referral,
)
from referrals.actions.refusal import Refusal
from referrals.actions.states import NotClearable, complete, record_clearance, revoke

__all__ = [
    "AlreadyReferred",
    "NotClearable",
    "Order",
    "OtherBody",
    "PatientExists",
    "ProviderNotOnRecord",
    "Refusal",
    "add_patient",
    "begin_plan",
    "complete",
    "load_diagnoses",
    "record_clearance",
    "record_referral",
    "revoke",
]
