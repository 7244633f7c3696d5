"""The referral, and what was answered when safety was asked about."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Self

from django.conf import settings
from django.db import models
from django.db.models import Case, F, Q, When
from django.utils.translation import gettext_lazy as _

from massage_portal.states import only_legal_steps
from referrals.codes import TRANSITIONS, Answer, Priority, Status
from referrals.models.diagnosis import DiagnosisCode
from referrals.models.patient import Patient
from referrals.models.provider import Provider

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser

    from massage_portal.accounts.models import User


class ReferralQuerySet(models.QuerySet["Referral"]):
    """Reads of referrals."""

    def visible_to(self, user: User | AnonymousUser) -> Self:
        """Clinic staff see every referral; a patient sees their own."""
        if user.has_perm("referrals.view_referral"):
            return self
        if user.is_authenticated and user.has_perm("referrals.view_own_referral"):
            return self.filter(patient__user=user).exclude(
                status=Status.ENTERED_IN_ERROR
            )
        return self.none()

    def worklist(self) -> Self:
        """For the staff's list: those on hold first, then the newest."""
        on_hold = Case(When(status=Status.ON_HOLD, then=0), default=1)
        return self.select_related("patient", "provider", "diagnosis").order_by(
            on_hold, "-received_at", "pk"
        )

    def with_all(self) -> Self:
        """With what a page about one referral shows."""
        return self.select_related(
            *("patient__user", "provider", "diagnosis", "technique"),
            *("insurer", "recorded_by"),
        ).prefetch_related("screening_answers__precaution")

    def in_force_on(self, day: date) -> Self:
        """Active, and valid on `day`; both ends of the period count."""
        return self.filter(
            status=Status.ACTIVE, valid_from__lte=day, valid_until__gte=day
        )


class Referral(models.Model):
    """A provider's request that a patient have massage (FHIR ServiceRequest)."""

    patient = models.ForeignKey(Patient, models.PROTECT, related_name="referrals")
    provider = models.ForeignKey(Provider, models.PROTECT, related_name="referrals")
    diagnosis = models.ForeignKey(DiagnosisCode, models.PROTECT)
    technique = models.ForeignKey(  # null: the therapist decides
        "services.Technique", models.PROTECT, null=True, blank=True
    )
    insurer = models.ForeignKey(  # null: not known, or none
        "services.Insurer",
        models.PROTECT,
        verbose_name=_("insurer"),
        null=True,
        blank=True,
    )
    reason = models.TextField(_("reason"), max_length=2000, blank=True)
    status = models.CharField(
        _("status"), max_length=16, choices=Status, default=Status.ACTIVE
    )
    priority = models.CharField(_("priority"), max_length=8, choices=Priority)
    received_at = models.DateTimeField(_("received"))  # the clock starts here
    valid_from = models.DateField(_("valid from"))
    valid_until = models.DateField(_("valid until"))
    sessions = models.PositiveSmallIntegerField(_("visits authorized"))
    interval_days = models.PositiveSmallIntegerField(_("days between"), default=7)
    clearance_by = models.CharField(_("cleared by"), max_length=200, blank=True)
    clearance_on = models.DateField(_("cleared on"), null=True, blank=True)
    submission = models.UUIDField(unique=True, editable=False)  # one form, one row
    recorded_at = models.DateTimeField(_("recorded"))
    recorded_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="+"
    )

    objects = ReferralQuerySet.as_manager()

    class Meta:
        verbose_name = _("referral")
        verbose_name_plural = _("referrals")
        permissions = [
            ("record_referral", "Can record a referral"),
            ("view_own_referral", "Can see their own referral"),
        ]
        constraints = [
            models.CheckConstraint(
                name="referral_status_is_known",
                condition=Q(status__in=Status.values),
            ),
            models.CheckConstraint(
                name="referral_priority_is_known",
                condition=Q(priority__in=Priority.values),
            ),
            models.CheckConstraint(
                name="referral_period_runs_forward",
                condition=Q(valid_until__gte=F("valid_from")),
            ),
            models.CheckConstraint(
                name="referral_authorizes_1_to_60_sessions",
                condition=Q(sessions__gte=1, sessions__lte=60),
            ),
            models.CheckConstraint(
                name="referral_interval_is_1_to_365_days",
                condition=Q(interval_days__gte=1, interval_days__lte=365),
            ),
            models.CheckConstraint(  # clearance is one act: both, or neither
                name="referral_clearance_is_whole",
                condition=Q(clearance_by="", clearance_on=None)
                | (~Q(clearance_by="") & Q(clearance_on__isnull=False)),
            ),
            models.UniqueConstraint(
                name="referral_one_open_per_diagnosis",
                fields=["patient", "diagnosis"],
                condition=Q(status__in=[Status.ACTIVE, Status.ON_HOLD]),
            ),
        ]
        triggers = [
            only_legal_steps("legal_status_changes", TRANSITIONS),
        ]
        indexes = [
            models.Index(fields=["-received_at"], name="referral_newest_first"),
        ]

    def __str__(self) -> str:
        return f"referral {self.pk}"


class ScreeningAnswer(models.Model):
    """What was answered to one safety question, in the words it was asked in."""

    referral = models.ForeignKey(
        Referral, models.CASCADE, related_name="screening_answers"
    )
    precaution = models.ForeignKey("services.Precaution", models.PROTECT)
    question = models.CharField(max_length=300)  # as it stood on that day
    meaning = models.CharField(max_length=16)  # services' code, as on that day
    answer = models.CharField(max_length=8, choices=Answer)

    class Meta:
        verbose_name = _("screening answer")
        verbose_name_plural = _("screening answers")
        default_permissions = ("view",)
        constraints = [
            models.UniqueConstraint(
                name="screening_asks_each_question_once",
                fields=["referral", "precaution"],
            ),
            models.CheckConstraint(
                name="screening_answer_is_known",
                condition=Q(answer__in=Answer.values),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.question} {self.answer}"
