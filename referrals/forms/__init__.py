"""Forms of referrals. They only check; `actions` save."""

from __future__ import annotations

from referrals.forms.correct import CorrectReferral, MoveReferral
from referrals.forms.draft import CompleteDraft
from referrals.forms.edit_patient import EditPatient
from referrals.forms.import_referrals import ImportReferrals
from referrals.forms.letter import AddLetter
from referrals.forms.patient import AddPatient, FindPatient
from referrals.forms.record import MATCHES, RecordReferral
from referrals.forms.referral import Clear
from referrals.forms.screen import Screen

__all__ = [
    "MATCHES",
    "AddLetter",
    "AddPatient",
    "Clear",
    "CompleteDraft",
    "CorrectReferral",
    "EditPatient",
    "FindPatient",
    "ImportReferrals",
    "MoveReferral",
    "RecordReferral",
    "Screen",
]
