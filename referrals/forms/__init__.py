"""Forms of referrals. They only check; `actions` save."""

from __future__ import annotations

from referrals.forms.correct import CorrectReferral, MoveReferral
from referrals.forms.patient import AddPatient, FindPatient
from referrals.forms.record import MATCHES, RecordReferral
from referrals.forms.referral import Clear

__all__ = [
    "MATCHES",
    "AddPatient",
    "Clear",
    "CorrectReferral",
    "FindPatient",
    "MoveReferral",
    "RecordReferral",
]
