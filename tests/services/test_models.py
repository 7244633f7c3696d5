"""What the database itself refuses of published content, constraint by constraint."""

from __future__ import annotations

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError
from django.urls import reverse

from services.codes import Evidence, Meaning
from services.models import (
    OWN_ADDRESS,
    PRIVACY,
    Article,
    Condition,
    Precaution,
    Publication,
    Technique,
    Version,
)
from tests.factories import (
    make_condition,
    make_location,
    make_page,
    make_precaution,
    make_technique,
    make_text,
)

db = pytest.mark.django_db


def make_publication(**fields):
    values = {"title": "A study", "authors": "Testwell J", "journal": "J", "year": 2010}
    return Publication.objects.create(**values | fields)


@db
def test_evidence_is_told_in_one_of_three_ways():
    for one in Evidence:
        make_condition(f"of-{one}", evidence=one)
    assert {row.evidence for row in Condition.objects.all()} == set(Evidence.values)

    with pytest.raises(IntegrityError, match='"condition_evidence_is_known"'):
        make_condition(evidence="best")


@db
@pytest.mark.parametrize("minutes", [9, 241])
def test_a_visit_lasts_10_to_240_minutes(minutes):
    kept = [make_technique(minutes=bound).minutes for bound in (10, 240)]
    assert kept == [10, 240]

    with pytest.raises(IntegrityError, match='"technique_lasts_10_to_240_minutes"'):
        make_technique(minutes=minutes)


@db
def test_a_location_has_a_time_zone():
    assert make_location(time_zone="America/Chicago").pk

    with pytest.raises(IntegrityError, match='"location_has_a_time_zone"'):
        make_location(time_zone="")


@db
@pytest.mark.parametrize("name", ["Rochester", "America/Rochester", "../etc/passwd"])
def test_a_time_zone_that_is_none_is_refused_in_words(name):
    make_location(time_zone="America/Chicago").full_clean()

    with pytest.raises(ValidationError, match="Write one like America/Chicago"):
        make_location(time_zone=name).full_clean()


@db
def test_every_meaning_of_a_precaution_is_kept_and_no_other():
    kept = [make_precaution(meaning=meaning).meaning for meaning in Meaning]
    assert kept == Meaning.values

    with pytest.raises(IntegrityError, match='"precaution_meaning_is_known"'):
        make_precaution(meaning="")


@db
def test_a_publication_is_listed_once_if_its_identifier_is_known():
    make_publication(pmid="20347836")
    assert make_publication(pmid="20347837").pk
    assert {make_publication(pmid="").pmid for _ in range(2)} == {""}

    with pytest.raises(IntegrityError, match='"publication_pmid_is_unique"'):
        make_publication(pmid="20347836")


@db
@pytest.mark.parametrize("pmid", ["0", "01", "12a", "-1", " 1", "1\n", "1234567890"])
def test_an_identifier_of_pubmed_is_a_number(pmid):
    kept = [make_publication(pmid=good).pmid for good in ("1", "999999999")]
    assert kept == ["1", "999999999"]

    with pytest.raises(IntegrityError, match='"publication_pmid_is_a_number"'):
        make_publication(pmid=pmid)


def test_a_publication_leads_to_pubmed_only_if_its_identifier_is_known():
    known, unknown = Publication(pmid="20347836"), Publication(pmid="")
    assert known.address == "https://pubmed.ncbi.nlm.nih.gov/20347836/"
    assert unknown.address == ""


@db
def test_content_comes_in_the_editors_order_and_ties_by_age():
    last = make_condition("last", position=9)
    first = make_condition("first", position=1)
    second = make_condition("second", position=1)

    assert list(Version.objects.read_in("en")) == [first, second, last]


@db
def test_only_techniques_on_offer_and_questions_in_use_are_shown():
    offered = make_technique(position=2)
    earlier = make_technique(position=1)
    make_technique(active=False)
    asked = make_precaution()
    make_precaution(active=False)

    assert list(Technique.objects.offered()) == [earlier, offered]
    assert list(Precaution.objects.asked()) == [asked]


@db
def test_the_guide_is_about_massage_and_leaves_privacy_to_the_foot_of_the_page():
    about = make_page("approach")
    make_page(PRIVACY)

    assert list(Version.objects.guide("en")) == [about]


@pytest.mark.parametrize("slug", OWN_ADDRESS)
def test_a_page_that_the_portal_leads_to_has_an_address_of_its_own(slug):
    assert Article(kind="page", slug=slug).get_absolute_url() == reverse(
        OWN_ADDRESS[slug]
    )


def test_any_other_page_is_read_under_its_slug():
    address = reverse("services:page", args=["approach"])
    page = Article(kind="page", slug="approach")
    assert page.get_absolute_url() == address


@pytest.mark.parametrize(
    ("kind", "end"),
    [
        ("technique", "/techniques/#technique-a"),
        ("location", "/locations/#location-a"),
        ("condition", "/conditions/a/"),
    ],
)
def test_content_that_shares_a_page_has_a_place_on_it(kind, end):
    assert Article(kind=kind, slug="a").get_absolute_url() == end


@db
def test_a_reader_is_shown_their_language_and_english_where_there_is_none():
    both, english = make_page("both"), make_page("english")
    spanish = make_text(both.article, language="es", title="En español")
    make_text(language="es", title="Sin inglés")
    make_text(both.article, number=2, status="draft", title="Not yet")

    assert list(Version.objects.read_in("en")) == [both, english]
    assert list(Version.objects.guide("es"))[:2] == [spanish, english]
    assert list(Version.objects.of_kind("page").read_in("de")) == [both, english]
