"""
What machines read: the sitemap, robots.txt, and the feed of changes.

Every address begins with PORTAL_ORIGIN, whatever host was asked.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from datetime import datetime
from operator import attrgetter
from typing import Any, NamedTuple

from django.conf import settings
from django.contrib.syndication.views import Feed
from django.db.models import Max
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.feedgenerator import Atom1Feed
from django.utils.html import escape
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_safe

from massage_portal.access import public, unlisted
from massage_portal.navigation import everywhere, whole
from services.models import (
    OWN_ADDRESS,
    SAFETY,
    Condition,
    Dated,
    Location,
    Page,
    Precaution,
    Publication,
    Technique,
)

# What no machine may ask for: all of it is behind sign-in, or opened by a link.
PRIVATE = [
    *("/my/", "/queue/", "/referrals/", "/patients/", "/offers/"),
    *("/offer/", "/day/", "/visits/", "/audit/", "/accounts/", "/admin/", "/start/"),
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
    Yield every public page that search engines may list, in six queries.

    A page that lists rows changed when the last of them did, also one that was taken
    out of use.
    """
    pages = list(Page.objects.in_order())
    conditions = list(Condition.objects.in_order())
    guide = _latest(row.updated_at for row in pages)
    listed = _latest(row.updated_at for row in conditions)
    yield Entry("services:home", {}, _latest([guide, listed]))
    yield Entry("services:conditions", {}, listed)
    asked = _last_of(Precaution)
    yield Entry("services:check", {}, _latest([listed, asked]))
    yield Entry("services:insurance", {}, None)  # a search: it lists no row by itself
    yield Entry("services:techniques", {}, _last_of(Technique))
    yield Entry("services:locations", {}, _last_of(Location))
    yield Entry("services:research", {}, _last_of(Publication))
    for page in pages:
        changed = page.updated_at
        if page.slug == SAFETY:  # the safety questions are drawn there
            changed = _latest([changed, asked])
        own = OWN_ADDRESS.get(page.slug)
        kwargs = {} if own else {"slug": page.slug}
        yield Entry(own or "services:page", kwargs, changed)
    for row in conditions:
        yield Entry("services:condition", {"slug": row.slug}, row.updated_at)


def _latest(times: Iterable[datetime | None]) -> datetime | None:
    return max((time for time in times if time), default=None)


def _last_of(model: type[Dated]) -> datetime | None:
    last: datetime | None = model._default_manager.aggregate(last=Max("updated_at"))[
        "last"
    ]
    return last


@public
@require_safe
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

    def items(self) -> list[Dated]:
        """Return the newest rows that tell when they changed, in five queries."""
        rows: list[Dated] = []
        for reads in (
            Page.objects.all(),
            Condition.objects.all(),
            Technique.objects.offered(),
            Location.objects.all(),
            Publication.objects.all(),
        ):
            dated = reads.exclude(updated_at=None)
            rows += dated.order_by("-updated_at", "pk")[:NEWEST]
        return sorted(rows, key=attrgetter("updated_at"), reverse=True)[:NEWEST]

    def item_title(self, item: Dated) -> str:
        """Return its title, without what XML cannot hold."""
        return _writable(str(item))

    def item_description(self, item: Dated) -> str:
        """Return its summary, of a place where it is; as HTML, as readers take it."""
        if isinstance(item, Location):
            return escape(_writable(f"{item.city}, {item.state}"))
        return escape(_writable(getattr(item, "summary", "")))

    def item_link(self, item: Any) -> str:
        """Return where it is read; studies share one page."""
        if isinstance(item, Publication):
            return whole(reverse("services:research"))
        return whole(item.get_absolute_url())

    def item_guid(self, item: Any) -> str:
        """Return what names it for ever: its address, of a study one of its own."""
        own = f"#publication-{item.pk}" if isinstance(item, Publication) else ""
        return self.item_link(item) + own

    def item_updateddate(self, item: Dated) -> datetime | None:
        """Return when it last changed."""
        return item.updated_at


@public
@unlisted
@require_safe
def changes(request: HttpRequest) -> HttpResponse:
    """Tell those who follow the portal what changed last."""
    return Changes()(request)
