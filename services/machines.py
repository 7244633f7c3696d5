"""
What machines read: the sitemap, robots.txt, and the feed of changes.

Every address begins with PORTAL_ORIGIN, whatever host was asked.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Any, NamedTuple, cast

from django.conf import settings
from django.contrib.syndication.views import Feed
from django.db.models import Max
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.feedgenerator import Atom1Feed
from django.utils.html import escape
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_safe

from massage_portal.access import public, unlisted
from massage_portal.navigation import everywhere, whole
from services.cache import kept
from services.codes import ArticleKind
from services.models import (
    ENGLISH,
    OWN_ADDRESS,
    SAFETY,
    Dated,
    Precaution,
    Publication,
    Version,
)

# What no machine may ask for: all of it is behind sign-in, or opened by a link.
PRIVATE = [
    *("/my/", "/queue/", "/referrals/", "/patients/", "/offers/"),
    *("/offer/", "/renewal/", "/calendar/", "/day/", "/visits/", "/merges/"),
    *("/providers/", "/sent/", "/audit/", "/accounts/", "/admin/", "/start/"),
    *("/fhir/", "/editing/", "/figures/", "/questions/", "/telephone/", "/capacity/"),
    *("/messages/", "/metrics", "/confirm/", "/cancel/", "/canceled"),
]
NEWEST = 20
# XML 1.0 has no way to write these, section 2.2.
UNWRITABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")


class Entry(NamedTuple):
    """A public page: its view, what goes into its address, when it last changed."""

    view: str
    kwargs: dict[str, str]
    changed: datetime | None


def entries() -> Iterator[Entry]:
    """
    Yield every public page that search engines may list, in three queries.

    A page changed when its English text did; one that lists rows, when the last did.
    """
    texts = list(Version.objects.read_in(ENGLISH).defer("body", "search"))
    by_kind = {
        kind: [text for text in texts if text.article.kind == kind]
        for kind in ArticleKind
    }
    pages, conditions, techniques, locations = map(_last_change, by_kind.values())
    asked, studied = _last_of(Precaution), _last_of(Publication)
    yield Entry("services:home", {}, _latest([pages, conditions]))
    yield Entry("services:conditions", {}, conditions)
    yield Entry("services:check", {}, _latest([conditions, asked]))
    yield Entry("services:insurance", {}, None)  # a search: it lists no row by itself
    yield Entry("services:techniques", {}, techniques)
    yield Entry("services:locations", {}, locations)
    yield Entry("services:research", {}, studied)
    for text in by_kind[ArticleKind.PAGE]:
        changed = _changed(text)
        slug = text.article.slug
        if slug == SAFETY:  # the safety questions are drawn there
            changed = _latest([changed, asked])
        own = OWN_ADDRESS.get(slug)
        yield Entry(own or "services:page", {} if own else {"slug": slug}, changed)
    for text in by_kind[ArticleKind.CONDITION]:
        slug = text.article.slug
        yield Entry("services:condition", {"slug": slug}, _changed(text))


def _changed(text: Version) -> datetime | None:
    """Return when a page changed: its text, or what its article holds."""
    return _latest([text.active_from, text.article.updated_at])


def _last_change(texts: Iterable[Version]) -> datetime | None:
    return _latest(map(_changed, texts))


def _latest(times: Iterable[datetime | None]) -> datetime | None:
    return max((time for time in times if time), default=None)


def _last_of(model: type[Dated]) -> datetime | None:
    last: datetime | None = model._default_manager.aggregate(last=Max("updated_at"))[
        "last"
    ]
    return last


@public
@require_safe
@kept
def sitemap(request: HttpRequest) -> HttpResponse:
    """Name every public page in every language, with its twins and its last change."""
    context = {
        "entries": [
            {
                "addresses": everywhere(entry.view, **entry.kwargs),
                "changed": entry.changed.isoformat() if entry.changed else "",
            }
            for entry in entries()
        ]
    }
    return render(
        request, "services/sitemap.xml", context, content_type="application/xml"
    )


@public
@require_safe
def robots(request: HttpRequest) -> HttpResponse:
    """Keep machines away from what is private, and show them the sitemap."""
    lines = ["User-agent: *"]
    for code, _name in settings.LANGUAGES:
        prefix = "" if code == settings.LANGUAGE_CODE else f"/{code}"
        lines += [f"Disallow: {prefix}{path}" for path in PRIVATE]
    lines += ["", f"Sitemap: {whole(reverse('sitemap'))}", ""]
    return HttpResponse("\n".join(lines), content_type="text/plain; charset=utf-8")


def _writable(text: str) -> str:
    return UNWRITABLE.sub("", text)


class Changes(Feed):
    """The pages and rows that changed last, newest first, as an Atom feed."""

    feed_type = Atom1Feed
    title = _("Massage Therapy Portal: what changed")
    subtitle = _("Pages, conditions, techniques, locations and studies, newest first.")
    author_name = _("Massage Therapy Portal")

    def link(self) -> str:
        """Return the home page."""
        return whole(reverse("services:home"))

    def feed_url(self) -> str:
        """Return the feed's own address."""
        return whole(reverse("services:changes"))

    def items(self) -> list[Version | Publication]:
        """Return the newest texts and studies that tell when, in two queries."""
        texts = Version.objects.read_in(get_language()).defer("body", "search")
        studies = Publication.objects.exclude(updated_at=None)
        rows: list[Version | Publication] = [
            *texts.order_by("-active_from", "pk")[:NEWEST],
            *studies.order_by("-updated_at", "pk")[:NEWEST],
        ]
        return sorted(rows, key=self.item_updateddate, reverse=True)[:NEWEST]

    def item_title(self, item: Version | Publication) -> str:
        """Return its title, without what XML cannot hold."""
        return _writable(str(item))

    def item_description(self, item: Version | Publication) -> str:
        """Return its summary; as HTML, as readers take it."""
        return escape(_writable(item.summary))

    def item_link(self, item: Any) -> str:
        """Return where it is read; studies share one page."""
        if isinstance(item, Publication):
            return whole(reverse("services:research"))
        return whole(item.get_absolute_url())

    def item_guid(self, item: Any) -> str:
        """Return what names it for ever: its address, of a study one of its own."""
        own = f"#publication-{item.pk}" if isinstance(item, Publication) else ""
        return self.item_link(item) + own

    def item_updateddate(self, item: Version | Publication) -> datetime:
        """Return when it last changed."""
        when = item.active_from if isinstance(item, Version) else item.updated_at
        return cast(datetime, when)  # what is read has its time; so has a study here


@public
@unlisted
@require_safe
@kept
def changes(request: HttpRequest) -> HttpResponse:
    """Tell those who follow the portal what changed last."""
    return Changes()(request)
