"""Words of search: which ones mean the same, and which ones are published."""

from __future__ import annotations

from django.contrib.postgres.indexes import GinIndex, OpClass
from django.db import models
from django.utils.translation import gettext_lazy as _

from services.models.rows import Dated


class Synonym(Dated):
    """Words that mean the same to search: who types one finds the others."""

    words = models.CharField(
        _("words"),
        max_length=300,
        unique=True,
        help_text=_("Commas between them: lymphedema, lymphoedema."),
    )

    class Meta:
        verbose_name = _("words that mean the same")
        verbose_name_plural = _("words that mean the same")

    def __str__(self) -> str:
        return self.words


class Word(models.Model):
    """A published word without accents: misspelled ones are compared to it."""

    word = models.CharField(max_length=100, unique=True)

    class Meta:
        verbose_name = _("published word")
        verbose_name_plural = _("published words")
        default_permissions = ()
        indexes = [GinIndex(OpClass("word", name="gin_trgm_ops"), name="word_likeness")]

    def __str__(self) -> str:
        return self.word
