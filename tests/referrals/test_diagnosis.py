"""Diagnosis codes: the real ones are loaded, found by code or word, and by index."""

from __future__ import annotations

import warnings

import pytest
from django.db import connection

from referrals.actions import load_diagnoses
from referrals.models import DiagnosisCode

# Loading takes some seconds: once, and so in one worker.
pytestmark = [pytest.mark.django_db, pytest.mark.xdist_group("diagnoses")]
WORDS = "diagnosis_words"
START = "diagnosis_code_start"


@pytest.fixture(scope="module", autouse=True)
def loaded(django_db_setup, django_db_blocker):
    """How many codes a first load added; they stay for the tests of this file."""
    with django_db_blocker.unblock():
        with warnings.catch_warnings():
            # The package of codes reads its own file in a way that is going out.
            warnings.filterwarnings("ignore", message="(read|open)_text is deprecated")
            added = load_diagnoses()
        with connection.cursor() as cursor:
            cursor.execute("ANALYZE referrals_diagnosiscode")
        yield added
        with connection.cursor() as cursor:
            cursor.execute("TRUNCATE referrals_diagnosiscode CASCADE")


def codes(text, most=200):
    return [found.code for found in DiagnosisCode.objects.matching(text)[:most]]


def plan(rows):
    return rows.explain(analyze=False)


def test_the_real_codes_are_loaded(loaded):
    assert loaded == DiagnosisCode.objects.count() > 70_000
    for code, description in [
        ("M79.7", "Fibromyalgia"),
        ("M54.50", "Low back pain, unspecified"),
        ("G89.29", "Other chronic pain"),
    ]:
        assert DiagnosisCode.objects.get(code=code).description == description


def test_a_second_load_adds_nothing_and_changes_nothing(loaded):
    DiagnosisCode.objects.filter(code="M79.7").update(description="As edited")

    assert load_diagnoses() == 0
    assert DiagnosisCode.objects.count() == loaded
    assert DiagnosisCode.objects.get(code="M79.7").description == "As edited"


def test_no_code_is_loaded_that_could_not_be_billed():
    assert not DiagnosisCode.objects.filter(code__in=["M79", "M54.5", "M54", "G89"])
    assert not DiagnosisCode.objects.exclude(code__regex=r"^[A-Z]\w\w(\.\w{1,4})?$")


def test_each_code_has_its_compact_form_and_one_line_of_words():
    for found in DiagnosisCode.objects.filter(code__startswith="M79"):
        assert found.compact == found.code.replace(".", "")
    assert not DiagnosisCode.objects.filter(description="").exists()
    assert not DiagnosisCode.objects.filter(description__regex=r"\s\s|\n").exists()


@pytest.mark.parametrize(
    "text",
    ["M79.7", "m79.7", "M797", "m797", " m79 .7 ", "M7\x009.7", "M79.7 Fibromyalgia"],
)
def test_a_code_is_found_with_and_without_its_dot_in_any_case(text):
    assert codes(text) == ["M79.7"]


@pytest.mark.parametrize(
    "text", ["fibromyalgia", "FIBROMYALGIA", "Fibromyal", "myalgia"]
)
def test_a_code_is_found_by_a_word_or_a_part_of_it(text):
    assert "M79.7" in codes(text)


def test_the_start_of_a_code_finds_all_below_it():
    found = codes("M54.5")
    assert set(found) == {"M54.50", "M54.51", "M54.59"}


@pytest.mark.parametrize(
    "text", ["low back pain", "pain low back", "BACK Pain lOW", "  back\tlow\npain "]
)
def test_several_words_are_found_in_any_order_and_case(text):
    assert codes(text)[:2] == ["M54.59", "M54.50"]
    assert codes(text) == codes("low back pain")


def test_every_word_must_be_there():
    assert codes("fibromyalgia unicorn") == []
    described = DiagnosisCode.objects.matching("pain knee right")
    assert described.exists()
    for found in described:
        assert {"pain", "knee", "right"} <= set(found.description.lower().split())


def test_a_code_that_begins_with_the_text_comes_before_words_that_hold_it():
    """Here a made-up code has the real one R52 among its words."""
    DiagnosisCode.objects.create(code="Z99.99", compact="Z9999", description="An R52 b")

    assert codes("r52") == ["R52", "Z99.99"]


def test_among_words_a_shorter_description_comes_first():
    found = DiagnosisCode.objects.matching("chronic pain")[:50]
    lengths = [len(one.description) for one in found]
    assert lengths == sorted(lengths)
    assert len(lengths) > 3


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("", id="nothing"),
        pytest.param("\0", id="NUL"),
        pytest.param(" \n\t", id="blanks"),
        pytest.param("__", id="wildcards for one letter"),
        pytest.param("%%", id="wildcards"),
        pytest.param("M79_7", id="a wildcard in a code"),
        pytest.param("fibro%algia", id="a wildcard in a word"),
        pytest.param("\\", id="a backslash"),
        pytest.param("x" * 10_000, id="10,000 letters"),
        pytest.param("zq " * 5_000, id="5,000 words"),
        pytest.param("'; DROP TABLE referrals_diagnosiscode; --", id="SQL"),
        pytest.param("\U0001f9b4", id="a bone"),
    ],
)
def test_what_is_no_code_and_no_word_finds_nothing_and_does_no_harm(text):
    assert codes(text) == []
    assert DiagnosisCode.objects.exists()


def test_a_percent_sign_finds_descriptions_that_have_one_and_no_others():
    found = DiagnosisCode.objects.matching("%")[:500]
    assert len(found) > 0
    assert all("%" in one.description for one in found)


def test_a_long_text_is_cut_where_it_can_no_longer_find_more():
    assert codes("pain " * 5_000) == codes("pain")
    beyond = "low back pain " + "pain " * 20 + "unicorn"
    assert codes(beyond) == codes("low back pain")


@pytest.mark.parametrize("text", ["fibromyalgia", "low back pain", "M79.7", "m54"])
def test_the_whole_table_is_never_read_to_find_a_code(text):
    """The planner may choose freely: with all codes loaded it chooses the indexes."""
    found = DiagnosisCode.objects.matching(text)

    assert WORDS in plan(found)
    assert START in plan(found)
    assert "Seq Scan" not in plan(found)
