"""What the patient's insurer allows, as far as the clinic knows it."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from referrals.models.referral import Referral


class Authorization(models.Model):
    """An insurer's word on one referral (FHIR ClaimResponse, CoverageEligibility)."""

    referral = models.OneToOneField(
        Referral, models.PROTECT, related_name="authorization"
    )
    member_number = models.CharField(_("member number"), max_length=40, blank=True)
    referral_number = models.CharField(
        _("the insurer's referral number"), max_length=40, blank=True
    )
    number = models.CharField(_("authorization number"), max_length=40, blank=True)
    visits = models.PositiveSmallIntegerField(  # null: the insurer sets no number
        _("visits the insurer pays for"), null=True, blank=True
    )
    valid_until = models.DateField(_("authorized until"), null=True, blank=True)
    version = models.PositiveIntegerField(default=1, editable=False)
    changed_at = models.DateTimeField(_("last changed"))
    changed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="+"
    )

    class Meta:
        verbose_name = _("authorization")
        verbose_name_plural = _("authorizations")
        default_permissions = ("view",)
        constraints = [
            models.CheckConstraint(
                name="authorization_is_for_1_to_60_visits",
                condition=Q(visits=None) | Q(visits__gte=1, visits__lte=60),
            ),
            models.CheckConstraint(  # limits belong to a number that can be looked up
                name="authorization_limits_have_a_number",
                condition=~Q(number="") | Q(visits=None, valid_until=None),
            ),
        ]

    def __str__(self) -> str:
        return f"authorization of {self.referral}"
