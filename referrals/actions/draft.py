"""Complete a referral that arrived without answers to the safety questions."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from django.db import transaction
from django.utils.translation import gettext as _

from massage_portal.accounts.models import User
from referrals.actions.authorization import end_authorization
from referrals.actions.plan import begin_plan
from referrals.actions.record import lock_patient, refuse_order
from referrals.actions.refusal import Refusal
from referrals.actions.screen import (
    Answers,
    keep_answers,
    refuse_incomplete,
    status_after,
)
from referrals.actions.states import carry_on, change_status, lock
from referrals.actions.tell import tell
from referrals.codes import OPEN, Status
from referrals.models import Referral

if TYPE_CHECKING:
    from services.models import Insurer


class NotADraft(Refusal):
    """The referral was completed, or ended, before."""


@transaction.atomic
def complete_draft(
    *,
    referral: Referral,
    answers: Answers,
    insurer: Insurer | None = None,
    by: User,
    now: datetime,
) -> Referral:
    """
    Put a draft in force, or on hold as its safety answers say; tell the patient.

    Sent twice with the same answers, it is completed once.

    :param insurer: None leaves the one that the draft came with.
    :raises NotADraft: if it is no draft any more.
    :raises ProviderNotOnRecord, AlreadyReferred: as `record_referral`.
    :raises ScreeningIncomplete: if a question that applies is not answered.
    """
    patient = lock_patient(referral.patient)  # first, as wherever a referral begins
    referral = lock(referral)
    if referral.status in OPEN and _same(referral, answers, by=by):
        return referral
    if referral.status != Status.DRAFT:
        raise NotADraft(_("This referral has been completed or ended already."))
    old = refuse_order(patient, referral, by=by, now=now) or referral.renews
    refuse_incomplete(answers, referral)
    if insurer is not None and insurer != referral.insurer:
        referral.insurer = insurer
        referral.save(update_fields=["insurer"])
        end_authorization(referral, by=by, now=now)
    keep_answers(answers, referral, by=by, now=now)
    if not referral.plans.exists():
        begin_plan(referral=referral, by=by, now=now)
    to = status_after(answers)
    change_status(referral, to, "referral.draft_completed", by=by, now=now)
    if old is not None:
        carry_on(old, referral, by=by, now=now)
    if to == Status.ACTIVE:  # on hold there is nothing that the patient can do
        tell(referral, by=by, now=now)
    return referral


def _same(referral: Referral, answers: Answers, *, by: User) -> bool:
    """Say whether this person has just completed it with these answers."""
    first = referral.screening_answers.filter(round=1, asked_by=by)
    answered = dict(first.values_list("precaution", "answer"))
    return bool(answers) and answered == {k.pk: v for k, v in answers.items()}
