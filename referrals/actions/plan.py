"""Versions of the treatment plan."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from massage_portal.accounts.models import User
from referrals.models import Referral, TreatmentPlan

PLANNED = ["technique", "sessions", "interval_days", "goals"]


def begin_plan(*, referral: Referral, by: User | None, now: datetime) -> TreatmentPlan:
    """Keep what the provider ordered as the first version of the plan."""
    return _keep(referral, 1, by=by, now=now)


def begin_plans(
    *, referrals: Iterable[Referral], by: User | None, now: datetime
) -> None:
    """As `begin_plan`, for many referrals in one statement."""
    TreatmentPlan.objects.bulk_create(_new(one, 1, by=by, now=now) for one in referrals)


def change_plan(
    *, referral: Referral, by: User | None, now: datetime, note: str = ""
) -> TreatmentPlan:
    """
    Keep what the referral says now as a new version, which nobody has signed.

    The caller holds the referral's lock, so that no two versions get one number.
    """
    newest = referral.plans.order_by("-number").first()
    return _keep(
        referral, newest.number + 1 if newest else 1, by=by, now=now, note=note
    )


def _keep(
    referral: Referral, number: int, *, by: User | None, now: datetime, note: str = ""
) -> TreatmentPlan:
    plan = _new(referral, number, by=by, now=now, note=note)
    plan.save(force_insert=True)
    return plan


def _new(
    referral: Referral, number: int, *, by: User | None, now: datetime, note: str = ""
) -> TreatmentPlan:
    return TreatmentPlan(
        referral=referral,
        number=number,
        made_at=now,
        made_by=by,
        note=note,
        **{name: getattr(referral, name) for name in PLANNED},
    )
