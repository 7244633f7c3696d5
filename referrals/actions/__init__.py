"""Every write of referrals."""

from __future__ import annotations

from referrals.actions.agree import (
    NewerVersion,
    NotTheirs,
    Planned,
    change_the_plan,
    sign_plan,
)
from referrals.actions.arrive import (
    NotTaken,
    OtherContent,
    arrive,
    arrived_before,
    refuse_arrival,
    see_arrival,
)
from referrals.actions.authorization import (
    AuthorizationChanged,
    Word,
    record_authorization,
)
from referrals.actions.correct import correct_referral
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
from referrals.actions.provider import AccountRefused, give_account
from referrals.actions.record import (
    AlreadyReferred,
    Order,
    OtherBody,
    ProviderNotOnRecord,
    record_referral,
)
from referrals.actions.refusal import Refusal
from referrals.actions.renewal import (
    AnsweredBefore,
    CannotBeAsked,
    LinkEnded,
    NotRenewable,
    Terms,
    answer_renewal,
    ask_renewal,
    first_day,
    warn_of_expiry,
)
from referrals.actions.screen import ScreeningIncomplete, screen_again
from referrals.actions.stale import Ended, Stale
from referrals.actions.states import (
    Moved,
    NotAllowed,
    NotClearable,
    by_hand,
    complete,
    move,
    record_clearance,
    reopen,
    revoke,
)

__all__ = [
    "AccountRefused",
    "AddressNeeded",
    "AlreadyReferred",
    "AnsweredBefore",
    "AuthorizationChanged",
    "CannotBeAsked",
    "Details",
    "Ended",
    "ImportBusy",
    "ImportCrossed",
    "Imported",
    "LinkEnded",
    "Moved",
    "NewerVersion",
    "NoLink",
    "NotADraft",
    "NotALetter",
    "NotAllowed",
    "NotClearable",
    "NotMergeable",
    "NotPartable",
    "NotRenewable",
    "NotTaken",
    "NotTheirs",
    "Order",
    "OtherBody",
    "OtherContent",
    "PatientChanged",
    "PatientExists",
    "Planned",
    "ProviderNotOnRecord",
    "Refusal",
    "ScreeningIncomplete",
    "Stale",
    "Terms",
    "Word",
    "add_letter",
    "add_patient",
    "answer_renewal",
    "arrive",
    "arrived_before",
    "ask_renewal",
    "begin_plan",
    "by_hand",
    "change_plan",
    "change_the_plan",
    "complete",
    "complete_draft",
    "correct_patient",
    "correct_referral",
    "details_of",
    "first_day",
    "give_account",
    "import_referrals",
    "load_diagnoses",
    "move",
    "record_authorization",
    "record_clearance",
    "record_referral",
    "refuse_arrival",
    "reopen",
    "retire_letters",
    "revoke",
    "screen_again",
    "see_arrival",
    "send_link",
    "sign_plan",
    "sweep_letters",
    "warn_of_expiry",
]
