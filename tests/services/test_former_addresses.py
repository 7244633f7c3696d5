"""An address that was once an article's leads to where it is read now."""

from __future__ import annotations

import pytest

from services.codes import VersionStatus
from services.models import Article, FormerAddress, Version
from tests.factories import NOW, make_condition, make_page, make_text

pytestmark = pytest.mark.django_db


def was(article, *slugs):
    for slug in slugs:
        FormerAddress.objects.create(article=article, kind=article.kind, slug=slug)


@pytest.mark.parametrize("prefix", ["", "/es"])
def test_a_former_address_leads_on_for_good_in_the_same_language(client, prefix):
    was(make_page("new").article, "old")
    was(make_condition("tumors").article, "cancer")

    for path, now in {
        f"{prefix}/about/old/": f"{prefix}/about/new/",
        f"{prefix}/conditions/cancer/": f"{prefix}/conditions/tumors/",
    }.items():
        answer = client.get(path)
        assert (answer.status_code, answer["Location"]) == (301, now)


def test_an_article_that_moved_twice_is_reached_in_one_step(client):
    was(make_page("third").article, "first", "second")

    assert client.get("/about/first/")["Location"] == "/about/third/"


def test_an_article_wins_over_a_former_address_of_another(client):
    was(make_page("moved").article, "shared")
    make_page("shared", title="Here now")

    answer = client.get("/about/shared/")

    assert answer.status_code == 200
    assert "Here now" in answer.content.decode()


def test_a_former_address_of_what_is_not_published_is_not_found(client):
    text = make_page("new")
    was(text.article, "old")
    Version.objects.update(status=VersionStatus.RETIRED, retired_at=NOW)

    assert client.get("/about/old/").status_code == 404
    assert client.get("/about/new/").status_code == 404


def test_an_article_that_waits_to_be_published_takes_no_reader_from_another(client):
    was(make_page("moved").article, "shared")
    Article.objects.create(kind="page", slug="shared")

    assert client.get("/about/shared/")["Location"] == "/about/moved/"


def test_a_browser_does_not_follow_a_former_address_for_ever(client):
    was(make_page("new").article, "old")

    assert client.get("/about/old/")["Cache-Control"] == "max-age=3600"


def test_a_former_address_of_a_page_with_an_own_one_leads_there(client):
    was(make_page("privacy").article, "your-data")

    assert client.get("/es/about/your-data/")["Location"] == "/es/privacy/"


def test_a_former_address_is_one_of_its_kind(client):
    was(make_page("new").article, "old")

    assert client.get("/conditions/old/").status_code == 404


def test_an_article_with_a_text_in_spanish_alone_is_found_in_spanish_alone(client):
    article = Article.objects.create(kind="page", slug="sola")
    make_text(article, language="es", title="Sola")

    assert client.get("/es/about/sola/").status_code == 200
    assert client.get("/about/sola/").status_code == 404
