"""What staff read of an entry: why it stands there, and when the patient can come."""

from __future__ import annotations

from datetime import time

import pytest

from appointments.explain import availability, sentence
from appointments.priority import explain
from tests.factories import DAY, HOUR, NOW, TODAY


def said(*, waited, category_days=28, need_score=0, exponent=3.0):
    return sentence(
        explain(
            received_at=NOW - waited,
            category_days=category_days,
            need_score=need_score,
            now=NOW,
            exponent=exponent,
        )
    )


def test_without_need_the_category_alone_sets_the_target():
    assert said(waited=14 * DAY) == (
        "50% of the category's 28 days used; one more day adds 0.0287 to the harm."
    )


def test_with_need_both_the_score_and_what_it_shortens_are_named():
    assert said(waited=14 * DAY, need_score=50) == (
        "66% of 21.0 days used (need 50 shortens the category's 28); "
        "one more day adds 0.0681 to the harm."
    )


def test_a_wait_beyond_the_target_reads_above_100_per_cent():
    assert said(waited=84 * DAY).startswith("300% of the category's 28 days used;")


def test_a_visit_planned_ahead_has_used_nothing_of_its_target():
    assert said(waited=-10 * DAY).startswith("0% of the category's 28 days used;")


def test_hours_count():
    assert said(waited=36 * HOUR, category_days=3).startswith("50% of the category's 3")


@pytest.mark.parametrize("need_score", [1, 100])
def test_the_least_need_is_named_like_the_greatest(need_score):
    assert f"(need {need_score} shortens" in said(waited=DAY, need_score=need_score)


@pytest.mark.parametrize(
    ("waited", "category_days", "adds"),
    [
        pytest.param(3 * DAY, 3, "1.37", id="much, to the hundredth"),
        pytest.param(0 * DAY, 28, "0.0000", id="next to nothing"),
        pytest.param(0 * DAY, 3, "0.0370", id="little, to the ten thousandth"),
    ],
)
def test_what_a_day_adds_is_told_as_finely_as_it_matters(waited, category_days, adds):
    words = said(waited=waited, category_days=category_days)
    assert f"adds {adds} to the harm" in words


# --- when a patient can come ----------------------------------------------------------

ANY = {
    "weekdays": "MTWRFSU",
    "from_time": time(0, 0),
    "to_time": time(23, 59),
    "earliest": None,
    "latest": None,
}


@pytest.mark.parametrize(
    ("limits", "phrases"),
    [
        pytest.param({}, ["Any day", "any time"], id="no limit"),
        pytest.param({"weekdays": "TR"}, ["Tuesday, Thursday", "any time"], id="days"),
        pytest.param(
            {"weekdays": "SU"}, ["Saturday, Sunday", "any time"], id="weekend"
        ),
        pytest.param({"to_time": time(12)}, ["Any day", "before noon"], id="mornings"),
        pytest.param({"from_time": time(12)}, ["Any day", "after noon"], id="later"),
        pytest.param(
            {"from_time": time(9), "to_time": time(15, 30)},
            ["Any day", "9 a.m.\N{EN DASH}3:30 p.m."],
            id="hours",
        ),
        pytest.param(
            {"earliest": TODAY},
            ["Any day", "any time", "not before Oct. 14, 2026"],
            id="from a day on",
        ),
        pytest.param(
            {"latest": TODAY},
            ["Any day", "any time", "not after Oct. 14, 2026"],
            id="until a day",
        ),
    ],
)
def test_each_limit_a_patient_sets_is_a_phrase(limits, phrases):
    assert availability(**ANY | limits) == phrases
