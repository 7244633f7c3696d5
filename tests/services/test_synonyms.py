"""Words that mean the same: what search makes of them, and what an editor may save."""

from __future__ import annotations

import pytest
from django.core.exceptions import ValidationError
from django.urls import reverse

from massage_portal.accounts.roles import Role
from massage_portal.audit.models import AuditEvent
from services.actions import load_content
from services.models import Location, Synonym, Word
from services.search import search
from tests.factories import NOW, make_location, make_page, make_text, make_user

pytestmark = pytest.mark.django_db


def same(words):
    return Synonym.objects.create(words=words)


def titles(text, language="en"):
    return {hit.title for hit in search(text, language).hits}


def make_both():
    """Two pages, each with one spelling of a word."""
    make_page("us", title="American", body="Lymphedema of an arm.")
    make_page("uk", title="British", body="Lymphoedema of a leg.")


@pytest.mark.parametrize("text", ["lymphedema", "Lymphoedemas", "lymphœdema"])
def test_who_types_one_word_finds_texts_with_any_that_means_the_same(text):
    make_both()
    if text != "lymphœdema":  # without the row, each finds its own alone
        assert len(titles(text)) == 1

    same("lymphedema, lymphoedema")

    assert titles(text) == {"American", "British"}
    assert search(text, "en").instead == ""


def test_the_word_that_was_found_is_marked_though_another_was_typed():
    make_page(body="Lymphoedema of a leg.")
    same("lymphedema, lymphoedema")
    (hit,) = search("lymphedema", "en").hits
    assert "<strong>Lymphoedema</strong>" in hit.passage


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("pins and needles", {"Words", "Tingling", "Apart"}),
        ('"pins and needles"', {"Words", "Tingling"}),
        ("paresthesia", {"Words", "Tingling"}),
        ("paresthesia foot", {"Tingling"}),
        ("foot pins and needles", {"Tingling"}),
        ('"paresthesia foot"', set()),
        ('"foot paresthesia"', {"Tingling"}),
        ("paresthesia -foot", {"Words"}),
        ("foot -paresthesia", {"Feet"}),
        ('foot -"pins and needles"', {"Feet"}),
        ("tingle or paresthesia", {"Words", "Tingling", "Other"}),
    ],
)
def test_phrases_mean_the_same_too_and_quotes_minus_and_or_keep_working(text, expected):
    same("pins and needles, paresthesia")
    make_page("a", title="Words", body="A feeling of pins and needles.")
    make_page("b", title="Tingling", body="In a foot, paresthesia.")
    make_page("c", title="Apart", body="Needles hurt, and so do many pins.")
    make_page("d", title="Feet", body="A foot.")
    make_page("e", title="Other", body="They tingle.")

    # What follows stands only for what was found by all words, not by some of them.
    found = search(text, "en")
    if expected or found.instead:
        assert {hit.title for hit in found.hits} == expected
    else:
        assert "Words" in {hit.title for hit in found.hits}


def test_a_word_put_in_is_never_taken_for_one_that_was_typed():
    same("one, two")
    Synonym.objects.create(words="two, three")  # past the check an editor gets
    make_page("b", title="Two", body="Two.")
    make_page("c", title="Three", body="Three.")
    assert titles("one") == {"Two"}


def test_one_row_may_hold_words_of_both_languages():
    make_page("us", title="Swelling", body="Lymphedema of an arm.")
    same("lymphedema, linfedema")
    assert titles("linfedema", "es") == {"Swelling"}


@pytest.mark.parametrize("words", ["the, of", "=1, '", "a, \\", "), (", "knots, the"])
def test_odd_words_of_an_editor_break_no_search(words):
    same(words)
    make_page(title="Knots")
    assert titles("knots") == {"Knots"}
    assert titles("the") == set()


def test_words_are_tidied_and_each_is_kept_once():
    row = Synonym(words="  Lymphedema ,lymphoedema,, lymphedema,  swelling  of arms ")
    row.clean()
    assert row.words == "Lymphedema, lymphoedema, swelling of arms"


@pytest.mark.parametrize("words", ["lymphedema", "lymphedema, Lymphedema", ",", " , x"])
def test_a_row_needs_two_different_words(words):
    with pytest.raises(ValidationError, match="at least two different words"):
        Synonym(words=words).clean()


def test_a_word_stands_in_one_row_only_and_the_refusal_names_that_row():
    row = same("lymphedema, lymphoedema")
    row.clean()  # a row is not in its own way

    with pytest.raises(ValidationError) as refused:
        Synonym(words="linfedema, LYMPHOEDEMA").clean()

    (message,) = refused.value.messages
    assert "“LYMPHOEDEMA” is in another row: lymphedema, lymphoedema." in message


def test_the_synonyms_of_a_new_clinic_are_all_good_and_are_added_only_once():
    load_content(by=None, now=NOW)
    rows = list(Synonym.objects.all())
    assert len(rows) >= 20
    for row in rows:
        before = row.words
        row.full_clean()
        assert row.words == before
    Synonym.objects.exclude(pk=rows[0].pk).delete()

    load_content(by=None, now=NOW)

    assert list(Synonym.objects.all()) == rows[:1]
    assert "Cancer" in titles("lymphoedema")


def test_an_editor_adds_words_in_the_admin_and_leaves_a_trail(client):
    client.force_login(make_user(Role.EDITOR))
    address = reverse("admin:services_synonym_add")

    kept = client.post(address, {"words": "knots ,bolts"})
    refused = client.post(address, {"words": "bolts, screws"})

    row = Synonym.objects.get()
    assert (kept.status_code, refused.status_code) == (302, 200)
    assert "is in another row: knots, bolts" in refused.content.decode()
    assert row.words == "knots, bolts"
    assert AuditEvent.objects.filter(action="content.added").count() == 1


def test_the_words_of_a_changed_location_are_known_to_search_at_once(client):
    client.force_login(make_user(Role.EDITOR))
    place = make_location()
    make_text(place, title="Our place")
    fields = {"name": "Rochester", "city": "Benchville", "state": "Minnesota"}
    fields |= {"time_zone": "America/Chicago", "position": 0}

    answer = client.post(
        reverse("admin:services_location_change", args=[place.pk]), fields
    )

    assert answer.status_code == 302, answer.context["errors"]
    assert Location.objects.get().city == "Benchville"
    assert Word.objects.filter(word="benchville").exists()
    assert search("benchvile", "en").instead == "benchville"
