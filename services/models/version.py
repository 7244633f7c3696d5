"""
Versions: every text of an article that was ever published, and the one in work.

What a reader sees is the active version in their language, or else the English one.
"""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING, Any, Self

import pgtrigger
from django.conf import settings
from django.contrib.postgres.indexes import GinIndex
from django.contrib.postgres.search import SearchVector, SearchVectorField
from django.db import models
from django.db.models import Case, Exists, F, Func, OuterRef, Q, TextField, When
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from massage_portal.states import only_legal_steps
from services.codes import TRANSITIONS, ArticleKind, VersionStatus
from services.markdown import to_html
from services.models.article import PRIVACY, Article

if TYPE_CHECKING:
    from massage_portal.accounts.models import User

ENGLISH = "en"  # the language that every text has, and that the others are made from
# PostgreSQL's name of each language's rules for the forms of words.
CONFIGS = {"en": "english", "es": "spanish"}
OTHERWISE = "simple"
MARKDOWN = _("In Markdown: ## for headings, - for lists, **bold**.")
IN_WORK = [VersionStatus.DRAFT, VersionStatus.IN_REVIEW, VersionStatus.APPROVED]
SOON = timedelta(days=30)  # how long ahead a medical review is announced
TEXTS = ["title", "summary", "body", "other_words"]
KEPT = [*TEXTS, "article_id", "language", "number"]
_WRITTEN_IN = "OLD.status <> 'draft' AND ({changes})".format(
    changes=" OR ".join(f"OLD.{name} IS DISTINCT FROM NEW.{name}" for name in KEPT)
)


class Unaccented(Func):
    """The text without accents, by a function of ours that PostgreSQL may index."""

    function = "unaccented"
    output_field = TextField()


def vector(config: str, weights: dict[str, str]) -> Any:
    """Return the words of fields by the rules `config`; A weighs most, D least."""
    first, *others = [
        SearchVector(Unaccented(name), weight=weight, config=config)
        for name, weight in weights.items()
    ]
    return sum(others, start=first)


def _vectors() -> Case:
    """Return the words of a text, by the rules of its language; titles weigh most."""
    weights = {"title": "A", "other_words": "A", "summary": "B", "body": "C"}
    known = [
        When(language=code, then=vector(config, weights))
        for code, config in CONFIGS.items()
    ]
    other = vector(OTHERWISE, weights)
    return Case(*known, default=other, output_field=SearchVectorField())


def language_name(code: str) -> str:
    """Return the name of a language as the reader calls it."""
    return str(dict(settings.LANGUAGES).get(code, code))


def _user(role: Any) -> Any:
    """Return a field for who did it; nobody where the portal's own files did."""
    return models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=role,
    )


class VersionQuerySet(models.QuerySet["Version"]):
    """Reads of versions."""

    def count(self) -> int:
        """Return how many; of none, without making a statement to find that out."""
        return 0 if self.query.is_empty() else super().count()

    def active(self) -> Self:
        """Those that readers see; of techniques, only of those on offer."""
        return self.filter(status=VersionStatus.ACTIVE).exclude(
            article__technique__active=False
        )

    def read_in(self, language: str) -> Self:
        """
        The text that a reader of `language` is shown of each article, in order.

        It is in English where there is none in that language.
        """
        own = self.model._default_manager.filter(
            article=OuterRef("article"),
            language=language,
            status=VersionStatus.ACTIVE,
        )
        return (
            self.active()
            .filter(Q(language=language) | Q(~Exists(own), language=ENGLISH))
            .select_related("article")
            .order_by("article__position", "article_id")
        )

    def of_kind(self, kind: str) -> Self:
        """Those of articles of one kind, with what is said only of that kind."""
        rows = self.filter(article__kind=kind)
        return rows if kind == ArticleKind.PAGE else rows.select_related(_child(kind))

    def guide(self, language: str) -> Self:
        """The pages about massage therapy, without their bodies, in order."""
        pages = self.of_kind(ArticleKind.PAGE).read_in(language)
        return pages.exclude(article__slug=PRIVACY).defer("body", "search")

    def in_work(self) -> Self:
        """Those that are written, read, or wait for their time."""
        return self.filter(status__in=IN_WORK)

    def to_approve(self, user: User) -> Self:
        """
        Those that wait for this person: whoever wrote a text may not approve it.

        None for who approves no texts; that asks the database nothing.
        """
        if not user.has_perm("services.approve_version"):
            return self.none()
        waits = self.filter(status=VersionStatus.IN_REVIEW)
        return waits.exclude(Q(created_by=user) | Q(changed_by=user))

    def with_people(self) -> Self:
        """With the article, and who wrote, changed and approved it."""
        people = ("created_by", "changed_by", "approved_by")
        return self.select_related("article", *people)

    def active_of(self, article: Article, language: str) -> Self:
        """What readers see of one text: none or one row."""
        same = self.filter(article=article, language=language)
        return same.filter(status=VersionStatus.ACTIVE)

    def beside(self, version: Version, language: str) -> Self:
        """The other texts of its kind that `language` reads, without their bodies."""
        others = self.of_kind(version.article.kind).exclude(article=version.article)
        return others.read_in(language).defer("body", "search")

    def of_text(self, article: Article, language: str) -> Self:
        """Every version of an article in one language, the newest first."""
        return self.filter(article=article, language=language).order_by("-number")

    def newest(self) -> Self:
        """Of each text its newest version, by title."""
        numbers = self.model._default_manager.filter(
            article=OuterRef("article"),
            language=OuterRef("language"),
            number__gt=OuterRef("number"),
        )
        rows = self.filter(~Exists(numbers)).select_related("article")
        return rows.defer("body", "search").order_by("title", "language", "pk")

    def owed_in(self, language: str) -> Self:
        """
        Active English texts that `language` has no text of, or one of an older English.

        `translated` says which. Those with a translation in work are left out.
        """
        there = self.model._default_manager.filter(
            article=OuterRef("article"), language=language
        )
        active = there.filter(status=VersionStatus.ACTIVE)
        return (
            self.active()
            .filter(~Exists(there.filter(status__in=IN_WORK)), language=ENGLISH)
            .annotate(translated=Exists(active))
            .exclude(Exists(active.filter(source=OuterRef("pk"))))
            .select_related("article")
            .order_by("translated", "article__kind", "title", "pk")
        )

    def due(self, now: Any) -> Self:
        """Approved ones whose time to be published has come, the earliest first."""
        rows = self.filter(status=VersionStatus.APPROVED, publish_at__lte=now)
        return rows.order_by("publish_at", "pk")

    def overdue(self, today: date) -> Self:
        """
        Active ones that a clinician must read again, the longest overdue first.

        That is: the next review is past, or nobody has ever reviewed it.
        """
        return self._to_review(Q(next_review__lte=today) | Q(reviewed_on=None))

    def due_soon(self, today: date) -> Self:
        """Active ones whose next review is due within `SOON`, the first due first."""
        return self._to_review(Q(next_review__gt=today, next_review__lte=today + SOON))

    def _to_review(self, condition: Q) -> Self:
        rows = self.active().filter(condition).select_related("article")
        return rows.order_by(F("next_review").asc(nulls_first=True), "pk")


def _child(kind: str) -> str:
    return f"article__{kind}"


class Version(models.Model):
    """One text of an article in one language (states: FHIR PublicationStatus)."""

    article = models.ForeignKey(
        Article, models.PROTECT, related_name="versions", verbose_name=_("article")
    )
    language = models.CharField(_("language"), max_length=12, default=ENGLISH)
    number = models.PositiveIntegerField(_("version"), default=1)
    status = models.CharField(
        _("state"),
        max_length=12,
        choices=VersionStatus,
        default=VersionStatus.DRAFT,
    )

    title = models.CharField(_("title"), max_length=120)
    summary = models.CharField(_("summary"), max_length=300)
    body = models.TextField(_("text"), help_text=MARKDOWN)
    other_words = models.CharField(
        _("other words for it"),
        max_length=300,
        blank=True,
        help_text=_("Searched, not shown. Commas between them."),
    )
    note = models.CharField(_("what changed, and why"), max_length=300, blank=True)
    reason = models.CharField(
        _("why it was sent or taken back"), max_length=300, blank=True
    )
    # The English version that a translation was made from.
    source = models.ForeignKey("self", models.PROTECT, null=True, blank=True)

    created_by = _user("written by")
    created_at = models.DateTimeField(_("begun"), null=True, blank=True)
    changed_by = _user("last changed by")
    changed_at = models.DateTimeField(_("last changed"), null=True, blank=True)
    approved_by = _user("approved by")
    approved_at = models.DateTimeField(_("approved"), null=True, blank=True)
    publish_at = models.DateTimeField(_("publish at"), null=True, blank=True)
    active_from = models.DateTimeField(_("published"), null=True, blank=True)
    retired_at = models.DateTimeField(_("taken back"), null=True, blank=True)

    reviewed_by = models.CharField(
        _("medically reviewed by"), max_length=120, blank=True
    )
    reviewed_on = models.DateField(_("reviewed on"), null=True, blank=True)
    next_review = models.DateField(_("next review due"), null=True, blank=True)

    search = models.GeneratedField(
        expression=_vectors(), output_field=SearchVectorField(), db_persist=True
    )

    translated: bool  # what `owed_in` reads

    objects = VersionQuerySet.as_manager()

    class Meta:
        verbose_name = _("version")
        verbose_name_plural = _("versions")
        permissions = [("approve_version", "Can let a version be published")]
        indexes = [  # written at once: searches far outnumber new versions
            GinIndex(fields=["search"], name="version_words", fastupdate=False)
        ]
        constraints = [
            models.UniqueConstraint(
                name="version_number_is_unique",
                fields=["article", "language", "number"],
            ),
            models.UniqueConstraint(
                name="version_one_is_read",
                fields=["article", "language"],
                condition=Q(status=VersionStatus.ACTIVE),
            ),
            models.UniqueConstraint(  # so nobody's work is overtaken unseen
                name="version_one_is_in_work",
                fields=["article", "language"],
                condition=Q(status__in=IN_WORK),
            ),
            models.CheckConstraint(
                name="version_status_is_known",
                condition=Q(status__in=VersionStatus.values),
            ),
            models.CheckConstraint(
                name="version_is_approved_by_another",
                condition=Q(approved_by=None)
                | (~Q(approved_by=F("created_by")) & ~Q(approved_by=F("changed_by"))),
            ),
            models.CheckConstraint(
                name="version_approved_has_its_time",
                condition=~Q(status=VersionStatus.APPROVED)
                | Q(approved_at__isnull=False, publish_at__isnull=False),
            ),
            models.CheckConstraint(
                name="version_read_has_its_time",
                condition=~Q(status=VersionStatus.ACTIVE)
                | Q(active_from__isnull=False, retired_at=None),
            ),
            models.CheckConstraint(  # a review is one act: who and when, or neither
                name="version_review_is_whole",
                condition=Q(reviewed_by="", reviewed_on=None)
                | (~Q(reviewed_by="") & Q(reviewed_on__isnull=False)),
                violation_error_message=_("Say both who reviewed it and when."),
            ),
            models.CheckConstraint(
                name="version_next_review_is_later",
                condition=Q(next_review=None)
                | Q(reviewed_on__isnull=False, next_review__gt=F("reviewed_on")),
                violation_error_message=_(
                    "The next review must come after the day it was reviewed on."
                ),
            ),
        ]
        triggers = [
            only_legal_steps("legal_version_changes", TRANSITIONS),
            pgtrigger.Protect(name="version_is_kept", operation=pgtrigger.Delete),
            pgtrigger.Protect(  # only a draft is written in
                name="version_text_is_kept",
                operation=pgtrigger.Update,
                condition=pgtrigger.Condition(_WRITTEN_IN),
            ),
        ]

    def __str__(self) -> str:
        return self.title

    def get_absolute_url(self) -> str:
        """Return where the article is read."""
        return self.article.get_absolute_url()

    @property
    def language_name(self) -> str:
        """Return the name of its language, in the reader's."""
        return language_name(self.language)

    @property
    def is_in_work(self) -> bool:
        """Say whether it is written, read, or waits for its time."""
        return self.status in IN_WORK

    @property
    def html(self) -> SafeString:
        """Return the text as HTML that is safe to show."""
        return to_html(self.body)
