"""What editors and approvers look at; nothing here changes anything."""

from __future__ import annotations

from datetime import date
from typing import Any

from django.conf import settings
from django.core.paginator import Paginator
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import override
from django.views.decorators.http import require_safe

from massage_portal.access import SignedInRequest, requires_any
from services.codes import ArticleKind, VersionStatus
from services.editing import forms
from services.editing.difference import Piece, difference
from services.models import ENGLISH, SHARED, TEXTS, Article, Version
from services.models.version import language_name

CHANGE, APPROVE = "services.change_version", "services.approve_version"
LANGUAGES = [code for code, _words in settings.LANGUAGES]
LISTS = {
    "work": _("In work"),
    "review": _("Medical review"),
    "translations": _("Translations"),
    "all": _("All texts"),
}
ROWS = 50


@requires_any(CHANGE, APPROVE)
@require_safe
def editing(request: SignedInRequest) -> HttpResponse:
    """Show what is in work, what is overdue, and what to translate; find a text."""
    shown = request.GET.get("show", "")
    shown = shown if shown in LISTS else "work"
    today = timezone.localdate()
    context: dict[str, Any] = {"shown": shown, "lists": LISTS.items(), **_counts(today)}
    if shown == "work":
        rows = Version.objects.in_work().with_people().defer("body", "search")
        for status in (VersionStatus.IN_REVIEW, VersionStatus.DRAFT):
            context[status.name.lower()] = rows.filter(status=status).order_by(
                "changed_at", "pk"
            )
        waiting = rows.filter(status=VersionStatus.APPROVED)
        context["approved"] = waiting.order_by("publish_at", "pk")
    elif shown == "review":
        context["page"] = _page(request, Version.objects.overdue(today))
        context["soon"] = Version.objects.due_soon(today)
    elif shown == "translations":
        context["translations"] = [
            (code, language_name(code), Version.objects.owed_in(code))
            for code in LANGUAGES
            if code != ENGLISH
        ]
    else:
        context |= _all(request)
    return render(request, "services/editing/editing.html", context)


def _counts(today: date) -> dict[str, Any]:
    """Return the figures in the head of the list, each with the list that it heads."""
    texts = Version.objects
    return {
        "waits": texts.filter(status=VersionStatus.IN_REVIEW).count(),
        "written": texts.filter(status=VersionStatus.DRAFT).count(),
        "timed": texts.filter(status=VersionStatus.APPROVED).count(),
        "overdue": texts.overdue(today).count(),
        "soon_due": texts.due_soon(today).count(),
        "owed": sum(
            texts.owed_in(code).count() for code in LANGUAGES if code != ENGLISH
        ),
    }


def _page(request: SignedInRequest, rows: Any) -> Any:
    return Paginator(rows, ROWS).get_page(request.GET.get("page"))


def _all(request: SignedInRequest) -> dict[str, Any]:
    """Return the newest version of each text that fits the filter."""
    form = forms.Filter(request.GET)
    found = Version.objects.newest()
    if form.is_valid():
        chosen = form.cleaned_data
        if chosen["q"]:
            found = found.filter(title__icontains=chosen["q"])
        if chosen["kind"]:
            found = found.filter(article__kind=chosen["kind"])
        if chosen["language"]:
            found = found.filter(language=chosen["language"])
    bare = Article.objects.filter(versions=None).in_order()
    return {"filter": form, "page": _page(request, found), "bare": bare}


def found_text(article: int, language: str) -> tuple[Article, str]:
    """Return the article and the language; 404 for what the portal does not speak."""
    if language not in LANGUAGES:
        raise Http404
    return get_object_or_404(Article, pk=article), language


@requires_any(CHANGE, APPROVE)
@require_safe
def text(request: SignedInRequest, article: int, language: str) -> HttpResponse:
    """Show every version of one text, and what may be done with it next."""
    found, language = found_text(article, language)
    versions = list(
        Version.objects.of_text(found, language).with_people().defer("body", "search")
    )
    read = [one for one in versions if one.status == VersionStatus.ACTIVE]
    in_work = [one for one in versions if one.is_in_work]
    context = {
        "article": found,
        "language": language,
        "language_name": language_name(language),
        "others": [(c, language_name(c)) for c in LANGUAGES if c != language],
        "versions": versions,
        "name": versions[0].title if versions else str(found),
        "read": read[0] if read else None,
        "in_work": in_work[0] if in_work else None,
        "movable": found.kind not in SHARED,
        "former": found.former_addresses.order_by("pk"),
    }
    return render(request, "services/editing/text.html", context)


@requires_any(CHANGE, APPROVE)
@require_safe
def compare(request: SignedInRequest, article: int, language: str) -> HttpResponse:
    """Show what changed between any two versions of one text, the older first."""
    found, language = found_text(article, language)
    asked = {request.GET.get(name, "") for name in ("a", "b")}
    numbers = [int(one) for one in asked if one.isdecimal() and len(one) < 6]
    versions = Version.objects.of_text(found, language).filter(number__in=numbers)
    if len(versions) != 2:
        return redirect("services:text", article, language)
    new, old = versions
    context = {
        "article": found,
        "language": language,
        "old": old,
        "new": new,
        "parts": differences(old, new),
    }
    return render(request, "services/editing/compare.html", context)


def differences(old: Version, new: Version) -> list[tuple[Any, list[Piece]]]:
    """Return what changed in each part of a text that changed, by the part's name."""
    return [
        (
            Version._meta.get_field(name).verbose_name,  # type: ignore[union-attr]
            difference(getattr(old, name), getattr(new, name)),
        )
        for name in TEXTS
        if getattr(old, name) != getattr(new, name)
    ]


@requires_any(CHANGE, APPROVE)
@require_safe
def preview(request: SignedInRequest, pk: int) -> HttpResponse:
    """Show a version on the very page that readers would see, in its language."""
    version = get_object_or_404(Version.objects.select_related("article"), pk=pk)
    kind = ArticleKind(version.article.kind)
    context: dict[str, Any] = {
        "text": version,
        "real": f"services/{PAGES[kind]}.html",
        "untranslated": False,
        "now": timezone.now(),
    }
    if kind == ArticleKind.PAGE:
        context["guide"] = Version.objects.guide(version.language)
    elif kind == ArticleKind.CONDITION:
        context["condition"] = version.article.condition
        context["others"] = Version.objects.beside(version, version.language)
    else:
        context[PAGES[kind]] = [version]
    with override(version.language):
        return render(request, "services/editing/preview.html", context)


PAGES = {
    ArticleKind.PAGE: "page",
    ArticleKind.CONDITION: "condition",
    ArticleKind.TECHNIQUE: "techniques",
    ArticleKind.LOCATION: "locations",
}
