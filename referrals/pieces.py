"""
What is missing of one referral, the most urgent first, each with the one next step.

Pure: no database, no clock. `ReferralQuerySet.with_work` says in SQL which referrals
have work of which kind, and a test holds the two together.
"""

from __future__ import annotations

from collections.abc import Iterator
from enum import StrEnum
from typing import Any, NamedTuple

from django.utils.translation import gettext_lazy as _

from referrals.codes import OPEN, RenewalAnswer, Status
from referrals.coverage import Limit
from referrals.screening import Outcome

WARN_DAYS = 30  # before the last day: staff, the patient and the provider hear of it
LAST_DAYS = 7  # and the patient once more


class Work(StrEnum):
    """The kinds of work on the day's list, in the order in which it is done."""

    CLEARANCE = "clearance"
    DRAFTS = "drafts"
    MISSING = "missing"
    EXPIRING = "expiring"
    UNSIGNED = "unsigned"


class Step(NamedTuple):
    """What to do next: a link to a view, or a button that acts at once."""

    label: Any
    view: str = "referrals:referral"
    permission: str = "referrals.record_referral"  # "": whoever sees the referral
    of_patient: bool = False  # the address takes the patient's key
    acts: bool = False  # sent with POST


class Piece(NamedTuple):
    """One thing that is missing; `work` is None for what can wait."""

    code: str
    words: Any
    step: Step
    work: Work | None = None


class Facts(NamedTuple):
    """What is known of a referral."""

    status: str
    limit: Limit = Limit.REFERRAL
    days_left: int = 365  # to the last day that can be booked; 0 is today
    outcome: Outcome = Outcome.GO_ON  # of the newest safety answers
    waits: bool = False  # a renewal whose first day is still to come
    insurer_ends_it: bool = False  # its authorization ends before the order does
    provider_signed: bool = True  # true also where there is no plan
    therapist_signed: bool = True
    letters: int = 1
    has_account: bool = True
    renewed: bool = False
    asked: str | None = None  # None: never; "": no answer yet; or a RenewalAnswer
    can_be_asked: bool = True  # the provider has an account


OPEN_IT = Step(_("Open the referral"), permission="")
CLEAR = Step(_("Record the clearance"))
COMPLETE = Step(_("Ask the safety questions"), "referrals:complete")
AUTHORIZE = Step(_("Record the insurer's word"), "referrals:authorize")
ASK = Step(_("Ask the provider"), "referrals:renew", acts=True)
CALL = Step(_("Call the provider"), permission="")
SIGN = Step(_("Open the plan"), "referrals:plan", permission="")
ADD_LETTER = Step(_("Add the letter"), "referrals:letters")
ADD_ADDRESS = Step(_("Add an email address"), "referrals:edit_patient", of_patient=True)


def pieces(facts: Facts) -> list[Piece]:
    """Return what is missing, the most urgent first; nothing of what has ended."""
    if facts.status == Status.DRAFT:
        return [] if facts.waits else [_draft(), *_minor(facts)]
    if facts.status not in OPEN:
        return []
    found = [*_clearance(facts), *_numbers(facts)]
    return [*found, *_expiring(facts), *_unsigned(facts), *_minor(facts)]


def _draft() -> Piece:
    words = _("The safety questions are not answered yet.")
    return Piece("draft", words, COMPLETE, Work.DRAFTS)


def _clearance(facts: Facts) -> Iterator[Piece]:
    if facts.status != Status.ON_HOLD:
        return
    if facts.outcome == Outcome.STOP:
        words = _("A red flag was answered with yes.")
        yield Piece("red-flag", words, CALL, Work.CLEARANCE)
    else:
        words = _("The provider's clearance is open.")
        yield Piece("clearance", words, CLEAR, Work.CLEARANCE)


def _numbers(facts: Facts) -> Iterator[Piece]:
    if facts.limit == Limit.NO_AUTHORIZATION:
        words = _("The insurer's authorization number is missing.")
        yield Piece("authorization", words, AUTHORIZE, Work.MISSING)
    elif facts.limit == Limit.NO_REFERRAL_NUMBER:
        words = _("The insurer's referral number is missing.")
        yield Piece("insurer-referral", words, AUTHORIZE, Work.MISSING)


def _expiring(facts: Facts) -> Iterator[Piece]:
    """Say what to do before the end, and for as many days after it."""
    soon = -WARN_DAYS <= facts.days_left <= WARN_DAYS
    if not soon or facts.status != Status.ACTIVE or facts.renewed:
        return
    if facts.insurer_ends_it:
        words = _("The insurer's authorization ends.")
        yield Piece("authorization-ends", words, AUTHORIZE, Work.EXPIRING)
    elif facts.asked == RenewalAnswer.CALL:
        words = _("The provider wants a call about its renewal.")
        yield Piece("call", words, CALL, Work.EXPIRING)
    elif facts.asked == "":
        words = _("It ends. The provider was asked to renew it.")
        yield Piece("asked", words, OPEN_IT, Work.EXPIRING)
    elif facts.asked != RenewalAnswer.END:
        step = ASK if facts.can_be_asked else CALL
        yield Piece("expiring", _("It ends."), step, Work.EXPIRING)


def _unsigned(facts: Facts) -> Iterator[Piece]:
    if facts.provider_signed and facts.therapist_signed:
        return
    if facts.therapist_signed:
        words = _("The provider has not signed the treatment plan.")
    elif facts.provider_signed:
        words = _("The therapist has not signed the treatment plan.")
    else:
        words = _("Nobody has signed the treatment plan.")
    yield Piece("unsigned", words, SIGN, Work.UNSIGNED)


def _minor(facts: Facts) -> Iterator[Piece]:
    """Say what can wait: it puts no referral on the day's list."""
    if not facts.letters:
        yield Piece("letter", _("No letter is kept with it."), ADD_LETTER)
    if not facts.has_account:
        words = _("The patient has no email address, so no message reaches them.")
        yield Piece("account", words, ADD_ADDRESS)
