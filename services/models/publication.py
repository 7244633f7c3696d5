"""Studies by the clinic's own researchers."""

from __future__ import annotations

from django.contrib.postgres.search import SearchVectorField
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from services.models.rows import Dated
from services.models.version import vector


class Publication(Dated):
    """A study by the clinic's own researchers."""

    title = models.CharField(_("title"), max_length=300)
    authors = models.CharField(_("authors"), max_length=300)
    journal = models.CharField(_("journal, volume and pages"), max_length=200)
    year = models.PositiveSmallIntegerField(
        _("year"), validators=[MinValueValidator(1900), MaxValueValidator(2100)]
    )
    pmid = models.CharField(_("PubMed identifier"), max_length=10, blank=True)
    summary = models.CharField(_("what it found"), max_length=300, blank=True)
    search = models.GeneratedField(
        expression=vector(
            "english", {"title": "A", "summary": "B", "authors": "C", "journal": "C"}
        ),
        output_field=SearchVectorField(),
        db_persist=True,
    )

    class Meta:
        verbose_name = _("publication")
        verbose_name_plural = _("publications")
        constraints = [
            models.UniqueConstraint(
                name="publication_pmid_is_unique",
                fields=["pmid"],
                condition=~Q(pmid=""),
                violation_error_message=_("This publication is listed already."),
            ),
            models.CheckConstraint(
                name="publication_pmid_is_a_number",
                condition=Q(pmid="") | Q(pmid__regex=r"^[1-9][0-9]{0,8}$"),
                violation_error_message=_("A PubMed identifier is a number."),
            ),
        ]

    def __str__(self) -> str:
        return self.title

    @property
    def address(self) -> str:
        """Where PubMed shows it, or "" when no identifier is known."""
        return f"https://pubmed.ncbi.nlm.nih.gov/{self.pmid}/" if self.pmid else ""
