"""Every write of referrals."""

from __future__ import annotations

from referrals.actions.correct import Ended, Stale, correct_referral
from referrals.actions.diagnoses import load_diagnoses
from referrals.actions.patients import PatientExists, add_patient
from referrals.actions.plan import begin_plan, change_plan
from referrals.actions.record import (
    AlreadyReferred,
    Order,
    OtherBody,
    ProviderNotOnRecord,
    record_referral,
)
from referrals.actions.refusal import Refusal
from referrals.actions.states import (
    Moved,
    NotAllowed,
    NotClearable,
    complete,
    move,
    record_clearance,
    revoke,
)

__all__ = [
    "AlreadyReferred",
    "Ended",
    "Moved",
    "NotAllowed",
    "NotClearable",
    "Order",
    "OtherBody",
    "PatientExists",
    "ProviderNotOnRecord",
    "Refusal",
    "Stale",
    "add_patient",
    "begin_plan",
    "change_plan",
    "complete",
    "correct_referral",
    "load_diagnoses",
    "move",
    "record_clearance",
    "record_referral",
    "revoke",
]
