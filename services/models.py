"""What we offer: published information, and the questions safety asks."""

from __future__ import annotations

from typing import Self, TypeVar
from zoneinfo import available_timezones

from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import F, Q
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from phonenumber_field.modelfields import PhoneNumberField

from services.codes import Evidence, Meaning
from services.insurers import Insurer as Insurer  # a module of its own: see there

# Pages that the portal itself leads to, and that have an address of their own.
REFERRAL, SAFETY, PRIVACY = "getting-an-appointment", "safety", "privacy"
OWN_ADDRESS = {
    REFERRAL: "services:referral",
    SAFETY: "services:safety",
    PRIVACY: "services:privacy",
}
Row = TypeVar("Row", bound=models.Model)
MARKDOWN = _("In Markdown: # for headings, - for lists, **bold**.")
SLUG = _("The end of its web address. It cannot be changed later.")


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


class OrderedQuerySet(models.QuerySet[Row]):
    """Reads of what an editor puts in order."""

    def in_order(self) -> Self:
        """As the editor placed them; ties by key."""
        return self.order_by("position", "pk")


class Dated(models.Model):
    """Content that says when it last changed: who saves it says the time."""

    # Null: nobody said so. Machines are then told no date, rather than a wrong one.
    updated_at = models.DateTimeField(_("last changed"), null=True, editable=False)

    class Meta:
        abstract = True


class PageQuerySet(OrderedQuerySet["Page"]):
    """Reads of the pages of information."""

    def guide(self) -> Self:
        """Those about massage therapy, in order."""
        return self.exclude(slug=PRIVACY).in_order()


class Page(Dated):
    """One page of information, in Markdown."""

    slug = models.SlugField(_("address"), unique=True, help_text=SLUG)
    title = models.CharField(_("title"), max_length=120)
    summary = models.CharField(_("summary"), max_length=300)
    body = models.TextField(_("text"), help_text=MARKDOWN)
    position = models.PositiveSmallIntegerField(_("position"), default=0)
    reviewed_by = models.CharField(
        _("medically reviewed by"), max_length=120, blank=True
    )
    reviewed_on = models.DateField(_("reviewed on"), null=True, blank=True)
    next_review = models.DateField(_("next review due"), null=True, blank=True)

    objects = PageQuerySet.as_manager()

    class Meta:
        verbose_name = _("page")
        verbose_name_plural = _("pages")
        constraints = [
            models.CheckConstraint(  # a review is one act: who and when, or neither
                name="page_review_is_whole",
                condition=Q(reviewed_by="", reviewed_on=None)
                | (~Q(reviewed_by="") & Q(reviewed_on__isnull=False)),
                violation_error_message=_("Say both who reviewed it and when."),
            ),
            models.CheckConstraint(
                name="page_next_review_is_later",
                condition=Q(next_review=None)
                | Q(reviewed_on__isnull=False, next_review__gt=F("reviewed_on")),
                violation_error_message=_(
                    "The next review must come after the day it was reviewed on."
                ),
            ),
        ]

    def __str__(self) -> str:
        return self.title

    def get_absolute_url(self) -> str:
        """Return where it is read: a few pages have an address of their own."""
        if self.slug in OWN_ADDRESS:
            return reverse(OWN_ADDRESS[self.slug])
        return reverse("services:page", args=[self.slug])


class Condition(Dated):
    """Something massage therapy may help a patient to cope with."""

    slug = models.SlugField(_("address"), unique=True, help_text=SLUG)
    name = models.CharField(_("name"), max_length=100)
    synonyms = models.CharField(_("other words for it"), max_length=300, blank=True)
    summary = models.CharField(_("summary"), max_length=300)
    body = models.TextField(_("text"), help_text=MARKDOWN)
    evidence = models.CharField(_("evidence"), max_length=4, choices=Evidence)
    position = models.PositiveSmallIntegerField(_("position"), default=0)

    objects = OrderedQuerySet.as_manager()

    class Meta:
        verbose_name = _("condition")
        verbose_name_plural = _("conditions")
        constraints = [
            models.CheckConstraint(
                name="condition_evidence_is_known",
                condition=Q(evidence__in=Evidence.values),
            )
        ]

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        """Return where it is read."""
        return reverse("services:condition", args=[self.slug])


class TechniqueQuerySet(OrderedQuerySet["Technique"]):
    """Reads of the techniques."""

    def offered(self) -> Self:
        """Those that patients may get, in order."""
        return self.filter(active=True).in_order()


class Technique(Dated):
    """A way of massage that therapists are certified for (FHIR HealthcareService)."""

    slug = models.SlugField(_("address"), unique=True, help_text=SLUG)
    name = models.CharField(_("name"), max_length=100)
    summary = models.CharField(_("summary"), max_length=300)
    body = models.TextField(_("text"), blank=True, help_text=MARKDOWN)
    minutes = models.PositiveSmallIntegerField(
        _("length of a visit, minutes"),
        default=50,
        validators=[MinValueValidator(10), MaxValueValidator(240)],
    )
    active = models.BooleanField(_("offered"), default=True)
    position = models.PositiveSmallIntegerField(_("position"), default=0)

    objects = TechniqueQuerySet.as_manager()

    class Meta:
        verbose_name = _("technique")
        verbose_name_plural = _("techniques")
        constraints = [
            models.CheckConstraint(
                name="technique_lasts_10_to_240_minutes",
                condition=Q(minutes__gte=10, minutes__lte=240),
            )
        ]

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        """Return where it is read: all techniques share one page."""
        return f"{reverse('services:techniques')}#technique-{self.slug}"


class Location(Dated):
    """A place of the medical center (FHIR Location)."""

    slug = models.SlugField(_("address"), unique=True, help_text=SLUG)
    name = models.CharField(_("name"), max_length=100)
    city = models.CharField(_("city"), max_length=100)
    state = models.CharField(_("state"), max_length=60)
    time_zone = models.CharField(
        _("time zone"), max_length=60, validators=[validate_time_zone]
    )
    gives_massage = models.BooleanField(_("gives massage"), default=False)
    phone = PhoneNumberField(_("telephone"), blank=True)
    address = models.CharField(_("street address"), max_length=200, blank=True)
    transport = models.TextField(_("getting there"), blank=True, help_text=MARKDOWN)
    lodging = models.TextField(_("places to stay"), blank=True, help_text=MARKDOWN)
    position = models.PositiveSmallIntegerField(_("position"), default=0)

    objects = OrderedQuerySet.as_manager()

    class Meta:
        verbose_name = _("location")
        verbose_name_plural = _("locations")
        constraints = [
            models.CheckConstraint(
                name="location_has_a_time_zone", condition=~Q(time_zone="")
            )
        ]

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        """Return where it is read: all locations share one page."""
        return f"{reverse('services:locations')}#location-{self.slug}"


class PrecautionQuerySet(OrderedQuerySet["Precaution"]):
    """Reads of the safety questions."""

    def asked(self) -> Self:
        """Those that a referral must answer, in order."""
        return self.filter(active=True).in_order()


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
