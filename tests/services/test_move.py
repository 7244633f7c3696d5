"""Articles move: their old addresses lead on, and are never lost or in the way."""

from __future__ import annotations

import pytest

from massage_portal.accounts.roles import Role
from services import actions
from services.models import Article, FormerAddress
from tests.factories import (
    NOW,
    make_condition,
    make_location,
    make_page,
    make_technique,
    make_user,
)
from tests.trail import trail

pytestmark = pytest.mark.django_db


@pytest.fixture
def editor():
    return make_user(Role.EDITOR)


def former():
    rows = FormerAddress.objects.order_by("slug")
    return [(one.kind, one.slug, one.article.slug) for one in rows]


def test_an_article_moves_and_each_old_address_leads_to_it(editor):
    article = make_condition("back").article
    for slug in ("spine", "spine", "low-back"):
        actions.move(article=article, slug=slug, by=editor, now=NOW)

    assert former() == [
        ("condition", "back", "low-back"),
        ("condition", "spine", "low-back"),
    ]
    article.refresh_from_db()
    assert article.updated_at == NOW
    changes = [
        change for *_who, change in trail(Article.objects.get(slug=article.slug))
    ]
    assert changes == ["back>spine", "spine>low-back"]


def test_an_article_may_go_back_to_where_it_was(editor):
    article = make_page("old").article
    for slug in ("new", "old"):
        actions.move(article=article, slug=slug, by=editor, now=NOW)

    assert former() == [("page", "new", "old")]


def test_another_article_may_take_an_address_that_was_left(editor):
    actions.move(article=make_page("left").article, slug="now", by=editor, now=NOW)

    actions.move(article=make_page("other").article, slug="left", by=editor, now=NOW)

    assert former() == [("page", "other", "left")]


def test_a_former_address_leads_on_until_the_article_that_takes_it_is_read(editor):
    actions.move(article=make_page("left").article, slug="now", by=editor, now=NOW)
    text = {"title": "A", "summary": "B", "body": "C", "other_words": ""}

    actions.begin_article(kind="page", slug="left", texts=text, by=editor, now=NOW)

    assert former() == [("page", "left", "now")]  # readers: see test_former_addresses


def test_an_address_where_another_article_is_cannot_be_taken(editor):
    make_page("there")

    with pytest.raises(actions.AddressTaken):
        actions.move(article=make_page("a").article, slug="there", by=editor, now=NOW)
    assert former() == []


@pytest.mark.parametrize(
    ("old", "new"),
    [("safety", "risks"), ("a", "privacy"), ("session", "visit"), ("a", "session")],
)
def test_the_addresses_that_the_portal_leads_to_stay(old, new, editor):
    article = make_page(old).article
    with pytest.raises(actions.Fixed):
        actions.move(article=article, slug=new, by=editor, now=NOW)


@pytest.mark.parametrize("make", [make_technique, make_location])
def test_what_shares_a_page_has_no_address_to_change(make, editor):
    with pytest.raises(actions.Fixed):
        actions.move(article=make(), slug="elsewhere", by=editor, now=NOW)
