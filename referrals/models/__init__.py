"""Why a patient may come: one module per noun."""

from __future__ import annotations

from referrals.models.diagnosis import DiagnosisCode
from referrals.models.patient import Patient
from referrals.models.provider import Provider
from referrals.models.referral import Referral, ScreeningAnswer

__all__ = ["DiagnosisCode", "Patient", "Provider", "Referral", "ScreeningAnswer"]
