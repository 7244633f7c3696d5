"""Insurers: whether a patient's company is in our network, and what it asks for."""

from __future__ import annotations

from typing import Any, Self

from django.contrib.postgres.indexes import GinIndex, OpClass
from django.contrib.postgres.lookups import Unaccent
from django.contrib.postgres.search import TrigramSimilarity, TrigramWordSimilarity
from django.db import models
from django.db.models import Exists, F, Q, Value
from django.db.models.functions import Concat, Greatest, Upper
from django.utils.translation import gettext_lazy as _

LIKE_ENOUGH = 0.35  # word similarity, 0 to 1: "mutaul" is 0.43 like "mutual"
SHORTEST_LIKE = 4  # letters; a shorter word is like too many others


def folded(text: Any) -> Any:
    """Return the expression as it is compared: without accents, in capitals."""
    return Upper(Unaccent(text))


class InsurerQuerySet(models.QuerySet["Insurer"]):
    """Reads of insurers."""

    LONGEST_QUERY = 100

    def in_use(self) -> Self:
        """Those that patients and staff may find."""
        return self.filter(active=True)

    def named(self, name: str) -> Self:
        """The one with this whole name, in any case; none or one row."""
        return self.in_use().filter(name__iexact=name.replace("\0", ""))

    def matching(self, text: str) -> Self:
        """
        Find those in use by words of their name or other names; best first.

        Words count in any order, case and accents. If no insurer has all the words,
        a word of `SHORTEST_LIKE` letters or more may be misspelled.
        """
        words = text.replace("\0", "").split()[:8]
        words = [word[: self.LONGEST_QUERY] for word in words]
        if not words:
            return self.none()
        names = folded(Concat("name", Value(" "), "synonyms"))
        rows = self.in_use().annotate(names=names)
        exact, alike = Q(), Q()
        for place, word in enumerate(words):
            has = Q(names__contains=folded(Value(word)))
            exact &= has
            if len(word) >= SHORTEST_LIKE:
                like = TrigramWordSimilarity(folded(Value(word)), F("names"))
                rows = rows.alias(**{f"like{place}": like})
                has |= Q(**{f"like{place}__gte": LIKE_ENOUGH})
            alike &= has
        whole = folded(Value(" ".join(words)))
        likeness = Greatest(
            TrigramSimilarity(folded("name"), whole),
            TrigramSimilarity(folded("synonyms"), whole),
        )
        return (
            rows.annotate(likeness=likeness)
            .filter(exact | (alike & ~Exists(rows.filter(exact))))
            .order_by("-likeness", "name", "pk")
        )


class Insurer(models.Model):
    """An insurance company, and what it asks for before it pays for massage therapy."""

    name = models.CharField(_("name"), max_length=150)
    synonyms = models.CharField(_("other names"), max_length=300, blank=True)
    in_network = models.BooleanField(_("in our network"), default=False)
    needs_referral = models.BooleanField(
        _("wants a referral of its own"), default=False
    )
    needs_authorization = models.BooleanField(
        _("wants prior authorization"), default=False
    )
    note = models.CharField(
        _("note"),
        max_length=300,
        blank=True,
        help_text=_("Patients read it. Keep it short and plain."),
    )
    known_since = models.DateField(
        _("known since"), help_text=_("The day on which we learned or checked this.")
    )
    active = models.BooleanField(_("in use"), default=True)

    objects = InsurerQuerySet.as_manager()

    class Meta:
        verbose_name = _("insurer")
        verbose_name_plural = _("insurers")
        constraints = [
            models.UniqueConstraint(
                Upper("name"),
                name="insurer_name_is_unique",
                violation_error_message=_("An insurer of this name is listed already."),
            ),
            models.CheckConstraint(name="insurer_has_a_name", condition=~Q(name="")),
        ]
        indexes = [
            GinIndex(OpClass(Upper("name"), name="gin_trgm_ops"), name="insurer_words")
        ]

    def __str__(self) -> str:
        return self.name
