"""Put a referral right that is on record."""

from __future__ import annotations

from datetime import datetime

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from massage_portal.accounts.models import User
from massage_portal.audit.record import record
from referrals.actions.authorization import end_authorization
from referrals.actions.plan import PLANNED, change_plan
from referrals.actions.record import AlreadyReferred, Order
from referrals.actions.screen import Answers, ask_more
from referrals.actions.stale import Ended, Stale, changed_words
from referrals.actions.states import lock, withdraw_questions
from referrals.codes import OPEN
from referrals.followers import tell_of_clock
from referrals.models import Referral

FIELDS = [name for name in Order.__dataclass_fields__ if name != "other_diagnoses"]


@transaction.atomic
def correct_referral(
    *,
    referral: Referral,
    order: Order,
    seen: int,
    answers: Answers | None = None,
    by: User,
    now: datetime,
) -> Referral:
    """
    Give a referral what its letter really says, and the plan a version if it changed.

    The day it was received moves the patient's clock, so it is on the trail like all
    else: by the names of the fields, without what stood in them.

    :param seen: the version of the referral that the form was drawn from.
    :param answers: to the safety questions that the corrected referral calls for.
    :raises ScreeningIncomplete: if one of those has no answer.
    :raises Stale: if it was changed since then, by whom and when.
    :raises Ended: if it is neither a draft, nor in force, nor on hold.
    :raises AlreadyReferred: if another one is open for the new diagnosis.
    """
    referral = lock(referral)
    if not _differing(referral, order):
        return referral
    _refuse(referral, seen=seen)
    clock = referral.received_at
    changed = _write(referral, order, by=by, now=now)
    if "insurer" in changed:
        end_authorization(referral, by=by, now=now)
    if "provider" in changed:
        withdraw_questions(referral, now=now)
    if "received_at" in changed:
        tell_of_clock(referral, clock, by=by, now=now)
    if set(changed) & {*PLANNED, "provider"}:  # who signs is part of what is signed
        change_plan(referral=referral, by=by, now=now)
    record(
        "referral.corrected", referral, by=by, at=now, change=",".join(sorted(changed))
    )
    return ask_more(referral, answers or {}, by=by, now=now)


def _refuse(referral: Referral, *, seen: int) -> None:
    if referral.version != seen:
        raise Stale(changed_words(referral), referral)
    if not referral.is_living:
        raise Ended(_("This referral has ended. What it says stays as it was."))


def _differing(referral: Referral, order: Order) -> list[str]:
    """Return the names of the fields that are other in `order`."""
    names = [name for name in FIELDS if getattr(referral, name) != getattr(order, name)]
    if set(referral.other_diagnoses.all()) != set(order.other_diagnoses):
        names.append("other_diagnoses")
    return names


def _write(referral: Referral, order: Order, *, by: User, now: datetime) -> list[str]:
    """Write what is other in `order`; return the names of those fields."""
    changed = _differing(referral, order)
    plain = [name for name in changed if name != "other_diagnoses"]
    for name in plain:
        setattr(referral, name, getattr(order, name))
    referral.version += 1
    referral.changed_by, referral.changed_at = by, now
    _save(referral, [*plain, "version", "changed_by", "changed_at"])
    if len(plain) < len(changed):
        referral.other_diagnoses.set(order.other_diagnoses)
    return changed


def _save(referral: Referral, names: list[str]) -> None:
    try:
        with transaction.atomic():
            referral.save(update_fields=names)
    except IntegrityError as fault:
        twin = Referral.objects.filter(
            patient=referral.patient_id, diagnosis=referral.diagnosis, status__in=OPEN
        ).exclude(pk=referral.pk)
        other = twin.first()
        if other is None:
            raise
        raise AlreadyReferred(
            _("This patient has an open referral for this diagnosis."), other
        ) from fault
