"""Search over what is published: by word and by likeness, and safe to show."""

from __future__ import annotations

import pytest
from django.urls import reverse
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from services.actions.words import add_record_words, add_words
from services.codes import VersionStatus
from services.models import Publication, Wording
from services.search import MOST, Found, marked, search
from tests.content import open_guide
from tests.factories import (
    NOW,
    make_condition,
    make_location,
    make_page,
    make_precaution,
    make_technique,
    make_text,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def content():
    """What a new clinic publishes."""
    open_guide()


def titles(text, language="en"):
    return [hit.title for hit in search(text, language).hits]


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
    found = search(text, "en")

    assert found.hits[0].title == "Fibromyalgia"
    assert found.hits[0].address == reverse("services:condition", args=["fibromyalgia"])
    assert found.instead == ""


@pytest.mark.parametrize("text", ["fibromialgia", "fibromyalga", "Fybromyalgia"])
def test_a_misspelled_word_finds_the_nearest_and_says_what_was_looked_for(
    content, text
):
    found = search(text, "en")
    assert found.hits[0].title == "Fibromyalgia"
    assert found.instead == "fibromyalgia"


def test_one_misspelled_word_among_right_ones_is_put_right(content):
    found = search("masage for fibromialgia", "en")
    assert found.instead == "massage for fibromyalgia"
    assert "Fibromyalgia" in [hit.title for hit in found.hits]


@pytest.mark.parametrize("text", ["qqxxzzy", "7319", "zz"])
def test_what_is_like_nothing_published_finds_nothing(content, text):
    assert search(text, "en") == Found([], "")


def test_nothing_typed_asks_the_database_nothing(django_assert_num_queries):
    with django_assert_num_queries(0):
        assert search("", "en") == Found([], "")


@pytest.mark.parametrize(
    ("text", "most"), [("massage", 1), ("fibromialgia", 3), ("qqxxzzy wwvvuu", 4)]
)
def test_a_search_asks_the_database_four_times_at_most(
    content, text, most, django_assert_max_num_queries
):
    with django_assert_max_num_queries(most):
        assert isinstance(search(text, "en"), Found)


def test_other_forms_of_a_word_are_found(content):
    assert set(titles("surgery")) & set(titles("surgeries")) == set(titles("surgery"))
    assert "Heart disease" in titles("hearts")


def test_a_title_weighs_more_than_a_text():
    make_condition("b", title="Other", body="About knots. " * 9)
    make_condition("a", title="Knots", body="About others.")

    assert titles("knots") == ["Knots", "Other"]


def test_if_no_page_has_every_word_those_that_have_some_are_found():
    make_page("a", title="Knots")
    make_page("b", title="Bolts")
    make_page("c", title="Other")

    found = search("knots bolts", "en")

    assert {hit.title for hit in found.hits} == {"Knots", "Bolts"}
    assert found.instead == ""


def test_html_in_a_text_is_escaped_and_only_the_word_found_is_marked():
    make_page(body="<script>alert(1)</script> A < B, and knots & bolts: 2 < 3 > 1")

    (hit,) = search("knots", "en").hits

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

    (hit,) = search("knots", "en").hits

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
    assert isinstance(search(text, "en"), Found)


@pytest.mark.parametrize(
    "text", ["x" * 10_000, "massage " * 1_250, "\U0001f9b4" * 2_000]
)
def test_10_000_letters_do_no_harm(content, text):
    assert isinstance(search(text, "en"), Found)


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
    for hit in search(text, "en").hits:
        plain = hit.passage.replace("<strong>", "").replace("</strong>", "")
        assert "<" not in plain
        assert ">" not in plain


def test_what_is_not_offered_is_not_found():
    make_text(make_technique(active=False), title="Old", summary="Of knots.")
    new = make_text(make_technique(), title="New", summary="Of knots.")
    make_page("draft", title="Knots", status="draft")
    make_page("gone", title="Knots", status="retired", active_from=NOW)
    make_precaution(plain="knots", active=False)
    make_page("safety", title="Safety")

    (hit,) = search("knots", "en").hits

    assert (hit.title, hit.address) == ("New", new.get_absolute_url())


def test_the_safety_questions_are_found_on_the_page_that_lists_them():
    make_precaution(plain="a pacemaker")
    make_page("safety", title="Safety")

    (hit,) = search("pacemaker", "en").hits

    assert (hit.title, hit.address) == ("Safety", reverse("services:safety"))


def test_a_study_is_found_by_its_authors():
    study = Publication.objects.create(
        title="A study of knots", authors="Testwell J", journal="J Knots", year=2010
    )

    (hit,) = search("testwell", "en").hits

    assert hit.title == "A study of knots"
    assert hit.address == f"{reverse('services:research')}#study-{study.pk}"


def test_every_hit_leads_to_a_page_that_has_its_place(content, client):
    for text in ("swedish", "rochester", "cardiac", "fibromyalgia", "pressure"):
        for hit in search(text, "en").hits:
            address, _, place = hit.address.partition("#")
            page = client.get(address)
            assert page.status_code == 200
            assert not place or f'id="{place}"' in page.content.decode()


def test_at_most_so_many_hits_are_shown():
    for number in range(MOST + 5):
        make_page(f"page-{number}", title=f"Knots {number}")
    assert len(search("knots", "en").hits) == MOST


def test_a_word_of_every_page_ranks_by_title_and_shows_titles_first():
    for number in range(MOST):
        make_page(f"page-{number}", title=f"Page {number}", body="On knots. " * 30)
    make_page("best", title="Knots", body="Once.")
    assert titles("knots")[0] == "Knots"


def test_a_reader_finds_texts_in_their_language_and_else_in_english():
    both = make_page("both", title="Scars", body="About healing scars.")
    make_text(both.article, language="es", title="Heridas", body="Curan solas.")
    make_page("only", title="Bruises", body="About healing bruises.")

    assert titles("herida", "es") == ["Heridas"]
    assert titles("scars", "es") == []  # its English text is not what is shown
    assert [hit.language for hit in search("bruise", "es").hits] == ["en"]
    assert titles("scars", "ar") == ["Scars"]
    assert titles("herida", "en") == []


def test_a_reader_is_offered_only_words_of_texts_they_would_be_shown():
    both = make_page("both", title="Fibromyalgia")
    make_text(both.article, language="es", title="Fibromialgia")
    add_words()

    assert search("fibromialgia", "en").instead == "fibromyalgia"
    assert search("fibromyalgia", "es").instead == "fibromialgia"
    assert search("fibromialgia", "es").instead == ""


def test_a_word_that_is_no_longer_published_is_never_suggested():
    make_page("kept", title="Tendinous")
    gone = make_page("gone", title="Tendinosis")
    add_words()
    assert search("tendinozis", "en").instead == "tendinosis"

    gone.status = VersionStatus.RETIRED
    gone.retired_at = NOW
    gone.save()

    assert search("tendinozis", "en").instead == "tendinous"


def test_words_of_records_are_found_though_misspelled():
    make_page("safety", title="Safety")
    Wording.objects.create(
        precaution=make_precaution(plain="a pacemaker"),
        language="es",
        plain="un marcapasos",
    )
    make_text(make_location(city="Benchville"), title="Our place")
    Publication.objects.create(title="Tendons", authors="X", journal="J", year=2010)
    add_record_words()

    assert titles("pacemakr") == ["Safety"]
    assert titles("marcapaso", "es") == ["Safety"]  # in English, if not in Spanish
    assert titles("benchvile") == ["Our place"]
    assert titles("tendins") == ["Tendons"]


def test_the_words_of_a_page_and_of_its_questions_are_found_together():
    make_page("safety", title="Safety", body="Ask your provider.")
    make_precaution(plain="a pacemaker")

    (hit,) = search("provider pacemaker", "en").hits

    assert "<strong>pacemaker</strong>" in hit.passage


@pytest.mark.parametrize(
    "text", ["Benchville", "minnesota", "1 Invented Street", "The Hall"]
)
def test_a_location_is_found_by_its_place(text):
    place = make_location(
        name="The Hall", city="Benchville", address="1 Invented Street"
    )
    make_text(place, title="Our place")

    (hit,) = search(text, "en").hits

    assert (hit.title, hit.address) == ("Our place", place.get_absolute_url())


def test_a_misspelled_word_is_put_right_and_what_is_not_wanted_stays_out():
    make_page("a", title="Knots and bolts")
    make_page("b", title="Knots alone")
    add_words()

    found = search("knotz -bolts", "en")

    assert [hit.title for hit in found.hits] == ["Knots alone"]
    assert found.instead == "knots -bolts"
    assert titles("knotz zzyyxx -bolts") == ["Knots alone"]
