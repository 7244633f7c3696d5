"""A person's judgment against the computed order: with a reason, a name and an end."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Self

from django.conf import settings
from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import RangeOperators
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from appointments.models.periods import period
from appointments.models.waitlist import WaitlistEntry

LONGEST = timedelta(days=90)  # then somebody must judge again
MOVES_UP = Q(target_days__lt=F("computed_days"))  # as `is_up` says of one


class OverruleQuerySet(models.QuerySet["Overrule"]):
    """Reads of overrules."""

    def in_force(self, now: datetime) -> Self:
        """Those that move their entry at `now`."""
        return self.filter(starts_at__lte=now, ends_at__gt=now)

    def of_entries(
        self, entries: Collection[int], *, now: datetime
    ) -> dict[int, Overrule]:
        """Return those in force at `now`, by the keys of their entries."""
        found = self.in_force(now).filter(entry__in=entries).select_related("by")
        return {one.entry_id: one for one in found}


class Overrule(models.Model):
    """
    For a while, an entry counts as though its target were another one.

    The formula stays the only order: a shorter target moves the entry up, a longer one
    down, and the row can still be explained. To end it early is to bring its end here.
    """

    entry = models.ForeignKey(WaitlistEntry, models.CASCADE, related_name="overrules")
    target_days = models.DecimalField(  # after need; what counts in place of it
        _("target that counts instead, days"), max_digits=5, decimal_places=1
    )
    computed_days = models.DecimalField(  # what the formula said at the time
        max_digits=5, decimal_places=1
    )
    reason = models.CharField(_("reason"), max_length=300)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    starts_at = models.DateTimeField(_("from"))
    ends_at = models.DateTimeField(_("until"))

    objects = OverruleQuerySet.as_manager()

    class Meta:
        verbose_name = _("overrule")
        verbose_name_plural = _("overrules")
        default_permissions = ("view",)
        permissions = [("overrule_rank", "Can overrule a rank")]
        constraints = [
            models.CheckConstraint(
                name="overrule_target_is_1_to_730_days",
                condition=Q(target_days__gte=1, target_days__lte=730),
            ),
            models.CheckConstraint(
                name="overrule_has_a_reason", condition=~Q(reason="")
            ),
            models.CheckConstraint(
                name="overrule_runs_forward", condition=Q(ends_at__gte=F("starts_at"))
            ),
            models.CheckConstraint(
                name="overrule_lasts_90_days_at_most",
                condition=Q(ends_at__lte=F("starts_at") + LONGEST),
            ),
            ExclusionConstraint(
                name="overrule_one_at_a_time",
                expressions=[
                    ("entry", RangeOperators.EQUAL),
                    (
                        period("starts_at", "ends_at"),
                        RangeOperators.OVERLAPS,
                    ),
                ],
            ),
        ]

    def __str__(self) -> str:
        return f"overrule {self.pk}"

    @property
    def is_up(self) -> bool:
        """Whether it moves the entry up."""
        return self.target_days < self.computed_days
