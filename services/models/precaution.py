"""The safety questions, and their words for patients in other languages."""

from __future__ import annotations

from collections.abc import Collection
from typing import Self

import pgtrigger
from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import F, OuterRef, Q, Subquery, Value
from django.db.models.functions import Coalesce
from django.utils.translation import gettext_lazy as _

from services.applies import BadBeginning, Limits, applies, beginnings
from services.codes import Meaning
from services.models.article import Technique
from services.models.rows import Dated, OrderedQuerySet
from services.models.version import ENGLISH


def validate_beginnings(text: str) -> None:
    """Refuse what does not say how diagnosis codes begin."""
    try:
        beginnings(text)
    except BadBeginning as fault:
        raise ValidationError(
            _(
                "No ICD-10-CM code begins like “%(part)s”. Write how codes begin, with "
                "commas between, like this: C, D0, M79.7"
            ),
            params={"part": fault.text},
        ) from None


class PrecautionQuerySet(OrderedQuerySet["Precaution"]):
    """Reads of the safety questions."""

    def asked(self) -> Self:
        """Those that a referral must answer, in order."""
        return self.filter(active=True).in_order()

    def with_limits(self) -> Self:
        """With what `Precaution.applies` reads."""
        return self.prefetch_related("techniques")

    def limited(self) -> Self:
        """Those that only some referrals must answer."""
        for_all = Q(diagnoses="", techniques=None)
        return self.exclude(for_all).distinct()

    def for_patients(self, language: str) -> Self:
        """
        Those asked that patients are told of, `told` in their words, in order.

        Where there are no words in `language`, they are in English; `told_in` says
        which of the two they are.
        """
        words = Wording.objects.filter(precaution=OuterRef("pk"), language=language)
        return (
            self.asked()
            .exclude(plain="")
            .annotate(
                told=Coalesce(Subquery(words.values("plain")), F("plain")),
                told_in=Coalesce(Subquery(words.values("language")), Value(ENGLISH)),
            )
        )


class Precaution(Dated):
    """A safety question that every referral answers; the clinical lead owns it."""

    code = models.SlugField(
        _("code"), unique=True, help_text=_("A short name. It cannot be changed later.")
    )
    question = models.CharField(_("question"), max_length=300)
    help_text = models.CharField(_("hint"), max_length=300, blank=True)
    meaning = models.CharField(_("what yes means"), max_length=16, choices=Meaning)
    advice = models.CharField(_("advice for staff"), max_length=500, blank=True)
    plain = models.CharField(
        _("in a patient's words"),
        max_length=200,
        blank=True,
        help_text=_(
            "Ends the sentence “… if you have”. Blank: patients do not see it."
        ),
    )
    position = models.PositiveSmallIntegerField(_("position"), default=0)
    active = models.BooleanField(_("asked"), default=True)
    diagnoses = models.CharField(
        _("only for these diagnoses"),
        max_length=200,
        blank=True,
        validators=[validate_beginnings],
        help_text=_(
            "How their ICD-10-CM codes begin, commas between: C, D0. Empty here and "
            "below: it is asked of every referral."
        ),
    )
    techniques = models.ManyToManyField(
        Technique,
        related_name="+",
        verbose_name=_("only for these techniques"),
        blank=True,
    )
    version = models.PositiveIntegerField(default=1, editable=False)

    told: str  # what `for_patients` reads
    told_in: str

    objects = PrecautionQuerySet.as_manager()

    class Meta:
        verbose_name = _("precaution")
        verbose_name_plural = _("precautions")
        constraints = [
            models.CheckConstraint(
                name="precaution_meaning_is_known",
                condition=Q(meaning__in=Meaning.values),
            )
        ]

    def __str__(self) -> str:
        return self.question

    def applies(self, *, codes: Collection[str], technique: str) -> bool:
        """
        Say whether it is asked of a referral with these diagnoses and this technique.

        :param technique: its slug; "" if the therapist decides.
        """
        slugs = frozenset(one.slug for one in self.techniques.all())
        limits = Limits(beginnings(self.diagnoses), slugs)
        return applies(limits, codes=codes, technique=technique)


class PrecautionVersion(models.Model):
    """A safety question as it stood from a day on; answers point to what was asked."""

    precaution = models.ForeignKey(Precaution, models.PROTECT, related_name="versions")
    number = models.PositiveIntegerField(_("version"))
    question = models.CharField(_("question"), max_length=300)
    help_text = models.CharField(_("hint"), max_length=300, blank=True)
    meaning = models.CharField(_("what yes means"), max_length=16, choices=Meaning)
    advice = models.CharField(_("advice for staff"), max_length=500, blank=True)
    made_at = models.DateTimeField(_("from"))
    made_by = models.ForeignKey(  # null: the portal's own files
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", null=True
    )

    class Meta:
        verbose_name = _("version of a precaution")
        verbose_name_plural = _("versions of precautions")
        default_permissions = ("view",)
        constraints = [
            models.UniqueConstraint(
                name="precaution_version_is_unique", fields=["precaution", "number"]
            )
        ]
        triggers = [
            pgtrigger.Protect(
                name="precaution_version_is_kept",
                operation=pgtrigger.Update | pgtrigger.Delete,
            )
        ]

    def __str__(self) -> str:
        return f"{self.number}: {self.question}"


class Wording(models.Model):
    """A precaution in a patient's words, in a language other than English."""

    precaution = models.ForeignKey(Precaution, models.CASCADE, related_name="wordings")
    language = models.CharField(_("language"), max_length=12)
    plain = models.CharField(_("in a patient's words"), max_length=200)

    class Meta:
        verbose_name = _("wording")
        verbose_name_plural = _("wordings")
        constraints = [
            models.UniqueConstraint(
                name="wording_is_one_per_language", fields=["precaution", "language"]
            )
        ]

    def __str__(self) -> str:
        return self.plain
