"""Search over what is published: by word and by likeness, and safe to show."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from django.urls import reverse
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from services.actions import load_content
from services.models import Condition, Page, Precaution, Publication, Technique
from services.search import MOST, Found, marked, search

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 10, 14, 15, 0, tzinfo=UTC)


@pytest.fixture
def content():
    """What a new clinic publishes."""
    load_content(by=None, now=NOW)


def titles(text):
    return [hit.title for hit in search(text).hits]


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("fibromyalgia", id="the word"),
        pytest.param("FIBROMYALGIA", id="in capitals"),
        pytest.param("Fibromy\u00e1lgia", id="with an accent"),
        pytest.param("fibrositis", id="another word for it"),
        pytest.param("FMS", id="an abbreviation"),
    ],
)
def test_a_condition_is_found_by_its_name_and_other_words_for_it(content, text):
    found = search(text)

    assert found.hits[0].title == "Fibromyalgia"
    assert found.hits[0].address == reverse("services:condition", args=["fibromyalgia"])
    assert found.instead == ""


@pytest.mark.parametrize("text", ["fibromialgia", "fibromyalga", "Fybromyalgia"])
def test_a_misspelled_word_finds_the_nearest_and_says_what_was_looked_for(
    content, text
):
    found = search(text)
    assert found.hits[0].title == "Fibromyalgia"
    assert found.instead == "fibromyalgia"


def test_one_misspelled_word_among_right_ones_is_put_right(content):
    found = search("masage for fibromialgia")
    assert found.instead == "massage for fibromyalgia"
    assert "Fibromyalgia" in [hit.title for hit in found.hits]


@pytest.mark.parametrize("text", ["qqxxzzy", "7319", "zz"])
def test_what_is_like_nothing_published_finds_nothing(content, text):
    assert search(text) == Found([], "")


def test_nothing_typed_asks_the_database_nothing(django_assert_num_queries):
    with django_assert_num_queries(0):
        assert search("") == Found([], "")


@pytest.mark.parametrize(
    ("text", "most"), [("massage", 1), ("fibromialgia", 3), ("qqxxzzy wwvvuu", 4)]
)
def test_a_search_asks_the_database_four_times_at_most(
    content, text, most, django_assert_max_num_queries
):
    with django_assert_max_num_queries(most):
        assert isinstance(search(text), Found)


def test_other_forms_of_a_word_are_found(content):
    assert set(titles("surgery")) & set(titles("surgeries")) == set(titles("surgery"))
    assert "Heart disease" in titles("hearts")


def test_a_title_weighs_more_than_a_text():
    values = {"summary": "Short.", "evidence": "weak"}
    Condition.objects.create(slug="b", name="Other", body="About knots.", **values)
    Condition.objects.create(slug="a", name="Knots", body="About others.", **values)

    assert titles("knots") == ["Knots", "Other"]


def make_page(slug="a-page", **fields):
    values = {"title": "A page", "summary": "Short.", "body": "Long."}
    return Page.objects.create(slug=slug, **values | fields)


def test_if_no_page_has_every_word_those_that_have_some_are_found():
    make_page("a", title="Knots")
    make_page("b", title="Bolts")
    make_page("c", title="Other")

    found = search("knots bolts")

    assert {hit.title for hit in found.hits} == {"Knots", "Bolts"}
    assert found.instead == ""


def test_html_in_a_text_is_escaped_and_only_the_word_found_is_marked():
    make_page(body="<script>alert(1)</script> A < B, and knots & bolts: 2 < 3 > 1")

    (hit,) = search("knots").hits

    assert "<strong>knots</strong>" in hit.passage
    assert "&amp;" in hit.passage
    plain = hit.passage.replace("<strong>", "").replace("</strong>", "")
    assert "<" not in plain
    assert "A &lt; B" in plain


def test_a_passage_is_escaped_before_it_is_marked():
    assert marked("A \x02<i>knot</i>\x03 & more") == (
        "A <strong>&lt;i&gt;knot&lt;/i&gt;</strong> &amp; more"
    )
    assert marked("in the middle") == "\u2026 in the middle"
    assert marked("") == ""


def test_the_marks_of_markdown_are_not_shown_in_a_passage():
    make_page(body="## A head\n\n- **knots** and [bolts](/bolts/)\n")

    (hit,) = search("knots").hits

    assert not set("#*[]()") & set(hit.passage)
    assert "<strong>knots</strong>" in hit.passage


def test_the_page_escapes_what_was_typed_and_what_was_found(client):
    make_page(
        title="<i>Knots</i>", summary="<u>Of knots</u>", body="<script>x</script>"
    )
    address = reverse("services:search")

    shown = client.get(address, {"q": "knots <script>alert(1)</script>"})
    found = client.get(address, {"q": "knots"})

    assert "<script>alert" not in shown.content.decode()
    text = found.content.decode()
    assert "&lt;i&gt;Knots&lt;/i&gt;" in text
    assert "<i>Knots" not in text
    assert "<u>" not in text
    assert "<script>x" not in text


def test_the_page_says_what_was_looked_for_instead(content, client):
    page = client.get(reverse("services:search"), {"q": "fibromialgia"})
    text = page.content.decode()
    assert page.context["found"].instead == "fibromyalgia"
    assert "fibromyalgia" in text
    assert "fibromialgia" in text


@pytest.mark.parametrize(
    "text",
    [
        "'",
        '"',
        "\\",
        "%",
        "_",
        "&|!():*<->",
        "a' OR 1=1 --",
        "-massage",
        '"massage',
        "or",
    ],
)
def test_marks_that_mean_something_to_a_search_do_no_harm(content, text):
    assert isinstance(search(text), Found)


@pytest.mark.parametrize(
    "text", ["x" * 10_000, "massage " * 1_250, "\U0001f9b4" * 2_000]
)
def test_10_000_letters_do_no_harm(content, text):
    assert isinstance(search(text), Found)


@pytest.mark.parametrize(
    ("text", "status"),
    [("\0", 422), ("massage\0", 422), ("x" * 10_000, 422), ("%", 200), ("", 200)],
)
def test_the_page_answers_whatever_is_typed(content, client, text, status):
    answer = client.get(reverse("services:search"), {"q": text})
    assert answer.status_code == status


@given(text=st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=30))
@settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture],
    max_examples=50,
    deadline=None,
)
def test_no_text_at_all_breaks_the_search(content, text):
    for hit in search(text).hits:
        plain = hit.passage.replace("<strong>", "").replace("</strong>", "")
        assert "<" not in plain
        assert ">" not in plain


def test_what_is_not_offered_is_not_found():
    fields = {"summary": "Of knots.", "minutes": 50}
    Technique.objects.create(slug="old", name="Old", active=False, **fields)
    new = Technique.objects.create(slug="new", name="New", **fields)
    Precaution.objects.create(
        code="x", question="?", meaning="not-now", plain="knots", active=False
    )
    make_page("safety", title="Safety")

    (hit,) = search("knots").hits

    assert (hit.title, hit.address) == ("New", new.get_absolute_url())


def test_the_safety_questions_are_found_on_the_page_that_lists_them():
    fields = {"question": "?", "meaning": "not-now", "plain": "a pacemaker"}
    Precaution.objects.create(code="pacemaker", **fields)
    make_page("safety", title="Safety")

    (hit,) = search("pacemaker").hits

    assert (hit.title, hit.address) == ("Safety", reverse("services:safety"))


def test_a_study_is_found_by_its_authors():
    study = Publication.objects.create(
        title="A study of knots", authors="Testwell J", journal="J Knots", year=2010
    )

    (hit,) = search("testwell").hits

    assert hit.title == "A study of knots"
    assert hit.address == f"{reverse('services:research')}#study-{study.pk}"


def test_every_hit_leads_to_a_page_that_has_its_place(content, client):
    for text in ("swedish", "rochester", "cardiac", "fibromyalgia", "pressure"):
        for hit in search(text).hits:
            address, _, place = hit.address.partition("#")
            page = client.get(address)
            assert page.status_code == 200
            assert not place or f'id="{place}"' in page.content.decode()


def test_at_most_so_many_hits_are_shown():
    for number in range(MOST + 5):
        make_page(f"page-{number}", title=f"Knots {number}")
    assert len(search("knots").hits) == MOST
