"""The pages that everyone may read."""

from __future__ import annotations

import re

import pytest
from django.urls import reverse
from django.utils import translation

from services.codes import VersionStatus
from services.models import Article, Precaution, Version
from tests.factories import NOW, make_technique, make_text
from tests.texts import reword
from tests.typed import ODD, assert_safe

pytestmark = pytest.mark.django_db
PAGES = [
    "home",
    "safety",
    "referral",
    "privacy",
    "conditions",
    "techniques",
    "locations",
    "research",
    "search",
]


@pytest.fixture(autouse=True)
def content(guide):
    """What the clinic publishes, as a new clinic has it."""
    with translation.override("en"):  # a page in Spanish leaves its language behind
        yield


def url(name, *args):
    return reverse(f"services:{name}", args=args)


@pytest.mark.parametrize("name", PAGES)
def test_each_page_has_one_heading_a_title_and_the_way_to_sign_in(client, name):
    answer = client.get(url(name))

    text = answer.content.decode()
    assert answer.status_code == 200
    assert len(re.findall(r"<h1[ >]", text)) == 1
    assert re.search(r"<title>\s*\S", text)
    assert 'lang="en"' in text
    assert "/accounts/login/" in text


@pytest.mark.parametrize("name", PAGES)
def test_each_page_has_its_twin_in_spanish(client, name):
    answer = client.get(f"/es{url(name)}")

    assert answer.status_code == 200
    assert 'lang="es"' in answer.content.decode()
    assert answer["Content-Language"] == "es"


def test_each_page_of_information_and_each_condition_opens(client):
    kinds = ["page", "condition"]
    articles = Article.objects.filter(kind__in=kinds)
    addresses = [one.get_absolute_url() for one in articles]

    assert len(addresses) >= 12
    for address in addresses:
        assert client.get(address).status_code == 200, address


def test_a_page_with_an_address_of_its_own_is_found_there_for_good(client):
    answer = client.get("/about/safety/")

    assert (answer.status_code, answer["Location"]) == (301, "/safety/")


@pytest.mark.parametrize(
    "address", ["/about/absent/", "/conditions/absent/", "/absent/", "/es/absent/"]
)
def test_what_is_not_published_is_not_found_and_the_page_leads_home(client, address):
    answer = client.get(address)

    assert answer.status_code == 404
    assert "<h1" in answer.content.decode()
    assert re.search(r'href="/(es/)?"', answer.content.decode())


def test_a_page_not_yet_filled_is_not_found_rather_than_broken(client):
    private = Version.objects.filter(article__slug__in=["safety", "privacy"])
    private.update(status=VersionStatus.RETIRED, retired_at=NOW)

    assert client.get(url("safety")).status_code == 404
    assert client.get(url("privacy")).status_code == 404


def test_a_visitor_who_looks_for_fibromyalgia_learns_that_a_referral_is_needed(client):
    found = client.get(url("search"), {"q": "fibromyalgia"})
    address = url("condition", "fibromyalgia")
    assert f'href="{address}"' in found.content.decode()

    page = client.get(address).content.decode()

    assert url("referral") in page
    assert "referral" in page.lower()


def test_the_safety_page_asks_what_staff_ask(client):
    text = client.get(url("safety")).content.decode()
    plain = [one.plain for one in Precaution.objects.asked() if one.plain]

    assert plain
    for words in plain:
        assert words.split(".")[0].split("'")[0][:20] in text


def test_a_technique_that_is_no_longer_offered_is_not_listed(client):
    make_text(make_technique(active=False), title="Offered once")
    make_text(make_technique(), title="Offered now")

    text = client.get(url("techniques")).content.decode()

    assert "Offered now" in text
    assert "Offered once" not in text


def test_what_an_editor_writes_cannot_run_on_a_page(client):
    reword(
        "benefits",
        title="<script>alert(1)</script>",
        body='<script>alert(1)</script> <img src=x onerror="alert(1)"> '
        "[go](javascript:alert(1)) [away](data:text/html,x)",
    )
    reword("chair", body="<iframe src='https://evil.example.com'></iframe>")

    for address in (url("page", "benefits"), url("techniques"), url("home")):
        text = client.get(address).content.decode()
        assert "<script>alert" not in text
        assert not re.search(r"<[^>]+ onerror=", text)
        assert not re.search(r'href="(?:javascript|data):', text)
        assert "<iframe" not in text


@pytest.mark.parametrize("what", ODD)
def test_no_odd_search_breaks_the_page(client, what):
    answer = client.get(url("search"), {"q": ODD[what]})

    assert_safe(answer)
    refused = {"ten thousand letters", "a right-to-left override", "a NUL"}
    assert answer.status_code == (422 if what in refused else 200)


def test_a_search_that_was_refused_keeps_what_was_typed(client):
    answer = client.get(url("search"), {"q": "fibro" * 50})

    assert answer.status_code == 422
    assert f'value="{"fibro" * 50}"' in answer.content.decode()
    assert 'id="id_q_error"' in answer.content.decode()


def test_a_search_for_nothing_finds_nothing_and_is_no_fault(client):
    for query in ({}, {"q": ""}, {"q": "   "}):
        answer = client.get(url("search"), query)

        assert answer.status_code == 200
        assert "There is a problem" not in answer.content.decode()


@pytest.mark.parametrize("name", PAGES)
def test_a_public_page_asks_the_database_little(
    client, name, django_assert_max_num_queries
):
    client.get(url(name))

    with django_assert_max_num_queries(8):
        client.get(url(name))


@pytest.mark.parametrize("name", PAGES)
def test_a_public_page_gives_a_visitor_no_session(client, name):
    answer = client.get(url(name))

    assert "sessionid" not in answer.cookies
