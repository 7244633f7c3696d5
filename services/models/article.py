"""
Articles: what the portal publishes a text about, and where it is read.

An article holds what does not depend on a language; its words are in its versions.
"""

from __future__ import annotations

from typing import Self, TypeVar
from zoneinfo import available_timezones

import pgtrigger
from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from phonenumber_field.modelfields import PhoneNumberField

from services.codes import ArticleKind, Evidence
from services.models.rows import Dated, OrderedQuerySet

# Pages that the portal itself leads to, and that have an address of their own.
REFERRAL, SAFETY, PRIVACY = "getting-an-appointment", "safety", "privacy"
OWN_ADDRESS = {
    REFERRAL: "services:referral",
    SAFETY: "services:safety",
    PRIVACY: "services:privacy",
}
# Kinds whose articles share one page: their address is a place on it.
SHARED = {
    ArticleKind.TECHNIQUE: "services:techniques",
    ArticleKind.LOCATION: "services:locations",
}
OWN = {ArticleKind.PAGE: "services:page", ArticleKind.CONDITION: "services:condition"}
Kind = TypeVar("Kind", bound="Article")


def _of_kind(kind: ArticleKind) -> pgtrigger.Trigger:
    """Refuse a row of this table whose article says that it is of another kind."""
    name = f"{kind}_is_of_its_kind"
    return pgtrigger.Trigger(
        name=name,
        when=pgtrigger.Before,
        operation=pgtrigger.Insert,
        func=f"""
            IF '{kind}' <>
               (SELECT kind FROM services_article WHERE id = NEW.article_ptr_id)
            THEN RAISE EXCEPTION 'violates "{name}"'
                 USING ERRCODE = 'check_violation', CONSTRAINT = '{name}';
            END IF;
            RETURN NEW;
        """,  # noqa: S608 - the names are ours
    )


def validate_time_zone(name: str) -> None:
    """
    Refuse what is not a zone of the IANA database.

    :raises ValidationError: with an example of one that is.
    """
    if name not in available_timezones():
        raise ValidationError(
            _("%(name)s is no time zone. Write one like America/Chicago."),
            params={"name": name},
        )


class ArticleQuerySet(OrderedQuerySet[Kind]):
    """Reads of articles."""

    def of_kind(self, kind: str) -> Self:
        """Those of one kind, in the editor's order."""
        return self.filter(kind=kind).in_order()

    def named(self, kind: str, slug: str | None) -> Kind | None:
        """Return the one at this address, or the one that was there once, or none."""
        here = self.filter(kind=kind, slug=slug).first()
        former = Q(former_addresses__kind=kind, former_addresses__slug=slug)
        return here or self.filter(former).first()


class Article(Dated):
    """Something the portal has a text about; its words are in its versions."""

    kind = models.CharField(_("kind"), max_length=12, choices=ArticleKind)
    slug = models.SlugField(_("address"), help_text=_("The end of its web address."))
    position = models.PositiveSmallIntegerField(_("position"), default=0)

    objects = ArticleQuerySet.as_manager()

    class Meta:
        verbose_name = _("article")
        verbose_name_plural = _("articles")
        constraints = [
            models.UniqueConstraint(
                name="article_address_is_unique",
                fields=["kind", "slug"],
                violation_error_message=_("Another article has this address."),
            ),
            models.CheckConstraint(
                name="article_kind_is_known",
                condition=Q(kind__in=ArticleKind.values),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind}/{self.slug}"

    def get_absolute_url(self) -> str:
        """Return where it is read: a few pages have an address of their own."""
        if self.kind in SHARED:
            return f"{reverse(SHARED[ArticleKind(self.kind)])}#{self.kind}-{self.slug}"
        if self.kind == ArticleKind.PAGE and self.slug in OWN_ADDRESS:
            return reverse(OWN_ADDRESS[self.slug])
        return reverse(OWN[ArticleKind(self.kind)], args=[self.slug])


class Condition(Article):
    """Something massage therapy may help a patient to cope with."""

    evidence = models.CharField(_("evidence"), max_length=4, choices=Evidence)

    class Meta:
        verbose_name = _("condition")
        verbose_name_plural = _("conditions")
        constraints = [
            models.CheckConstraint(
                name="condition_evidence_is_known",
                condition=Q(evidence__in=Evidence.values),
            )
        ]
        triggers = [_of_kind(ArticleKind.CONDITION)]


class TechniqueQuerySet(ArticleQuerySet["Technique"]):
    """Reads of the techniques."""

    def offered(self) -> Self:
        """Those that patients may get, in order."""
        return self.filter(active=True).in_order()


class Technique(Article):
    """A way of massage that therapists are certified for (FHIR HealthcareService)."""

    name = models.CharField(
        _("name"),
        max_length=100,
        help_text=_("As records and messages call it. Pages show the text's title."),
    )
    minutes = models.PositiveSmallIntegerField(
        _("length of a visit, minutes"),
        default=50,
        validators=[MinValueValidator(10), MaxValueValidator(240)],
    )
    active = models.BooleanField(_("offered"), default=True)

    objects = TechniqueQuerySet.as_manager()  # type: ignore[misc]

    class Meta:
        verbose_name = _("technique")
        verbose_name_plural = _("techniques")
        constraints = [
            models.CheckConstraint(
                name="technique_lasts_10_to_240_minutes",
                condition=Q(minutes__gte=10, minutes__lte=240),
            )
        ]
        triggers = [_of_kind(ArticleKind.TECHNIQUE)]

    def __str__(self) -> str:
        return self.name


class Location(Article):
    """A place of the medical center (FHIR Location)."""

    name = models.CharField(_("name"), max_length=100)
    city = models.CharField(_("city"), max_length=100)
    state = models.CharField(_("state"), max_length=60)
    time_zone = models.CharField(
        _("time zone"), max_length=60, validators=[validate_time_zone]
    )
    gives_massage = models.BooleanField(_("gives massage"), default=False)
    phone = PhoneNumberField(_("telephone"), blank=True)
    address = models.CharField(_("street address"), max_length=200, blank=True)

    class Meta:
        verbose_name = _("location")
        verbose_name_plural = _("locations")
        constraints = [
            models.CheckConstraint(
                name="location_has_a_time_zone", condition=~Q(time_zone="")
            )
        ]
        triggers = [_of_kind(ArticleKind.LOCATION)]

    def __str__(self) -> str:
        return self.name


class FormerAddress(models.Model):
    """An address that an article had once; it leads to where the article is now."""

    kind = models.CharField(max_length=12, choices=ArticleKind)
    slug = models.SlugField()
    article = models.ForeignKey(
        Article, models.PROTECT, related_name="former_addresses"
    )

    class Meta:
        verbose_name = _("former address")
        verbose_name_plural = _("former addresses")
        constraints = [
            models.UniqueConstraint(
                name="former_address_leads_to_one", fields=["kind", "slug"]
            )
        ]

    def __str__(self) -> str:
        return f"{self.kind}/{self.slug}"
