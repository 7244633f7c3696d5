"""Why a patient may come: one module per noun."""

from __future__ import annotations

from referrals.models.authorization import Authorization
from referrals.models.diagnosis import DiagnosisCode
from referrals.models.letter import Letter
from referrals.models.patient import Patient, PatientMerge
from referrals.models.plan import TreatmentPlan
from referrals.models.provider import Provider
from referrals.models.referral import Referral, ScreeningAnswer, screening
from referrals.models.renewal import Renewal

__all__ = [
    "Authorization",
    "DiagnosisCode",
    "Letter",
    "Patient",
    "PatientMerge",
    "Provider",
    "Referral",
    "Renewal",
    "ScreeningAnswer",
    "TreatmentPlan",
    "screening",
]
