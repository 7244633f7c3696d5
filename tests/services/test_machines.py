"""What machines read of the public pages, and that nothing private is among it."""

from __future__ import annotations

from datetime import timedelta
from urllib.robotparser import RobotFileParser
from xml.etree import ElementTree

import pgtrigger
import pytest
from django.test import Client
from django.urls import URLResolver, get_resolver, reverse
from django.utils import translation

from massage_portal.accounts.roles import Role
from massage_portal.audit.models import AuditEvent
from services.codes import VersionStatus
from services.models import (
    Article,
    Precaution,
    PrecautionVersion,
    Publication,
    Technique,
    Version,
)
from tests.factories import DAY, NOW, make_user
from tests.heads import head, links
from tests.roles_world import arguments, make_world
from tests.texts import reword

pytestmark = pytest.mark.django_db

ORIGIN = "https://portal.example.org"
DATED = [Article, Precaution, Publication]
SITEMAP = {
    "s": "http://www.sitemaps.org/schemas/sitemap/0.9",
    "x": "http://www.w3.org/1999/xhtml",
}
ATOM = {"a": "http://www.w3.org/2005/Atom"}
LATER = NOW + 3 * DAY


@pytest.fixture(autouse=True)
def content(guide, settings):
    """What a new clinic publishes, at an address that is not the one asked."""
    settings.PORTAL_ORIGIN = ORIGIN


def listed(client):
    """Return the sitemap as {address: (last change, {language: address})}."""
    root = ElementTree.fromstring(client.get("/sitemap.xml").content)  # noqa: S314
    return {
        url.findtext("s:loc", namespaces=SITEMAP): (
            url.findtext("s:lastmod", namespaces=SITEMAP),
            {
                twin.get("hreflang"): twin.get("href")
                for twin in url.findall("x:link", SITEMAP)
            },
        )
        for url in root
    }


def views(resolver, space=""):
    """Yield the name and the view of every address."""
    for pattern in resolver.url_patterns:
        if isinstance(pattern, URLResolver):
            inner = f"{space}{pattern.namespace}:" if pattern.namespace else space
            yield from views(pattern, inner)
        else:
            yield f"{space}{pattern.name}", pattern.callback


def is_open(view):
    return view.access == "public" and not getattr(view, "token", False)


def is_listed(view):
    return is_open(view) and not getattr(view, "unlisted", False)


# --- The sitemap ----------------------------------------------------------------------


def test_the_sitemap_names_every_public_page_in_both_languages(client):
    articles = Article.objects.filter(kind__in=["page", "condition"])
    own = {row.get_absolute_url() for row in articles}
    for name, view in views(get_resolver()):
        alone = name not in {"services:page", "services:condition"}
        if alone and name.startswith("services:") and is_listed(view):
            own.add(reverse(name))

    found = listed(client)

    assert len(own) > 15
    assert set(found) == {
        f"{ORIGIN}{prefix}{path}" for path in own for prefix in ("", "/es")
    }


def test_every_address_of_the_sitemap_opens_and_says_it_is_that_address(client):
    for address, (_changed, twins) in listed(client).items():
        answer = client.get(address.removeprefix(ORIGIN))

        assert answer.status_code == 200, address
        assert "X-Robots-Tag" not in answer.headers, address
        assert links(answer, "canonical") == {"": address}
        assert links(answer, "alternate") == twins
        assert set(twins) == {"en", "es", "x-default"}
        assert twins["x-default"] == twins["en"]
        assert address in twins.values()


@pytest.mark.parametrize(
    ("rows", "path"),
    [
        (Article.objects.filter(slug="benefits"), "/about/benefits/"),
        (Article.objects.filter(slug="fibromyalgia"), "/conditions/fibromyalgia/"),
        (Article.objects.filter(slug="fibromyalgia"), "/conditions/"),
        (Article.objects.filter(slug="chair"), "/techniques/"),
        (Article.objects.filter(slug="rochester"), "/locations/"),
        (Article.objects.filter(slug="cancer"), "/"),
        (Publication.objects.all(), "/research/"),
        (Precaution.objects.all(), "/safety/"),
    ],
)
def test_the_last_change_of_a_page_is_that_of_its_rows(client, rows, path):
    assert listed(client)[ORIGIN + path][0] == NOW.isoformat()

    rows.update(updated_at=LATER)

    assert listed(client)[f"{ORIGIN}/es{path}"][0] == LATER.isoformat()


def test_a_text_that_was_published_changes_its_page(client):
    reword("benefits", active_from=LATER)

    assert listed(client)[f"{ORIGIN}/about/benefits/"][0] == LATER.isoformat()


def test_a_page_whose_last_change_nobody_knows_is_given_no_date(client):
    Publication.objects.update(updated_at=None)

    assert listed(client)[f"{ORIGIN}/research/"][0] is None


def test_a_page_that_was_taken_back_is_in_no_list(client):
    texts = Version.objects.filter(article__slug="benefits")
    texts.update(status=VersionStatus.RETIRED, retired_at=LATER)

    assert f"{ORIGIN}/about/benefits/" not in listed(client)


def test_no_address_for_machines_comes_from_the_host_that_was_asked(settings):
    settings.ALLOWED_HOSTS = ["mirror.example.net"]
    client = Client(headers={"host": "mirror.example.net"})

    for path in ("/sitemap.xml", "/robots.txt", "/changes.atom", "/", "/locations/"):
        answer = client.get(path)
        assert answer.status_code == 200
        assert ORIGIN in answer.content.decode()
        assert "mirror.example.net" not in answer.content.decode()


# --- When a row changed ---------------------------------------------------------------


def test_what_the_clinic_begins_with_is_dated_by_the_load():
    assert set(Version.objects.values_list("active_from", flat=True)) == {NOW}
    for model in DATED:
        assert set(model.objects.values_list("updated_at", flat=True)) == {NOW}


def posted(row, **fields):
    """Return the form of the admin page of a technique, with these fields changed."""
    names = ["name", "minutes", "active", "position"]
    return {name: getattr(row, name) for name in names} | fields


def test_a_change_in_the_admin_is_dated_and_a_save_that_changes_nothing_is_not(
    client, monkeypatch
):
    monkeypatch.setattr("django.utils.timezone.now", lambda: LATER)
    client.force_login(make_user(Role.EDITOR))
    row = Technique.objects.get(slug="chair")
    page = reverse("admin:services_technique_change", args=[row.pk])

    assert client.post(page, posted(row)).status_code == 302
    row.refresh_from_db()
    assert row.updated_at == NOW

    assert client.post(page, posted(row, name="Seat massage")).status_code == 302
    row.refresh_from_db()
    assert (row.name, row.updated_at) == ("Seat massage", LATER)
    last = AuditEvent.objects.filter(action="content.changed").latest("pk")
    assert last.at == LATER


# --- robots.txt -----------------------------------------------------------------------


def test_robots_may_read_every_public_page_and_nothing_private(client):
    rules = RobotFileParser()
    rules.parse(client.get("/robots.txt").content.decode().splitlines())
    given = arguments(make_world())
    private = 0
    for name, view in views(get_resolver()):
        if name.startswith(("admin:", "None")):
            continue
        for code in ("en", "es"):
            with translation.override(code):
                path = reverse(name, kwargs=given.get(name, {}))
            allowed = rules.can_fetch("anyone", ORIGIN + path)
            assert allowed == is_open(view), path
            private += not allowed
    for path in ("/admin/", "/admin/services/technique/", "/es/admin/"):
        assert not rules.can_fetch("anyone", ORIGIN + path)
    assert private > 60
    assert rules.site_maps() == [f"{ORIGIN}/sitemap.xml"]


def test_robots_txt_is_plain_text(client):
    assert client.get("/robots.txt")["Content-Type"] == "text/plain; charset=utf-8"


# --- The feed -------------------------------------------------------------------------


def feed(client, path="/changes.atom"):
    answer = client.get(path)
    assert answer["Content-Type"] == "application/atom+xml; charset=utf-8"
    return ElementTree.fromstring(answer.content)  # noqa: S314


def entries(root):
    return root.findall("a:entry", ATOM)


def test_the_feed_holds_the_twenty_newest_newest_first(client):
    texts = Version.objects.filter(language="en", article__kind="condition")
    for number, row in enumerate(texts.order_by("pk"), start=1):
        reword(row.article.slug, active_from=NOW + timedelta(hours=number))
    newest = Version.objects.latest("active_from")

    found = entries(feed(client))

    times = [one.findtext("a:updated", namespaces=ATOM) for one in found]
    names = [one.findtext("a:id", namespaces=ATOM) for one in found]
    assert len(found) == 20
    assert times == sorted(times, reverse=True)
    assert found[0].findtext("a:title", namespaces=ATOM) == newest.title
    assert len(set(names)) == 20


def test_the_feed_tells_of_no_technique_that_is_not_offered(client):
    Technique.objects.filter(slug="chair").update(active=False)
    reword("chair", active_from=LATER)
    reword("benefits", active_from=LATER + DAY)

    links = [one.find("a:link", ATOM).get("href") for one in entries(feed(client))]

    assert links[0] == f"{ORIGIN}/about/benefits/"
    assert not any(link.endswith("#technique-chair") for link in links)


@pytest.mark.parametrize(("path", "prefix"), [("", ""), ("/es", "/es")])
def test_each_language_has_a_feed_of_whole_addresses_that_its_pages_name(
    client, path, prefix
):
    root = feed(client, f"{path}/changes.atom")

    own = {link.get("rel"): link.get("href") for link in root.findall("a:link", ATOM)}
    assert own == {
        "alternate": f"{ORIGIN}{prefix}/",
        "self": f"{ORIGIN}{prefix}/changes.atom",
    }
    for one in entries(root):
        link = one.find("a:link", ATOM).get("href")
        assert link.startswith(f"{ORIGIN}{prefix}/")
    assert f'href="{prefix}/changes.atom"' in head(client.get(f"{path}/"))


def test_a_text_that_xml_cannot_hold_does_not_break_the_feed(client):
    reword(
        title="A \x0b<b>bold</b>\x1f title",
        summary="1 < 2 \x08\"'></script>",
        active_from=LATER,
    )

    first = entries(feed(client))[0]

    assert first.findtext("a:title", namespaces=ATOM) == "A <b>bold</b> title"
    summary = first.find("a:summary", ATOM)
    assert summary.get("type") == "html"
    assert summary.text.startswith("1 &lt; 2 &quot;&#x27;&gt;&lt;/script&gt;")


def test_a_clinic_that_has_published_nothing_has_an_empty_feed_and_a_sitemap(client):
    Version.objects.update(status=VersionStatus.RETIRED, retired_at=LATER)
    with pgtrigger.ignore("services.PrecautionVersion:precaution_version_is_kept"):
        for model in (PrecautionVersion, Precaution, Publication):
            model.objects.all().delete()

    assert entries(feed(client)) == []
    assert f"{ORIGIN}/" in listed(client)
