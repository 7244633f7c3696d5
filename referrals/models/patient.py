"""The patient, as the clinic knows them."""

from __future__ import annotations

from contextlib import suppress
from datetime import date
from typing import TYPE_CHECKING, Self

from django.conf import settings
from django.contrib.postgres.indexes import GinIndex, OpClass
from django.contrib.postgres.search import TrigramSimilarity
from django.db import models
from django.db.models import Q
from django.db.models.functions import Greatest, Lower, Upper
from django.utils.translation import gettext_lazy as _
from phonenumber_field.modelfields import PhoneNumberField

from massage_portal.dates import DateParts, read_date

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser

    from massage_portal.accounts.models import User

ALIKE = 0.3  # trigram similarity, 0 to 1: PostgreSQL's own default


class PatientQuerySet(models.QuerySet["Patient"]):
    """Reads of patients."""

    def visible_to(self, user: User | AnonymousUser) -> Self:
        """Staff who work with referrals see every patient; a patient, themselves."""
        if user.has_perm("referrals.view_patient"):
            return self
        if user.is_authenticated:
            return self.filter(user=user)
        return self.none()

    def matching(self, text: str) -> Self:
        """Find by record number, by birth date (1985-03-14, 3/14/1985) or by name."""
        words = text.replace("\0", "").split()[:6]
        if not words:
            return self.none()
        named = Q()
        for word in words:
            word = word[:100]
            found = Q(given_name__icontains=word) | Q(family_name__icontains=word)
            found |= Q(record_number__iexact=word)
            with suppress(ValueError):
                found |= Q(birth_date=read_date(DateParts(word, "", "")))
            named &= found
        return self.filter(named).order_by("family_name", "given_name", "pk")

    def alike(self, *, given_name: str, family_name: str, birth_date: date) -> Self:
        """Those who may be the same person: same birth date, and a name alike."""
        likeness = Greatest(
            TrigramSimilarity("family_name", family_name),
            TrigramSimilarity("given_name", given_name),
        )
        return (
            self.filter(birth_date=birth_date)
            .annotate(likeness=likeness)
            .filter(likeness__gte=ALIKE)
            .order_by("-likeness", "pk")
        )


class Patient(models.Model):
    """Someone referred to the clinic (FHIR Patient)."""

    user = models.OneToOneField(  # null: no email address, so staff act by telephone
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="patient", null=True
    )
    record_number = models.CharField(_("record number"), max_length=20)
    given_name = models.CharField(_("given name"), max_length=100)
    family_name = models.CharField(_("family name"), max_length=100)
    birth_date = models.DateField(_("date of birth"))
    phone = PhoneNumberField(_("telephone"), blank=True)

    objects = PatientQuerySet.as_manager()

    class Meta:
        verbose_name = _("patient")
        verbose_name_plural = _("patients")
        permissions = [
            ("view_patients_of_own_day", "Can see the patients of their own day"),
        ]
        constraints = [
            models.UniqueConstraint(
                Lower("record_number"), name="patient_record_number_is_unique"
            ),
            models.CheckConstraint(
                name="patient_has_a_name",
                condition=~Q(given_name="") & ~Q(family_name=""),
            ),
        ]
        indexes = [
            GinIndex(
                OpClass(Upper("family_name"), name="gin_trgm_ops"),
                OpClass(Upper("given_name"), name="gin_trgm_ops"),
                name="patient_names",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.given_name} {self.family_name}"
