"""Steps between the states of a referral: clear it, end it."""

from __future__ import annotations

from datetime import date, datetime

from django.db import transaction
from django.utils.translation import gettext as _

from massage_portal.accounts.models import User
from massage_portal.audit.record import record
from referrals.actions.refusal import Refusal
from referrals.actions.tell import tell
from referrals.codes import OPEN, Status
from referrals.models import Referral
from referrals.screening import Outcome, outcome


class NotClearable(Refusal):
    """There is nothing to clear, or it cannot be cleared."""


def lock(referral: Referral) -> Referral:
    return (
        Referral.objects.select_for_update(of=("self",), no_key=True)
        .select_related("patient__user")
        .get(pk=referral.pk)
    )


def _move(
    referral: Referral, to: Status, action: str, *, by: User, now: datetime
) -> Referral:
    before, referral.status = referral.status, to
    referral.save(update_fields=["status", "clearance_by", "clearance_on"])
    record(action, referral, by=by, at=now, change=f"{before}>{to}")
    return referral


@transaction.atomic
def record_clearance(
    *, referral: Referral, cleared_by: str, cleared_on: date, by: User, now: datetime
) -> Referral:
    """
    Record that the provider cleared what was on hold, by name and date.

    :raises NotClearable: if it is not on hold, or a red flag was answered with yes:
        then the patient needs a new referral once they are well.
    """
    referral = lock(referral)
    if referral.status == Status.ACTIVE and referral.clearance_by == cleared_by:
        return referral
    if referral.status != Status.ON_HOLD:
        raise NotClearable(_("This referral is not waiting for a clearance."))
    answers = referral.screening_answers.values_list("meaning", "answer")
    if outcome(answers) == Outcome.STOP:
        raise NotClearable(
            _(
                "A red flag was answered with yes. It cannot be cleared here: call the "
                "provider, and record a new referral when the patient is well."
            )
        )
    referral.clearance_by = cleared_by
    referral.clearance_on = cleared_on
    _move(referral, Status.ACTIVE, "referral.cleared", by=by, now=now)
    tell(referral, by=by, now=now)
    return referral


@transaction.atomic
def revoke(*, referral: Referral, by: User, now: datetime) -> Referral:
    """
    Withdraw a referral, as its provider asked.

    :raises NotClearable: if it has ended already.
    """
    referral = lock(referral)
    if referral.status not in OPEN:
        raise NotClearable(_("This referral has ended already."))
    return _move(referral, Status.REVOKED, "referral.revoked", by=by, now=now)


@transaction.atomic
def complete(*, referral: Referral, by: User, now: datetime) -> Referral:
    """Mark a referral whose last visit is over. Doing it twice is no fault."""
    referral = lock(referral)
    if referral.status != Status.ACTIVE:
        return referral
    return _move(referral, Status.COMPLETED, "referral.completed", by=by, now=now)
