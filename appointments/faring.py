"""
How the patients of a provider fare: in SQL to list and count, in words for each row.

The stages leave no referral out, and none is in two of them.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Any

from django.db.models import (
    Case,
    CharField,
    Count,
    Exists,
    OuterRef,
    Prefetch,
    Q,
    QuerySet,
    Subquery,
    Value,
    When,
)
from django.utils import timezone

from appointments.codes import EntryStatus, Status
from appointments.models import Appointment, WaitlistEntry
from appointments.priority import DEFAULT_EXPONENT
from massage_portal.accounts.models import User
from referrals.codes import OPEN
from referrals.codes import Status as ReferralStatus
from referrals.models import Referral, Renewal, TreatmentPlan, screening
from referrals.screening import Outcome, outcome

MADE = [Status.ARRIVED, Status.CHECKED_IN, Status.FULFILLED]
ENDED = [ReferralStatus.REVOKED, ReferralStatus.COMPLETED]
SIGNABLE = [ReferralStatus.DRAFT, *OPEN]
GONE = [EntryStatus.REJECTED, EntryStatus.CANCELLED]


class Stage(StrEnum):
    """Where the patient of a referral is, as its provider counts them."""

    WAITING = "waiting"  # also: has not asked yet
    BOOKED = "booked"
    OVER = "over"


class Step(StrEnum):
    """What the provider does next."""

    STOPPED = "stopped"  # a red flag: only a new referral helps
    CLEAR = "clear"  # the clinic waits for their clearance
    RENEW = "renew"  # the clinic asked whether it shall go on
    SIGN = "sign"  # the newest version of the plan


@dataclass(frozen=True)
class Faring:
    """One row of the list. Moments are aware; `at_place` is in the place's own zone."""

    stage: str
    step: Step | None
    entry: WaitlistEntry | None  # the one that is open
    due_at: datetime | None  # until then a time should be found; None before triage
    booked: Appointment | None  # the next visit
    made: int
    missed: int
    of: int  # visits ordered

    @property
    def declined(self) -> bool:
        """Whether the only request was declined or withdrawn, and no visit was made."""
        return self.entry is not None and self.entry.status in GONE


def sent_by(user: User, *, now: datetime) -> QuerySet[Any]:
    """Return what a provider sent, the newest first, each with its `stage`."""
    today = timezone.localdate(now)
    mine = Appointment.objects.filter(entry__referral=OuterRef("pk"))
    ahead = mine.filter(status=Status.BOOKED, ends_at__gt=now)
    current = TreatmentPlan.objects.current().filter(provider_signed_at=None)
    unsigned = Exists(current.filter(referral=OuterRef("pk")))
    stage = Case(
        When(status__in=ENDED, then=Value(Stage.OVER)),
        When(Exists(ahead), then=Value(Stage.BOOKED)),
        When(valid_until__lt=today, then=Value(Stage.OVER)),
        default=Value(Stage.WAITING),
        output_field=CharField(),
    )
    asked = Renewal.objects.open(now).filter(referral=OuterRef("pk"))
    return (
        Referral.objects.of_provider(user)
        .annotate(stage=stage, unsigned=unsigned)
        .annotate(renewal=Subquery(asked.values("pk")[:1]))  # one is open at most
        .order_by("-received_at", "-pk")
    )


def needing_a_step(today: date) -> Q:
    """Return which of `sent_by` wait for the provider: see `Step`."""
    unsigned = Q(unsigned=True, status__in=SIGNABLE, valid_until__gte=today)
    asked = Q(renewal__isnull=False) & ~Q(status__in=ENDED)
    return Q(status=ReferralStatus.ON_HOLD) | unsigned | asked


def counts(sent: QuerySet[Any], *, today: date) -> dict[str, int]:
    """Return how many there are of each stage, and how many need a step, in a query."""
    stages: dict[str, Any] = {
        stage.value: Count("pk", filter=Q(stage=stage)) for stage in Stage
    }
    return sent.order_by().aggregate(
        **stages, step=Count("pk", filter=needing_a_step(today))
    )


def with_visits(sent: QuerySet[Any]) -> QuerySet[Any]:
    """Read ahead what `fare` and the pages ask of each row."""
    booked = Appointment.objects.filter(booked_at__isnull=False)  # no mere offers
    visits = booked.exclude(status=Status.ENTERED_IN_ERROR).with_place()
    entries = WaitlistEntry.objects.select_related("category").order_by("session", "pk")
    return sent.select_related(
        "patient", "provider", "diagnosis", "technique", "insurer", "authorization"
    ).prefetch_related(
        screening(),
        Prefetch("waitlist_entries", entries),
        *("waitlist_entries__category__targets", "waitlist_entries__overrules"),
        Prefetch("waitlist_entries__appointments", visits.order_by("starts_at", "pk")),
    )


def visits_of(referral: Referral) -> list[Appointment]:
    """Return the visits of a row read `with_visits`, by time."""
    entries = referral.waitlist_entries.all()
    found = [one for entry in entries for one in entry.appointments.all()]
    return sorted(found, key=lambda one: (one.starts_at, one.pk))


def fare(referral: Any, *, now: datetime) -> Faring:
    """Return how the patient of a row read `with_visits` fares; no further query."""
    visits = visits_of(referral)
    ahead = [v for v in visits if v.status == Status.BOOKED and v.ends_at > now]
    entries = list(referral.waitlist_entries.all())
    running = [one for one in entries if one.status not in GONE]
    waits = [one for one in running if one.status != EntryStatus.COMPLETED]
    entry = waits[0] if waits else None
    if entry is None and entries and not running:
        entry = entries[-1]
    why = entry.explain(now=now, exponent=DEFAULT_EXPONENT) if entry else None
    return Faring(
        stage=referral.stage,
        step=_step(referral, today=timezone.localdate(now)),
        entry=entry,
        due_at=why.due_at if why else None,
        booked=ahead[0] if ahead and referral.stage == Stage.BOOKED else None,
        made=sum(one.status in MADE for one in visits),
        missed=sum(one.missed_by_patient for one in visits),
        of=referral.sessions,
    )


def _step(referral: Any, *, today: date) -> Step | None:
    if referral.status == ReferralStatus.ON_HOLD:
        answers = referral.screening_answers.all()
        said = outcome((one.meaning, one.answer) for one in answers)
        return Step.STOPPED if said == Outcome.STOP else Step.CLEAR
    if referral.renewal is not None and referral.status not in ENDED:
        return Step.RENEW
    signable = referral.status in SIGNABLE and referral.valid_until >= today
    return Step.SIGN if signable and referral.unsigned else None
