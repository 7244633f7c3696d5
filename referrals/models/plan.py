"""The treatment plan: what provider and therapist agree on, version by version."""

from __future__ import annotations

from typing import Self

import pgtrigger
from django.conf import settings
from django.db import models
from django.db.models import F, OuterRef, Q, Subquery
from django.utils.translation import gettext_lazy as _

from referrals.models.referral import Referral


class TreatmentPlanQuerySet(models.QuerySet["TreatmentPlan"]):
    """Reads of plans."""

    def current(self) -> Self:
        """The newest version of each referral's plan."""
        newest = TreatmentPlan.objects.filter(referral=OuterRef("referral"))
        latest = newest.order_by("-number").values("number")[:1]
        return self.filter(number=Subquery(latest))

    def newest_first(self) -> Self:
        """For a page: with what each version says, and who signed it."""
        return self.select_related(
            *("technique", "made_by", "provider_signed_by", "therapist_signed_by"),
        ).order_by("-number")

    def unsigned(self) -> Self:
        """Those that provider or therapist has not signed yet."""
        return self.filter(Q(provider_signed_at=None) | Q(therapist_signed_at=None))


class TreatmentPlan(models.Model):
    """One version of a referral's plan (FHIR CarePlan); a change makes a new one."""

    referral = models.ForeignKey(Referral, models.PROTECT, related_name="plans")
    number = models.PositiveSmallIntegerField(_("version"))
    technique = models.ForeignKey(  # null: the therapist decides
        "services.Technique", models.PROTECT, null=True, blank=True
    )
    sessions = models.PositiveSmallIntegerField(_("visits"))
    interval_days = models.PositiveSmallIntegerField(_("days between"))
    goals = models.TextField(_("goals"), max_length=1000, blank=True)
    note = models.CharField(_("what changed, and why"), max_length=300, blank=True)
    made_at = models.DateTimeField(_("made"))
    made_by = models.ForeignKey(  # null: it came with the referral
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", null=True
    )
    provider_signed_at = models.DateTimeField(null=True, blank=True)
    provider_signed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        related_name="+",
        null=True,
        blank=True,
    )
    therapist_signed_at = models.DateTimeField(null=True, blank=True)
    therapist_signed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        related_name="+",
        null=True,
        blank=True,
    )

    objects = TreatmentPlanQuerySet.as_manager()

    class Meta:
        verbose_name = _("treatment plan")
        verbose_name_plural = _("treatment plans")
        default_permissions = ("view",)
        constraints = [
            models.UniqueConstraint(
                name="plan_number_is_unique", fields=["referral", "number"]
            ),
            models.CheckConstraint(
                name="plan_has_1_to_60_sessions",
                condition=Q(sessions__gte=1, sessions__lte=60),
            ),
            models.CheckConstraint(
                name="plan_interval_is_1_to_365_days",
                condition=Q(interval_days__gte=1, interval_days__lte=365),
            ),
            models.CheckConstraint(
                name="plan_provider_signature_is_whole",
                condition=Q(provider_signed_at=None, provider_signed_by=None)
                | Q(provider_signed_at__isnull=False, provider_signed_by__isnull=False),
            ),
            models.CheckConstraint(
                name="plan_therapist_signature_is_whole",
                condition=Q(therapist_signed_at=None, therapist_signed_by=None)
                | Q(
                    therapist_signed_at__isnull=False,
                    therapist_signed_by__isnull=False,
                ),
            ),
            models.CheckConstraint(  # two people agree, not one with herself
                name="plan_is_signed_by_two",
                condition=Q(provider_signed_by=None)
                | Q(therapist_signed_by=None)
                | ~Q(provider_signed_by=F("therapist_signed_by")),
            ),
        ]
        triggers = [
            pgtrigger.Protect(name="plan_is_kept", operation=pgtrigger.Delete),
            pgtrigger.Protect(  # what was signed stays as it was signed
                name="plan_words_are_kept",
                operation=pgtrigger.Update,
                condition=pgtrigger.AnyChange(
                    *("referral", "number", "technique", "sessions"),
                    *("interval_days", "goals", "note", "made_at", "made_by"),
                ),
            ),
        ]

    def __str__(self) -> str:
        return f"plan {self.number} of {self.referral}"

    @property
    def patient_id(self) -> int:
        """Return whose plan it is; the audit trail asks."""
        return self.referral.patient_id
