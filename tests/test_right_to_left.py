"""A third language, read from right to left, needs no change of a template."""

from __future__ import annotations

import re
from zoneinfo import available_timezones

import pytest
from django.apps import apps
from django.conf import settings
from django.db.models import CharField, TextField, UUIDField
from django.test import Client
from django.urls import reverse
from django.utils import translation

from massage_portal.outbox import kinds
from referrals.models import Patient
from referrals.referrals_csv import COLUMNS
from services.machines import entries
from services.models import Article, Version
from tests.conftest import OURS
from tests.factories import NOW, make_insurer
from tests.heads import links
from tests.pseudo import CODE, latin_in, mirrored, spoken
from tests.roles_table import GET, PEOPLE
from tests.roles_world import arguments, make_world

pytestmark = pytest.mark.django_db

PREVIEW = "services:preview"  # it is drawn in the language of its text
PLACES = {"Rochester", "Jacksonville", "Phoenix", "Scottsdale", "and"}
PLACES |= {"Minnesota", "Florida", "Arizona"}
ZONE = {"CDT"}  # as clocks in the clinic say it
KINDS = {"PDF"}  # of letters: called so everywhere
OPEN = [  # what is open to everyone, and no machine lists
    *["search/?q=fibromyalgia", "search/?q=fibromyalgya", "search/?q=xylophone"],
    *["insurance/?q=mutual", "insurance/?q=xylophone", "accounts/login/"],
    *["accounts/password/reset/", "accounts/password/reset/done/", "nowhere/"],
    *["accounts/signup/", "accounts/inactive/", "accounts/invitation/broken/"],
    *["accounts/password/reset/key/done/", "offer/broken/"],
]
TELL = {"not-now": "*none", "clearance": "*none", "tell-therapist": "skin"}
ENDS = {  # of the guided check: what is sent, and what the page then says
    "What do you hope massage will help with?": {},
    "Do you have any of these right now?": {"step": "hope", "hope": "fibromyalgia"},
    "Not now: call 911": {"hope": "cancer", "not-now": "*emergency"},
    "Not now: call your provider today": {"hope": "cancer", "not-now": "dvt-now"},
    "Ask your provider first": {"hope": "cancer", **TELL, "clearance": "bleeding"},
    "Tell your therapist": {"hope": "cancer", **TELL},
}


@pytest.fixture
def language(tmp_path, monkeypatch):
    monkeypatch.setattr("django.utils.timezone.now", lambda: NOW)
    with spoken(tmp_path):
        yield


@pytest.fixture
def world(language):
    return make_world()


def rows_say():
    """Return what the rows of our tables say, but not the codes of their choices."""
    found = set()
    for label in OURS:
        for model in apps.get_app_config(label).get_models():
            names = [
                field.name
                for field in model._meta.concrete_fields
                if isinstance(field, CharField | TextField | UUIDField)
                and not field.choices
            ]
            for row in model._default_manager.values_list(*names):
                found |= {str(value) for value in row if value}
    people = Patient.objects.values_list("given_name", "family_name")
    initials = {f"{given[0]}. {family[0]}." for given, family in people}
    return {" ".join(value.split()) for value in found if len(value) > 2} | initials


def addresses():
    """Return where the articles are read, as an editor is shown it."""
    with translation.override(CODE):
        return {article.get_absolute_url() for article in Article.objects.all()}


def heads_say():
    """Return what records say in the head of a page, where nothing can be marked."""
    texts = Version.objects.values_list("title", "summary")
    return {text for row in texts for text in row}


def assert_mirrored(answer, *, body, head=frozenset(), status=200):
    html = answer.content.decode()
    assert answer.status_code == status
    assert f'<html lang="{CODE}" dir="rtl">' in html
    assert answer["Content-Language"] == CODE
    above, below = html.split("</head>")
    assert latin_in(above, data=body | head) == []
    assert latin_in(below, data=body) == []
    return html


def test_every_page_for_machines_is_in_the_third_language_too(client, world):
    seen = set()
    for entry in entries():
        with translation.override(CODE):
            address = reverse(entry.view, kwargs=entry.kwargs)
        answer = client.get(address)
        assert_mirrored(answer, body=PLACES, head=heads_say())
        assert set(links(answer, "alternate")) == {"en", "es", CODE, "x-default"}
        assert links(answer, "canonical") == {"": f"http://testserver{address}"}
        seen.add(address)
    assert len(seen) > 20
    named = client.get("/sitemap.xml").content.decode()
    assert all(f"<loc>http://testserver{address}</loc>" in named for address in seen)


@pytest.mark.parametrize("path", OPEN)
def test_no_open_page_has_a_word_that_no_translator_can_reach(client, world, path):
    make_insurer(name="1")
    status = 404 if path.split("/")[-2] in ("nowhere", "broken") else 200
    known = {"fibromyalgia", "fibromyalgya", "xylophone", "mutual", "Fictional Mutual"}

    assert_mirrored(client.get(f"/{CODE}/{path}"), body=known, status=status)


@pytest.mark.parametrize("says", ENDS)
def test_each_step_and_end_of_the_guided_check_is_in_the_third_language(
    client, world, says
):
    answer = client.post(f"/{CODE}/is-massage-right-for-me/", ENDS[says])

    status = 200 if ENDS[says] else 422
    assert mirrored(says) in assert_mirrored(answer, body=set(), status=status)


def test_nor_has_any_page_that_one_signs_in_for(world, monkeypatch):
    ours = {one.name: one for one in kinds.kinds() if one.name.split(".")[0] != "tests"}
    monkeypatch.setattr(kinds, "_kinds", ours)
    seen = set()
    data = rows_say() | PLACES | ZONE | KINDS | set(COLUMNS) | addresses()
    zones = {one.replace("_", " ") for one in available_timezones()}
    data |= {"English", "Español"}  # each in its own language
    for who in PEOPLE:
        client = Client(raise_request_exception=False)
        if world.people[who]:
            client.force_login(world.people[who])
        for name, cells in GET.items():
            unlike = ("account_logout", PREVIEW, "referrals:letter")
            if cells.split()[PEOPLE.index(who)] != "200" or name in unlike:
                continue
            with translation.override(CODE):
                address = reverse(name, kwargs=arguments(world).get(name, {}))
            answer = client.get(address)
            whole = b"<!doctype html>" in answer.content  # not a part, for HTMX
            if whole and address.startswith(f"/{CODE}/"):
                more = rows_say() if name == "audit:trail" else set()
                if b'name="time_zone"' in answer.content:
                    more = zones
                assert_mirrored(answer, body=data | more)
                seen.add(name)
    assert len(seen) > 35


def test_a_form_sent_empty_is_refused_in_the_third_language(client, language):
    answer = client.post(f"/{CODE}/accounts/login/", {"login": "a", "password": ""})

    html = assert_mirrored(answer, body=set(), status=422)
    assert mirrored("There is a problem") in html


def test_english_in_such_a_page_keeps_its_own_direction(client, world):
    html = client.get(f"/{CODE}/conditions/fibromyalgia/").content.decode()

    marked = re.findall(r'<[^>]* lang="en"[^>]*>', html)
    assert len(marked) >= 2
    assert all(
        tag.endswith(' lang="en" dir="ltr">') for tag in marked if "<a" not in tag
    )
    address = client.get(f"/{CODE}/locations/").content.decode()
    assert "<bdi>Rochester, Minnesota</bdi>" in address


def test_the_third_language_is_gone_when_the_test_is_over(tmp_path, client):
    page = "accounts/login/"
    with spoken(tmp_path):
        assert_mirrored(client.get(f"/{CODE}/{page}"), body=set())
    assert client.get(f"/{CODE}/{page}").status_code == 404
    assert [code for code, _name in settings.LANGUAGES] == ["en", "es"]
    assert "Iniciar sesión" in client.get(f"/es/{page}").content.decode()
    assert "Sign in" in client.get(f"/{page}").content.decode()


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("Call %(name)s", ["%(name)s"]),
        ('<a href="/x">two</a> &amp; %s', ['<a href="/x">', "</a>", "&amp;", "%s"]),
        ("{number} of %d", ["{number}", "%d"]),
        ("l, F j, Y", ["l, F j, Y"]),
    ],
)
def test_only_the_words_are_in_other_letters(text, kept):
    made = mirrored(text)

    for part in kept:
        assert part in made
        made = made.replace(part, "")
    assert not re.search("[A-Za-z]", made)


@pytest.mark.parametrize(
    ("html", "found"),
    [
        ("<p>Hello <bdi>1</bdi></p>", ["Hello"]),
        ('<p lang="en">Hello <b>you</b></p><p>\u0627</p>', []),
        ('<p lang="en">Hello<br></p><p>Left</p>', ["Left"]),
        ('<input placeholder="Name" value="typed">', ["Name"]),
        ('<button aria-label="Close">\u0627</button>', ["Close"]),
        ('<svg><title>Waves</title><path d="M1"/></svg>', ["Waves"]),
        (
            '<meta name="description" content="Said"><meta name="a" content="b">',
            ["Said"],
        ),
        ("<script>code</script><p>Rochester, Minnesota</p>", []),
        ("<p>Rochesterian</p>", ["Rochesterian"]),
    ],
)
def test_words_are_found_wherever_a_page_may_say_them(html, found):
    assert latin_in(html, data=PLACES) == found
