"""Versions of the treatment plan."""

from __future__ import annotations

from datetime import datetime

from massage_portal.accounts.models import User
from referrals.models import Referral, TreatmentPlan


def begin_plan(*, referral: Referral, by: User | None, now: datetime) -> TreatmentPlan:
    """Keep what the provider ordered as the first version of the plan."""
    return TreatmentPlan.objects.create(
        referral=referral,
        number=1,
        technique=referral.technique,
        sessions=referral.sessions,
        interval_days=referral.interval_days,
        goals=referral.goals,
        made_at=now,
        made_by=by,
    )
