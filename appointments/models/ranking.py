"""The order of need, in SQL: the formula of priority.py, and who stands before whom."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any, Self, TypeVar, cast

from django.db import models
from django.db.models import (
    ExpressionWrapper,
    F,
    FilteredRelation,
    FloatField,
    Func,
    Q,
    Value,
)
from django.db.models.functions import Cast, Coalesce, Greatest, Least, Power
from django.utils import timezone

from appointments.codes import EntryStatus
from appointments.models.policy import in_force
from referrals.codes import Status as ReferralStatus
from referrals.models.referral import lacks_a_number

if TYPE_CHECKING:
    from appointments.changes import Stand
    from appointments.models.waitlist import WaitlistEntry

FLOAT = FloatField()


class Epoch(Func):
    """The seconds of an interval, in floats as Python's are; Extract takes decimals."""

    template = "date_part('epoch', %(expressions)s)"
    output_field = FLOAT


Row = TypeVar("Row", bound=models.Model)


class Ranked(models.QuerySet[Row]):
    """Reads of the line; see `WaitlistEntryQuerySet`."""

    def waiting(self) -> Self:
        """Accepted, and without a booked time."""
        return self.filter(status=EntryStatus.ACCEPTED)

    def covered(self, now: datetime) -> Self:
        """Those whose referral is active and covers this visit, on a day to come."""
        today = timezone.localdate(now)
        paid = F("referral__authorization__visits")
        sessions = F("referral__sessions")
        return (
            self.filter(
                referral__status=ReferralStatus.ACTIVE,
                referral__valid_until__gte=today,
            )
            .exclude(referral__authorization__valid_until__lt=today)
            .exclude(lacks_a_number("referral__"))
            .alias(paid_visits=Least(sessions, Coalesce(paid, sessions)))
            .filter(session__lte=F("paid_visits"))
        )

    def with_targets(self, now: datetime) -> Self:
        """
        With the targets that count at `now`, in days: each by one small join.

        `category_days` is the category's, before need; `overruled_days` is what a
        person set in place of it, or None; `target_wait_days` is the one that counts.
        """
        overrule = FilteredRelation(
            "overrules",
            condition=Q(overrules__starts_at__lte=now, overrules__ends_at__gt=now),
        )
        computed = F("category_days") * (1 - Cast("need_score", FLOAT) / 200)
        return (
            self.alias(
                target_now=in_force("category__targets", now), overrule_now=overrule
            )
            .annotate(
                category_days=F("target_now__target_days"),
                overruled_days=Cast(F("overrule_now__target_days"), FLOAT),
            )
            .annotate(
                target_wait_days=Coalesce(
                    F("overruled_days"), ExpressionWrapper(computed, FLOAT)
                )
            )
        )

    def in_order_of_need(self, *, now: datetime, exponent: float) -> Self:
        """
        Rank by the harm that one more day adds: the formula of priority.py, in SQL.

        Ties by the date received, then by key. A clock that lies ahead (the next visit
        of a plan) counts as no wait yet. Whose target has not begun comes last.
        """
        # As the statements of `need_order` reckon it, to the last digit: `ahead_of`
        # asks for equality.
        days = Epoch(Value(now) - F("received_at")) / 86400
        waited, whole = F("waited_days"), F("target_wait_days")
        adds = Power((waited + 1.0) / whole, exponent) - Power(waited / whole, exponent)
        if exponent == 1:  # then all days add alike: rounding must not break the ties
            adds = 1.0 / whole
        return (
            self.with_targets(now)
            .annotate(waited_days=Greatest(days, 0.0, output_field=FLOAT))
            .annotate(day_adds=ExpressionWrapper(adds, output_field=FLOAT))
            .order_by(F("day_adds").desc(nulls_last=True), "received_at", "pk")
        )

    def stands(self) -> models.QuerySet[Any, Stand]:
        """Return the places of a line read `in_order_of_need`, and nothing more."""
        rows = self.values_list(
            *("pk", "received_at", "need_score", "waited_days", "category_days"),
            *("overruled_days", "target_wait_days", "day_adds", "category"),
        )
        return cast("models.QuerySet[Any, Stand]", rows)

    def before(
        self, entry: WaitlistEntry, *, day_adds: float, now: datetime, exponent: float
    ) -> int:
        """Return how many would stand before `entry`, if a day added so much."""
        tied = Q(day_adds=day_adds) & (
            Q(received_at__lt=entry.received_at)
            | Q(received_at=entry.received_at, pk__lt=entry.pk)
        )
        line = self.waiting().exclude(pk=entry.pk)
        ranked = line.in_order_of_need(now=now, exponent=exponent)
        return ranked.filter(Q(day_adds__gt=day_adds) | tied).count()

    def ahead_of(self, entry: WaitlistEntry, *, now: datetime, exponent: float) -> int:
        """Return how many who wait, and can be offered a time, stand before `entry`."""
        ranked: Any = self.waiting().in_order_of_need(now=now, exponent=exponent)
        mine = ranked.filter(pk=entry.pk).values_list("day_adds", flat=True).first()
        ranked = ranked.covered(now)
        if mine is None:
            return ranked.count()
        tied = Q(day_adds=mine) & (
            Q(received_at__lt=entry.received_at)
            | Q(received_at=entry.received_at, pk__lt=entry.pk)
        )
        return ranked.filter(Q(day_adds__gt=mine) | tied).count()
