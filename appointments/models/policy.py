"""What the clinical lead decides: targets, and the numbers of the rules."""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Self

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from referrals.codes import Priority


class TriageCategoryQuerySet(models.QuerySet["TriageCategory"]):
    """Reads of categories."""

    def offered(self) -> Self:
        """Those a scheduler may choose, shortest target first."""
        return self.filter(active=True).order_by("target_days", "pk")


class TriageCategory(models.Model):
    """How soon a patient should be seen; the clinical lead owns the rows."""

    name = models.CharField(_("name"), max_length=60, unique=True)
    priority = models.CharField(_("FHIR priority"), max_length=8, choices=Priority)
    target_days = models.PositiveSmallIntegerField(_("target wait in days"))
    meaning = models.CharField(_("who belongs here"), max_length=300)
    active = models.BooleanField(_("in use"), default=True)

    objects = TriageCategoryQuerySet.as_manager()

    class Meta:
        verbose_name = _("triage category")
        verbose_name_plural = _("triage categories")
        constraints = [
            models.CheckConstraint(
                name="category_target_is_1_to_730_days",
                condition=Q(target_days__gte=1, target_days__lte=730),
            ),
            models.CheckConstraint(
                name="category_priority_is_known",
                condition=Q(priority__in=Priority.values),
            ),
        ]

    def __str__(self) -> str:
        return self.name


class PolicyQuerySet(models.QuerySet["Policy"]):
    """Reads of policy."""

    def in_force(self, now: datetime) -> Policy:
        """Return the newest policy that has begun, or the defaults if none has."""
        begun = self.filter(in_force_from__lte=now).order_by("-in_force_from")
        return begun.first() or Policy(in_force_from=now)


class Policy(models.Model):
    """The clinic's numbers, from a moment on. A change is a new row; old rows stay."""

    in_force_from = models.DateTimeField(_("in force from"), unique=True)
    harm_exponent = models.DecimalField(
        _("steepness of harm"),
        max_digits=3,
        decimal_places=1,
        default=Decimal("3.0"),
        validators=[MinValueValidator(1), MaxValueValidator(6)],
    )
    hold_hours = models.PositiveSmallIntegerField(_("offers hold, hours"), default=24)
    notice_hours = models.PositiveSmallIntegerField(
        _("shortest notice for an offer, hours"), default=4
    )
    turnover_minutes = models.PositiveSmallIntegerField(
        _("time between visits, minutes"), default=10
    )
    visit_minutes = models.PositiveSmallIntegerField(
        _("length of a visit where the therapist decides, minutes"), default=50
    )
    ahead_days = models.PositiveSmallIntegerField(
        _("how far ahead times are offered, days"), default=28
    )
    first_reminder_hours = models.PositiveSmallIntegerField(
        _("first reminder, hours before"), default=72
    )
    second_reminder_hours = models.PositiveSmallIntegerField(
        _("second reminder, hours before"), default=24
    )

    objects = PolicyQuerySet.as_manager()

    class Meta:
        verbose_name = _("policy")
        verbose_name_plural = _("policies")
        constraints = [
            models.CheckConstraint(
                name="policy_harm_exponent_is_1_to_6",
                condition=Q(harm_exponent__gte=1, harm_exponent__lte=6),
            ),
            models.CheckConstraint(
                name="policy_times_are_positive",
                condition=Q(hold_hours__gte=1, ahead_days__gte=1, visit_minutes__gte=5),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.in_force_from:%Y-%m-%d %H:%M}"

    @property
    def hold(self) -> timedelta:
        """How long an offer holds its time."""
        return timedelta(hours=self.hold_hours)

    @property
    def notice(self) -> timedelta:
        """How far ahead a time must lie to be offered."""
        return timedelta(hours=self.notice_hours)

    @property
    def turnover(self) -> timedelta:
        """How long therapist and room stay held after a visit."""
        return timedelta(minutes=self.turnover_minutes)

    @property
    def reminder_leads(self) -> list[timedelta]:
        """How long before a visit its reminders go out."""
        hours = {self.first_reminder_hours, self.second_reminder_hours} - {0}
        return [timedelta(hours=lead) for lead in sorted(hours, reverse=True)]
