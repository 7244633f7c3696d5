"""The editor's door: published content. Safety questions are the clinical lead's."""

from __future__ import annotations

from functools import partial
from typing import Any, ClassVar, cast

from django import forms
from django.conf import settings
from django.contrib import admin
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.html import format_html, format_html_join
from django.utils.translation import gettext_lazy as _

from massage_portal.access import SignedInRequest
from massage_portal.windows import Door
from services.actions.precautions import keep_version
from services.actions.words import add_record_words
from services.cache import drop_pages
from services.codes import ArticleKind
from services.models import (
    ENGLISH,
    Article,
    Condition,
    Insurer,
    Location,
    Precaution,
    Publication,
    Synonym,
    Technique,
    Version,
    Wording,
)
from services.objections import objections_to_stopping

TOLD = [  # of a version, in this order
    *("article", "language", "number", "status", "title", "summary", "body"),
    *("other_words", "note", "reason", "created_by", "created_at", "changed_by"),
    *("changed_at", "approved_by", "approved_at", "publish_at", "active_from"),
    *("retired_at", "reviewed_by", "reviewed_on", "next_review"),
]


class Published(Door):
    """Rows that readers see: a change shows at once."""

    def save_model(
        self, request: HttpRequest, obj: Any, form: Any, change: bool
    ) -> None:
        """Save, and let the pages be drawn anew."""
        super().save_model(request, obj, form, change)
        drop_pages()


class InOrder(Published):
    """Content with a place in a list; its key stays, for links and records name it."""

    ordering = ("position", "pk")
    key: ClassVar[str] = "slug"

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:
        """Return the key, once there is one."""
        return [self.key] if obj else []


class OfKind(InOrder):
    """An article; which page it is of says of what kind it is."""

    exclude = ("kind",)
    kind: ClassVar[ArticleKind]

    def save_model(
        self, request: HttpRequest, obj: Any, form: Any, change: bool
    ) -> None:
        """Save it as what it is."""
        obj.kind = self.kind
        super().save_model(request, obj, form, change)


class Searched(Published):
    """Records whose words lead to a page; search is told of a new one."""

    def save_related(self, *args: Any, **kwargs: Any) -> None:
        """Save what belongs to it too, then add its words to those search knows."""
        super().save_related(*args, **kwargs)
        add_record_words()


class InAnotherLanguage(Published):
    """Words of a row in a language other than English, which it has itself."""

    def formfield_for_dbfield(
        self, db_field: Any, request: HttpRequest, **kwargs: Any
    ) -> Any:
        """Offer the languages that pages are read in."""
        if db_field.name != "language":
            return super().formfield_for_dbfield(db_field, request, **kwargs)
        others = [one for one in settings.LANGUAGES if one[0] != ENGLISH]
        return forms.ChoiceField(label=_("Language"), choices=others)


@admin.register(Condition)
class ConditionAdmin(OfKind):
    """What massage may help with."""

    kind = ArticleKind.CONDITION

    list_display = ("slug", "evidence", "position")
    list_filter = ("evidence",)
    search_fields = ("slug",)


@admin.register(Technique)
class TechniqueAdmin(OfKind):
    """The ways of massage."""

    kind = ArticleKind.TECHNIQUE

    list_display = ("name", "slug", "minutes", "active", "position")
    list_filter = ("active",)
    search_fields = ("name", "slug")


def _may_stop(place: Location, gives_massage: bool) -> None:
    """Refuse if somebody objects to the end of massage at the place."""
    if gives_massage:
        return
    now = timezone.now()  # noqa: TID251 - an admin page is a view
    if said := objections_to_stopping(place, now=now):
        raise ValidationError(said)


@admin.register(Location)
class LocationAdmin(Searched, OfKind):
    """The places of the medical center."""

    kind = ArticleKind.LOCATION

    list_display = ("name", "city", "state", "time_zone", "gives_massage", "position")

    def get_form(
        self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any
    ) -> Any:
        """Return the form; a place where visits are to come cannot stop giving them."""
        made: Any = super().get_form(request, obj, change, **kwargs)
        field = made.base_fields.get("gives_massage")  # none for who may only look
        if obj is not None and obj.gives_massage and field is not None:
            field.validators = [partial(_may_stop, obj)]
        return made


@admin.register(Precaution)
class PrecautionAdmin(Searched, InOrder):
    """The clinical lead's safety questions."""

    key = "code"
    list_display = ("question", "meaning", "active", "position")
    list_filter = ("meaning", "active")

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:
        """Return the key and the versions, once there are any."""
        own = super().get_readonly_fields(request, obj)
        return [*own, "kept_versions"] if obj else own

    def save_model(
        self, request: HttpRequest, obj: Any, form: Any, change: bool
    ) -> None:
        """Save the question, and keep the words that it has now and had before."""
        now = timezone.now()  # noqa: TID251 - an admin page is a view
        by = cast(SignedInRequest, request).user
        if change:  # two leads who save at once wait for each other here
            before = Precaution.objects.select_for_update().get(pk=obj.pk)
            keep_version(precaution=before, by=None, now=now)
        super().save_model(request, obj, form, change)
        keep_version(precaution=obj, by=by, now=now)

    @admin.display(description=_("versions"))
    def kept_versions(self, obj: Precaution) -> str:
        """Return every version, the newest first, as a list to read."""
        versions = obj.versions.select_related("made_by").order_by("-number")
        return format_html(
            "<ol reversed>{}</ol>",
            format_html_join(
                "",
                "<li><p>{}</p><p>{} {}</p><p>{}, {}</p></li>",
                (
                    (
                        *(one.question, one.get_meaning_display(), one.advice),
                        date_format(timezone.localtime(one.made_at), "DATE_FORMAT"),
                        one.made_by or _("the portal itself"),
                    )
                    for one in versions
                ),
            ),
        )


@admin.register(Wording)
class WordingAdmin(Searched, InAnotherLanguage):
    """Whom a safety question concerns, as patients read it in another language."""

    list_display = ("plain", "precaution", "language")
    list_select_related = ("precaution",)
    ordering = ("precaution__position", "precaution", "language")


@admin.register(Publication)
class PublicationAdmin(Searched):
    """What our researchers published."""

    list_display = ("title", "year", "pmid")
    ordering = ("-year", "title")
    search_fields = ("title", "authors", "pmid")


@admin.register(Synonym)
class SynonymAdmin(Door):
    """Words that mean the same to search."""

    list_display = ("words",)
    ordering = ("words",)
    search_fields = ("words",)


@admin.register(Insurer)
class InsurerAdmin(Published):
    """Insurers, and what each asks for; many at once by `import_insurers`."""

    list_display = (
        *("name", "in_network", "needs_referral", "needs_authorization"),
        *("known_since", "active"),
    )
    list_filter = ("in_network", "needs_referral", "needs_authorization", "active")
    ordering = ("name", "pk")
    search_fields = ("name", "synonyms")


@admin.register(Article)
class ArticleAdmin(Published):
    """Pages, conditions, techniques and places in order; addresses by Editing."""

    fields = ("kind", "slug", "position", "editing")
    readonly_fields = ("kind", "slug", "editing")
    list_display = ("__str__", "kind", "slug", "position")
    list_filter = ("kind",)
    search_fields = ("slug", "versions__title")
    ordering = ("kind", "position", "pk")

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Let none be added here: Editing begins one together with its text."""
        return False

    @admin.display(description=_("Editing"))
    def editing(self, article: Article) -> str:
        """Lead to the versions of its English text, and to its address."""
        return _link(reverse("services:text", args=[article.pk, "en"]))


class Overdue(admin.SimpleListFilter):
    """Those whose medical review is overdue."""

    title = _("Medical review overdue")
    parameter_name = "overdue"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        """Offer the one choice beside "all"."""
        return [("yes", _("Yes"))]

    def queryset(
        self, request: HttpRequest, queryset: QuerySet[Version]
    ) -> QuerySet[Version]:
        """Return the rows that fit."""
        if self.value() != "yes":
            return queryset
        today = timezone.localdate()
        overdue = Version.objects.overdue(today).values("pk")
        return queryset.filter(pk__in=overdue)


@admin.register(Version)
class VersionAdmin(Door):
    """Every version, to be found and read; only Editing's steps change one."""

    fields = ("editing", *TOLD)
    readonly_fields = ("editing",)
    list_display = ("title", "language", "number", "status", "changed_at")
    list_filter = ("status", "language", "article__kind", Overdue)
    search_fields = ("title", "article__slug")
    ordering = ("-changed_at", "-pk")
    list_select_related = ("article",)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    @admin.display(description=_("Editing"))
    def editing(self, version: Version) -> str:
        """Lead to where the next step is taken."""
        return _link(reverse("services:approve", args=[version.pk]))


def _link(address: str) -> str:
    return format_html('<a href="{}">{}</a>', address, _("Edit, approve, publish"))
