"""Who may refer: a Mayo Clinic provider on record."""

from __future__ import annotations

from typing import Self

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from referrals.npi import validate_npi


class ProviderQuerySet(models.QuerySet["Provider"]):
    """Reads of providers."""

    def may_refer(self) -> Self:
        """Those on record now, by name."""
        return self.filter(active=True).order_by("family_name", "given_name", "pk")


class Provider(models.Model):
    """A Mayo Clinic doctor or other provider who may refer (FHIR Practitioner)."""

    npi = models.CharField(
        _("NPI"), max_length=10, unique=True, validators=[validate_npi]
    )
    given_name = models.CharField(_("given name"), max_length=100)
    family_name = models.CharField(_("family name"), max_length=100)
    department = models.CharField(_("department"), max_length=100)
    active = models.BooleanField(_("may refer"), default=True)

    objects = ProviderQuerySet.as_manager()

    class Meta:
        verbose_name = _("provider")
        verbose_name_plural = _("providers")
        constraints = [
            models.CheckConstraint(
                name="provider_npi_has_ten_digits",
                condition=Q(npi__regex=r"^[12]\d{9}$"),
            ),
        ]

    def __str__(self) -> str:
        name = f"{self.given_name} {self.family_name}"
        return gettext("Dr. %(name)s") % {"name": name}
