"""How long people of a category wait: from past waits, or from a simulation."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, Self

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Aggregate, Count, F, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Extract
from django.utils.translation import gettext_lazy as _

from appointments.models.appointment import Appointment
from appointments.models.policy import TriageCategory
from appointments.models.waitlist import FEWEST_SHOWN, LOOK_BACK, WaitlistEntry
from appointments.priority import DAY
from appointments.standing import SHARES, range_in_words, still_to_wait

DAYS = ArrayField(models.FloatField(), size=len(SHARES))
KEPT = timedelta(days=3)  # what nobody has reckoned anew since is not told any more


class Quantiles(Aggregate):
    """The values at each of SHARES of a group, as PostgreSQL reckons between rows."""

    function = "PERCENTILE_CONT"
    shares = ", ".join(str(share) for share in SHARES)
    template = (
        f"%(function)s(ARRAY[{shares}]::float8[]) "
        "WITHIN GROUP (ORDER BY %(expressions)s)"
    )
    output_field = DAYS


def past_waits(*, now: datetime) -> QuerySet[Any, Any]:
    """
    The waits, in days at each of SHARES, of those seen in the LOOK_BACK before `now`.

    One row for each `category`: its `people` and `days`. The wait runs from the start
    of the clock to the first visit, made or booked and not yet recorded. Only first
    visits of a plan count. A category with fewer people than FEWEST_SHOWN is left out.
    """
    visits = Appointment.objects.filter(entry=OuterRef("pk")).seeing_the_patient()
    first = Subquery(visits.values("starts_at"))  # a constraint allows but one
    return (
        WaitlistEntry.objects.filter(session=1, category__isnull=False)
        .annotate(seen_at=first)
        .filter(seen_at__gt=now - LOOK_BACK, seen_at__lte=now)
        .values("category")
        .annotate(
            people=Count("patient", distinct=True),
            days=Quantiles(Extract(F("seen_at") - F("received_at"), "epoch") / 86400.0),
        )
        .filter(people__gte=FEWEST_SHOWN)
        .values("category", "people", "days")
    )


class Source(models.TextChoices):
    """Where a figure comes from; past waits come first where both can tell."""

    PAST = "past", _("past waits")
    SIMULATED = "simulated", _("a simulation")


class ExpectedWaitQuerySet(models.QuerySet["ExpectedWait"]):
    """Reads of expected waits."""

    def told(self, *, category: int | None, now: datetime) -> Self:
        """Those of a category that are not out of date, past waits first."""
        fresh = self.filter(category=category, reckoned_at__gt=now - KEPT)
        return fresh.order_by("source")


class ExpectedWait(models.Model):
    """The waits of one category, reckoned now and then, so that a page only reads."""

    category = models.ForeignKey(TriageCategory, models.CASCADE, related_name="waits")
    source = models.CharField(_("source"), max_length=12, choices=Source)
    people = models.PositiveIntegerField(_("people"))
    days = DAYS  # in which each of SHARES of them were seen, from the clock's start on
    reckoned_at = models.DateTimeField(_("reckoned"))

    objects = ExpectedWaitQuerySet.as_manager()

    class Meta:
        verbose_name = _("expected wait")
        verbose_name_plural = _("expected waits")
        default_permissions = ("view",)
        constraints = [
            models.UniqueConstraint(
                name="expected_wait_one_of_a_source", fields=["category", "source"]
            ),
            models.CheckConstraint(
                name="expected_wait_source_is_known",
                condition=Q(source__in=Source.values),
            ),
            models.CheckConstraint(
                name="expected_wait_is_of_10_people",
                condition=Q(people__gte=FEWEST_SHOWN),
            ),
            models.CheckConstraint(
                name="expected_wait_is_whole", condition=Q(days__len=len(SHARES))
            ),
        ]

    def __str__(self) -> str:
        return f"{self.category}, {self.source}"


def expected(entry: WaitlistEntry, *, now: datetime) -> dict[str, str] | None:
    """Return the expected wait in words, and where it comes from; None: unknown."""
    waited = (now - entry.received_at) / DAY
    for one in ExpectedWait.objects.told(category=entry.category_id, now=now):
        left = still_to_wait(one.days, people=one.people, waited=waited)
        if left is not None:
            return {"words": range_in_words(left), "source": one.source}
    return None
