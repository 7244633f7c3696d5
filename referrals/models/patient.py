"""The patient, as the clinic knows them."""

from __future__ import annotations

from contextlib import suppress
from datetime import date
from typing import TYPE_CHECKING, Self

from django.conf import settings
from django.contrib.postgres.indexes import GinIndex, OpClass
from django.contrib.postgres.search import TrigramSimilarity
from django.db import models
from django.db.models import F, Q, Value
from django.db.models.functions import Concat, Greatest, Lower
from django.utils.translation import gettext_lazy as _
from phonenumber_field.modelfields import PhoneNumberField

from massage_portal.dates import DateParts, read_date
from services.models.version import Unaccented

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
    # The record that this one was found to be a second of; null: it stands for itself.
    merged_into = models.ForeignKey(
        "self", models.PROTECT, related_name="merged", null=True, blank=True
    )
    version = models.PositiveIntegerField(default=1, editable=False)
    # As names are compared: in small letters, without accents.
    names = models.GeneratedField(
        expression=Unaccented(Lower(Concat("given_name", Value(" "), "family_name"))),
        output_field=models.CharField(max_length=250),
        db_persist=True,
    )

    objects = PatientQuerySet.as_manager()

    class Meta:
        verbose_name = _("patient")
        verbose_name_plural = _("patients")
        permissions = [
            ("merge_patient", "Can merge two records of one patient"),
        ]
        constraints = [
            models.UniqueConstraint(
                Lower("record_number"), name="patient_record_number_is_unique"
            ),
            models.CheckConstraint(
                name="patient_has_a_name",
                condition=~Q(given_name="") & ~Q(family_name=""),
            ),
            models.CheckConstraint(
                name="patient_is_not_merged_into_itself",
                condition=Q(merged_into=None) | ~Q(merged_into=F("pk")),
            ),
        ]
        indexes = [
            GinIndex(OpClass("names", name="gin_trgm_ops"), name="patient_names"),
            models.Index(fields=["birth_date"], name="patient_birth_date"),
        ]

    def __str__(self) -> str:
        return f"{self.given_name} {self.family_name}"


class PatientMerge(models.Model):
    """Two records of one patient made one, and what it takes to part them again."""

    kept = models.ForeignKey(Patient, models.PROTECT, related_name="merges")
    merged = models.ForeignKey(Patient, models.PROTECT, related_name="+")
    # The keys of what moved, by model label: {"referrals.referral": [7, 9]}.
    moved = models.JSONField(default=dict)
    reason = models.CharField(_("why"), max_length=300)
    at = models.DateTimeField(_("merged"))
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    undone_at = models.DateTimeField(_("parted again"), null=True, blank=True)
    undone_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        related_name="+",
        null=True,
        blank=True,
    )

    class Meta:
        verbose_name = _("merge of two records")
        verbose_name_plural = _("merges of two records")
        default_permissions = ("view",)
        constraints = [
            models.CheckConstraint(
                name="merge_is_of_two", condition=~Q(kept=F("merged"))
            ),
            models.UniqueConstraint(
                name="merge_is_open_once",
                fields=["merged"],
                condition=Q(undone_at=None),
            ),
            models.CheckConstraint(
                name="merge_is_undone_by_somebody",
                condition=Q(undone_at=None, undone_by=None)
                | Q(undone_at__isnull=False, undone_by__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return f"merge {self.pk}"
