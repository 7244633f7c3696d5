"""Asking a provider whether a referral that ends soon shall go on."""

from __future__ import annotations

from datetime import datetime
from typing import Self

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from referrals.codes import RenewalAnswer
from referrals.models.referral import Referral


class RenewalQuerySet(models.QuerySet["Renewal"]):
    """Reads of questions to providers."""

    def open(self, now: datetime) -> Self:
        """Those that can still be answered by their link."""
        return self.filter(answer="", withdrawn_at=None, expires_at__gt=now)

    def by_token(self, pk: int) -> Renewal | None:
        """Return the question of a link, if its provider may still sign in."""
        found = self.filter(pk=pk, referral__provider__user__is_active=True)
        return found.select_related(
            "referral__patient", "referral__provider__user"
        ).first()


class Renewal(models.Model):
    """One question to one provider; its link is this row's key, signed."""

    referral = models.ForeignKey(
        Referral, models.PROTECT, related_name="renewal_questions"
    )
    asked_at = models.DateTimeField(_("asked"))
    expires_at = models.DateTimeField(_("link ends"))
    answered_at = models.DateTimeField(_("answered"), null=True, blank=True)
    answer = models.CharField(
        _("answer"), max_length=8, choices=RenewalAnswer, blank=True
    )
    withdrawn_at = models.DateTimeField(null=True, blank=True)

    objects = RenewalQuerySet.as_manager()

    class Meta:
        verbose_name = _("renewal")
        verbose_name_plural = _("renewals")
        default_permissions = ("view",)
        constraints = [
            models.CheckConstraint(
                name="renewal_link_ends_after_it_is_made",
                condition=Q(expires_at__gt=F("asked_at")),
            ),
            models.CheckConstraint(
                name="renewal_answer_is_whole",
                condition=Q(answer="", answered_at=None)
                | (~Q(answer="") & Q(answered_at__isnull=False)),
            ),
            models.CheckConstraint(
                name="renewal_answer_is_known",
                condition=Q(answer__in=["", *RenewalAnswer.values]),
            ),
            models.UniqueConstraint(
                name="renewal_is_asked_once_at_a_time",
                fields=["referral"],
                condition=Q(answer="", withdrawn_at=None),
            ),
        ]

    def __str__(self) -> str:
        return f"renewal of {self.referral}"
