"""Who may refer: a Mayo Clinic provider on record."""

from __future__ import annotations

from datetime import date
from typing import Self

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from referrals.npi import validate_npi


class ProviderQuerySet(models.QuerySet["Provider"]):
    """Reads of providers."""

    def may_refer(self, day: date) -> Self:
        """Those who may refer on `day`, both ends of their time included, by name."""
        ended = Q(may_refer_until__lt=day)
        return (
            self.filter(may_refer_from__lte=day)
            .exclude(ended)
            .order_by("family_name", "given_name", "pk")
        )


class Provider(models.Model):
    """A Mayo Clinic doctor or other provider who may refer (FHIR Practitioner)."""

    npi = models.CharField(
        _("NPI"), max_length=10, unique=True, validators=[validate_npi]
    )
    given_name = models.CharField(_("given name"), max_length=100)
    family_name = models.CharField(_("family name"), max_length=100)
    department = models.CharField(_("department"), max_length=100)
    # Null: no account yet. With one they see what became of their referrals.
    user = models.OneToOneField(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        related_name="provider",
        verbose_name=_("account"),
        null=True,
        blank=True,
    )
    may_refer_from = models.DateField(_("may refer from"))
    may_refer_until = models.DateField(
        _("may refer until"),
        null=True,
        blank=True,
        help_text=_("The last day. Empty: until further notice."),
    )

    objects = ProviderQuerySet.as_manager()

    class Meta:
        verbose_name = _("provider")
        verbose_name_plural = _("providers")
        constraints = [
            models.CheckConstraint(
                name="provider_npi_has_ten_digits",
                condition=Q(npi__regex=r"^[12]\d{9}$"),
            ),
            models.CheckConstraint(
                name="provider_time_runs_forward",
                condition=Q(may_refer_until=None)
                | Q(may_refer_until__gte=F("may_refer_from")),
                violation_error_message=_("The last day must not be before the first."),
            ),
        ]

    def __str__(self) -> str:
        name = f"{self.given_name} {self.family_name}"
        return gettext("Dr. %(name)s") % {"name": name}

    def could_refer_on(self, day: date) -> bool:
        """Say of one row what `may_refer` says of many."""
        until = self.may_refer_until
        return self.may_refer_from <= day and (until is None or day <= until)
