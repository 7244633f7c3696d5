"""ICD-10-CM: the codes a diagnosis is given in."""

from __future__ import annotations

from typing import Self

from django.contrib.postgres.indexes import GinIndex, OpClass
from django.db import models
from django.db.models import Case, IntegerField, Q, Value, When
from django.db.models.functions import Length, Upper
from django.utils.translation import gettext_lazy as _


class DiagnosisCodeQuerySet(models.QuerySet["DiagnosisCode"]):
    """Finds codes."""

    LONGEST_QUERY = 100

    def matching(self, text: str) -> Self:
        """
        Find by code ("M79.7", "m797"), by words in any order, or by both; best first.

        A code that begins with the text comes before words; among words, a shorter
        description first, for it says less that was not asked.
        """
        words = text.replace("\0", "").split()[:8]
        words = [word[: self.LONGEST_QUERY] for word in words]
        if not words:
            return self.none()
        described = Q()
        for word in words:
            described &= Q(description__icontains=word)
        code = "".join(words).replace(".", "").upper()
        coded = Q(compact__startswith=code) if code.isalnum() else Q(pk=None)
        coded |= Q(compact=words[0].replace(".", "").upper())  # "M79.7 Fibromyalgia"
        return (
            self.filter(described | coded)
            .annotate(
                by_words=Case(
                    When(coded, then=Value(0)),
                    default=Value(1),
                    output_field=IntegerField(),
                )
            )
            .order_by("by_words", Length("description"), "code")
        )


class DiagnosisCode(models.Model):
    """A billable ICD-10-CM code. `load_diagnoses` fills the table from a package."""

    code = models.CharField(_("code"), max_length=8, unique=True)  # "M79.7"
    compact = models.CharField(max_length=7, editable=False)  # "M797"
    description = models.CharField(_("description"), max_length=300)

    objects = DiagnosisCodeQuerySet.as_manager()

    class Meta:
        verbose_name = _("diagnosis code")
        verbose_name_plural = _("diagnosis codes")
        default_permissions = ("view",)
        indexes = [
            GinIndex(
                OpClass(Upper("description"), name="gin_trgm_ops"),
                name="diagnosis_words",
            ),
            models.Index(
                fields=["compact"],
                opclasses=["varchar_pattern_ops"],
                name="diagnosis_code_start",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.code} {self.description}"
