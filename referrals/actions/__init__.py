"""Every write of referrals."""

from __future__ import annotations

from referrals.actions.arrive import (
    NotTaken,
    OtherContent,
    arrive,
    refuse_arrival,
    see_arrival,
)
from referrals.actions.authorization import (
    AuthorizationChanged,
    Word,
    record_authorization,
)
from referrals.actions.correct import Ended, Stale, correct_referral
from referrals.actions.diagnoses import load_diagnoses
from referrals.actions.draft import NotADraft, complete_draft
from referrals.actions.edit_patient import (
    AddressNeeded,
    Details,
    NoLink,
    PatientChanged,
    correct_patient,
    details_of,
    send_link,
)
from referrals.actions.import_referrals import (
    ImportBusy,
    ImportCrossed,
    Imported,
    import_referrals,
)
from referrals.actions.letters import (
    NotALetter,
    add_letter,
    retire_letters,
    sweep_letters,
)
from referrals.actions.merge import NotMergeable, NotPartable
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
from referrals.actions.screen import ScreeningIncomplete, screen_again
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
    "AddressNeeded",
    "AlreadyReferred",
    "AuthorizationChanged",
    "Details",
    "Ended",
    "ImportBusy",
    "ImportCrossed",
    "Imported",
    "Moved",
    "NoLink",
    "NotADraft",
    "NotALetter",
    "NotAllowed",
    "NotClearable",
    "NotMergeable",
    "NotPartable",
    "NotTaken",
    "Order",
    "OtherBody",
    "OtherContent",
    "PatientChanged",
    "PatientExists",
    "ProviderNotOnRecord",
    "Refusal",
    "ScreeningIncomplete",
    "Stale",
    "Word",
    "add_letter",
    "add_patient",
    "arrive",
    "begin_plan",
    "change_plan",
    "complete",
    "complete_draft",
    "correct_patient",
    "correct_referral",
    "details_of",
    "import_referrals",
    "load_diagnoses",
    "move",
    "record_authorization",
    "record_clearance",
    "record_referral",
    "refuse_arrival",
    "retire_letters",
    "revoke",
    "screen_again",
    "see_arrival",
    "send_link",
    "sweep_letters",
]
