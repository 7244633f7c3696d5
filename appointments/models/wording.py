"""Triage categories in other languages, as patients read them."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from appointments.models.policy import TriageCategory
from services.models import ENGLISH


class CategoryWording(models.Model):
    """A triage category in another language than English; the lead owns it too."""

    category = models.ForeignKey(
        TriageCategory,
        models.CASCADE,
        related_name="wordings",
        verbose_name=_("triage category"),
    )
    language = models.CharField(_("language"), max_length=12)
    name = models.CharField(_("name"), max_length=60)
    meaning = models.CharField(_("who belongs here"), max_length=300)

    class Meta:
        verbose_name = _("triage category in another language")
        verbose_name_plural = _("triage categories in other languages")
        constraints = [
            models.UniqueConstraint(
                name="category_wording_is_one_per_language",
                fields=["category", "language"],
                violation_error_message=_(
                    "This category has words in this language already."
                ),
            ),
            models.CheckConstraint(  # its English stands on the category
                name="category_wording_is_not_english",
                condition=~Q(language=ENGLISH),
            ),
        ]

    def __str__(self) -> str:
        return self.name
