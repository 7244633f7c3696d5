"""Words of search: which ones mean the same, and which ones are published."""

from __future__ import annotations

import unicodedata

from django.contrib.postgres.indexes import GinIndex, OpClass
from django.core.exceptions import ValidationError
from django.db import models
from django.utils.translation import gettext_lazy as _

from services.models.rows import Dated


def _plain(word: str) -> str:
    """Return the word as search compares it: without accents and capitals."""
    letters = unicodedata.normalize("NFKD", word.casefold())
    return "".join(one for one in letters if not unicodedata.combining(one))


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

    @property
    def each(self) -> dict[str, str]:
        """Each word or phrase once, by how search compares it."""
        found: dict[str, str] = {}
        for written in self.words.split(","):
            if word := " ".join(written.split()):
                found.setdefault(_plain(word), word)
        return found

    def clean(self) -> None:
        """
        Put one comma and a space between the words, and each word there once.

        :raises ValidationError: if fewer than two are left, or another row has one.
        """
        mine = self.each
        if len(mine) < 2:
            raise ValidationError(
                {"words": _("Write at least two different words, a comma between.")}
            )
        for other in Synonym.objects.exclude(pk=self.pk).order_by("pk"):
            for word in mine.keys() & other.each.keys():
                refused = ValidationError(
                    _("“%(word)s” is in another row: %(row)s. Add the rest to it."),
                    params={"word": mine[word], "row": other.words},
                )
                raise ValidationError({"words": refused})
        self.words = ", ".join(mine.values())


class Word(models.Model):
    """A published word without accents: misspelled ones are compared to it."""

    word = models.CharField(max_length=100, unique=True)

    class Meta:
        verbose_name = _("published word")
        verbose_name_plural = _("published words")
        default_permissions = ()
        indexes = [
            GinIndex(  # written at once: searches far outnumber new words
                OpClass("word", name="gin_trgm_ops"),
                name="word_likeness",
                fastupdate=False,
            )
        ]

    def __str__(self) -> str:
        return self.word
