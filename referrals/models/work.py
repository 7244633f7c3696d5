"""The day's list in SQL: which referrals have work of which kind (pieces.py)."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from django.db.models import (
    Case,
    Count,
    Exists,
    F,
    IntegerField,
    OuterRef,
    Q,
    Subquery,
    Value,
    When,
)
from django.db.models.functions import Coalesce

from referrals.codes import OPEN, TAKEN_BACK, RenewalAnswer, Status
from referrals.models.letter import Letter
from referrals.models.plan import TreatmentPlan
from referrals.models.referral import Referral, lacks_a_number
from referrals.models.renewal import Renewal
from referrals.pieces import WARN_DAYS, Work


def is_renewed() -> Exists:
    """Return whether another referral carries this one on."""
    later = Referral.objects.filter(renews=OuterRef("pk"))
    later = later.exclude(status__in=TAKEN_BACK)
    return Exists(later)


def ends_within(today: date) -> Q:
    """Those whose coverage ends in WARN_DAYS; they need `with_coverage`."""
    last = today + timedelta(days=WARN_DAYS)
    return Q(covered_until__gte=today, covered_until__lte=last)


def newest_answer(today: date) -> Subquery:
    """Return the answer to the newest question: null if none, "" if it is open."""
    questions = Renewal.objects.filter(referral=OuterRef("pk"), withdrawn_at=None)
    questions = questions.exclude(answer="", expires_at__date__lt=today)
    return Subquery(questions.order_by("-asked_at", "-pk").values("answer")[:1])


def is_unsigned() -> Exists:
    """Return whether the newest version of the plan lacks a signature."""
    plans = TreatmentPlan.objects.current().unsigned()
    return Exists(plans.filter(referral=OuterRef("pk")))


def conditions(today: date) -> dict[Work, Q]:
    """Return what makes work of each kind, in terms of the day list's annotations."""
    month = timedelta(days=WARN_DAYS)
    soon = Q(covered_until__gte=today - month, covered_until__lte=today + month)
    # The provider's word that it may end settles it, unless the insurer ends it.
    insurer_ends_it = Q(authorization__valid_until__lt=F("valid_until"))
    waits = Q(renews__isnull=False, valid_from__gt=today)
    return {
        Work.CLEARANCE: Q(status=Status.ON_HOLD),
        Work.DRAFTS: Q(status=Status.DRAFT) & ~waits,
        Work.MISSING: Q(status__in=OPEN) & lacks_a_number(),
        Work.EXPIRING: Q(status=Status.ACTIVE, is_renewed=False)
        & soon
        & (insurer_ends_it | Q(asked=None) | ~Q(asked=RenewalAnswer.END)),
        Work.UNSIGNED: Q(status__in=OPEN, is_unsigned=True),
    }


def first_work(today: date) -> Case:
    """Return the place of a referral's most urgent work; null if it has none."""
    whens = [
        When(condition, then=Value(place))
        for place, condition in enumerate(conditions(today).values())
    ]
    return Case(*whens, default=Value(None), output_field=IntegerField())


def counts(today: date) -> dict[str, Count]:
    """Return what counts the referrals with work of each kind, in one query."""
    return {
        str(work): Count("pk", filter=condition)
        for work, condition in conditions(today).items()
    }


def facts() -> dict[str, Any]:
    """Return what else `pieces` must know of each row, as annotations."""
    plan = TreatmentPlan.objects.current().filter(referral=OuterRef("pk"))
    letters = Letter.objects.filter(referral=OuterRef("pk")).order_by()
    number = letters.values("referral").annotate(n=Count("pk")).values("n")
    return {
        "has_plan": Exists(plan),
        "provider_signed": Subquery(plan.values("provider_signed_at")[:1]),
        "therapist_signed": Subquery(plan.values("therapist_signed_at")[:1]),
        "letters_kept": Coalesce(Subquery(number), 0),
    }
