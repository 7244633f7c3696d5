"""What patients ask about their request, and what the clinic answers."""

from __future__ import annotations

from typing import Self

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from appointments.models.waitlist import WaitlistEntry


class QuestionQuerySet(models.QuerySet["Question"]):
    """Reads of questions."""

    def unanswered(self) -> Self:
        """Those that wait for an answer, the oldest first."""
        return self.filter(answered_at=None).order_by("asked_at", "pk")


class Question(models.Model):
    """One question of a patient, and its answer (FHIR Communication)."""

    entry = models.ForeignKey(WaitlistEntry, models.CASCADE, related_name="questions")
    words = models.CharField(_("question"), max_length=1000)
    asked_at = models.DateTimeField()
    asked_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="+"
    )
    answer = models.CharField(_("answer"), max_length=1000, blank=True)
    answered_at = models.DateTimeField(null=True, blank=True)
    answered_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        related_name="+",
        null=True,
        blank=True,
    )

    objects = QuestionQuerySet.as_manager()

    class Meta:
        verbose_name = _("question")
        verbose_name_plural = _("questions")
        default_permissions = ("view",)
        constraints = [
            models.CheckConstraint(name="question_has_words", condition=~Q(words="")),
            models.CheckConstraint(  # an answer is one act: words, moment and author
                name="question_answer_is_whole",
                condition=Q(answer="", answered_at=None, answered_by=None)
                | (
                    ~Q(answer="")
                    & Q(answered_at__isnull=False, answered_by__isnull=False)
                ),
            ),
        ]

    def __str__(self) -> str:
        return f"question {self.pk}"
