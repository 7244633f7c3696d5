"""Agree on a treatment plan: change it, and sign its newest version."""

from __future__ import annotations

from dataclasses import dataclass, fields
from datetime import datetime
from typing import TYPE_CHECKING

from django.db import transaction
from django.utils.translation import gettext as _

from massage_portal.accounts.models import User
from massage_portal.audit.record import record
from referrals.actions.plan import change_plan
from referrals.actions.refusal import Refusal
from referrals.actions.screen import ScreeningIncomplete, ask_more
from referrals.actions.stale import Ended, Stale, changed_words
from referrals.actions.states import lock
from referrals.models import Referral, TreatmentPlan

if TYPE_CHECKING:
    from services.models import Technique


class NewerVersion(Refusal):
    """The version is not the newest one any more."""


class QuestionsFirst(Refusal):
    """The technique calls for a safety question that nobody has asked."""


class NotTheirs(Refusal):
    """This user signs neither as the provider nor as a therapist."""


@dataclass(frozen=True)
class Planned:
    """What a version of the plan says. `technique` None: the therapist decides."""

    technique: Technique | None
    sessions: int
    interval_days: int
    goals: str = ""


@transaction.atomic
def change_the_plan(
    *,
    referral: Referral,
    planned: Planned,
    note: str,
    seen: int,
    by: User,
    now: datetime,
) -> Referral:
    """
    Give the referral another plan, kept as a new version that nobody has signed.

    What changes nothing makes no version. The trail names fields, not their words.

    :param note: what changed, and why; provider and therapist read it.
    :param seen: the version of the referral that the form was drawn from.
    :raises Stale: if the referral was changed since then, by whom and when.
    :raises Ended: if it is neither a draft, nor in force, nor on hold.
    :raises QuestionsFirst: if the technique calls for a safety question.
    """
    referral = lock(referral)
    names = [one.name for one in fields(planned)]
    changed = [
        name for name in names if getattr(referral, name) != getattr(planned, name)
    ]
    if not changed and referral.plans.exists():
        return referral
    if referral.version != seen:
        raise Stale(changed_words(referral), referral)
    if not referral.is_living:
        raise Ended(_("This referral has ended. Its plan stays as it was."))
    for name in changed:
        setattr(referral, name, getattr(planned, name))
    referral.version += 1
    referral.changed_by, referral.changed_at = by, now
    referral.save(update_fields=[*changed, "version", "changed_by", "changed_at"])
    change_plan(referral=referral, by=by, now=now, note=note)
    record("plan.changed", referral, by=by, at=now, change=",".join(sorted(changed)))
    _refuse_unasked(referral, by=by, now=now)
    return referral


def _refuse_unasked(referral: Referral, *, by: User, now: datetime) -> None:
    try:
        ask_more(referral, {}, by=by, now=now)
    except ScreeningIncomplete as refusal:
        raise QuestionsFirst(
            _(
                "A safety question is asked for this technique. Use “Correct this "
                "referral” on its page: it asks the question and changes the plan."
            )
        ) from refusal


@transaction.atomic
def sign_plan(*, plan: TreatmentPlan, by: User, now: datetime) -> TreatmentPlan:
    """
    Sign the newest version: as the provider who referred, else as therapist.

    Signing twice is no fault, and a second therapist leaves the first one's signature.
    Whether a therapist sees this patient is for the caller to know.

    :raises NotTheirs: if `by` may sign as neither, or has signed as the other one.
    :raises NewerVersion: if a newer version exists.
    :raises Ended: if the referral has ended.
    """
    referral = lock(plan.referral)
    newest = referral.plans.order_by("-number").first()
    side = _side(referral, by)
    if newest is None or newest.pk != plan.pk:
        raise NewerVersion(
            _("A newer version exists. Read it below, then sign that one.")
        )
    if getattr(newest, f"{side}_signed_at") is not None:
        return newest
    if not referral.is_living:
        raise Ended(_("This referral has ended. Its plan stays as it was."))
    if by.pk in (newest.provider_signed_by_id, newest.therapist_signed_by_id):
        raise NotTheirs(
            _("You have signed this version. Another person must sign it too.")
        )
    setattr(newest, f"{side}_signed_at", now)
    setattr(newest, f"{side}_signed_by", by)
    newest.save(update_fields=[f"{side}_signed_at", f"{side}_signed_by"])
    record("plan.signed", newest, by=by, at=now, change=f"{newest.number} {side}")
    return newest


def _side(referral: Referral, by: User) -> str:
    """Return as whom `by` signs: a provider who treats too signs what they sent."""
    if by.pk == referral.provider.user_id and by.has_perm("referrals.sign_sent_plan"):
        return "provider"
    if by.has_perm("referrals.sign_plan"):
        return "therapist"
    raise NotTheirs(_("Only the provider who referred and the therapist sign a plan."))
