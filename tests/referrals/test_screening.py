"""What the answers to the safety questions mean for a referral."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from referrals.codes import Answer
from referrals.screening import WEIGHT, Outcome, outcome
from services.codes import Meaning

NO, YES, UNKNOWN = Answer.NO, Answer.YES, Answer.UNKNOWN
TELL, CLEARANCE, NOT_NOW = "tell-therapist", "clearance", "not-now"
PAIRS = st.tuples(st.sampled_from(sorted(WEIGHT)), st.sampled_from(Answer.values))
unhurried = settings(deadline=None)  # a slow machine is no fault


@pytest.mark.parametrize(
    ("meaning", "answer", "expected"),
    [
        (TELL, NO, Outcome.GO_ON),
        (TELL, UNKNOWN, Outcome.GO_ON),
        (TELL, YES, Outcome.GO_ON),
        (CLEARANCE, NO, Outcome.GO_ON),
        (CLEARANCE, UNKNOWN, Outcome.CLEARANCE),
        (CLEARANCE, YES, Outcome.CLEARANCE),
        (NOT_NOW, NO, Outcome.GO_ON),
        (NOT_NOW, UNKNOWN, Outcome.CLEARANCE),
        (NOT_NOW, YES, Outcome.STOP),
    ],
)
def test_each_answer_means_what_the_clinic_decided(meaning, answer, expected):
    assert outcome([(meaning, answer)]) == expected


def test_every_meaning_that_the_clinic_can_give_a_question_is_weighed():
    assert set(WEIGHT) == set(Meaning.values)


def test_no_question_at_all_stops_nobody():
    assert outcome([]) == Outcome.GO_ON


def test_one_red_flag_outweighs_all_else():
    answers = [(TELL, YES), (CLEARANCE, YES), (NOT_NOW, YES), (NOT_NOW, NO)]
    assert outcome(answers) == Outcome.STOP
    assert outcome(iter(answers)) == Outcome.STOP


@unhurried
@given(answers=st.lists(PAIRS, max_size=8), more=PAIRS)
def test_an_answer_more_never_makes_the_outcome_less_careful(answers, more):
    assert outcome([*answers, more]) >= outcome(answers)
    assert outcome([*answers, more]) == max(outcome(answers), outcome([more]))


@unhurried
@given(answers=st.permutations([(TELL, YES), (CLEARANCE, UNKNOWN), (NOT_NOW, NO)]))
def test_the_order_of_the_questions_does_not_matter(answers):
    assert outcome(answers) == Outcome.CLEARANCE


@pytest.mark.parametrize(
    "pair", [("harmless", YES), ("harmless", NO), (NOT_NOW, "maybe"), (NOT_NOW, "")]
)
def test_what_is_not_known_is_never_passed_over(pair):
    with pytest.raises(ValueError, match=r"unknown meaning|not a valid Answer"):
        outcome([pair])
