"""The need score: what a patient's answers add up to."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from appointments.codes import RoleThreat
from appointments.need import ROLE_POINTS, assess, peg

tens = st.integers(0, 10)
answers = st.fixed_dictionaries(
    {
        "pain": tens,
        "enjoyment": tens,
        "activity": tens,
        "role_threat": st.sampled_from(ROLE_POINTS),
        "sleep": tens,
    }
)
NOTHING = {"pain": 0, "enjoyment": 0, "activity": 0, "role_threat": 0, "sleep": 0}
WORST = {"pain": 10, "enjoyment": 10, "activity": 10, "role_threat": 20, "sleep": 10}


def test_no_trouble_is_no_need_and_the_worst_of_all_is_100():
    assert assess(**NOTHING).score == 0
    assert assess(**WORST).score == 100


@pytest.mark.parametrize(
    ("answer", "part", "points"),
    [
        pytest.param({"pain": 10}, "pain", 40, id="pain"),
        pytest.param({"enjoyment": 10}, "life", 15, id="enjoyment"),
        pytest.param({"activity": 10}, "life", 15, id="activity"),
        pytest.param({"enjoyment": 10, "activity": 10}, "life", 30, id="both"),
        pytest.param({"role_threat": 7}, "role", 7, id="role harder"),
        pytest.param({"role_threat": 13}, "role", 13, id="role not right away"),
        pytest.param({"role_threat": 20}, "role", 20, id="role right now"),
        pytest.param({"sleep": 10}, "sleep", 10, id="sleep"),
    ],
)
def test_each_answer_adds_its_own_points_and_no_others(answer, part, points):
    need = assess(**NOTHING | answer)
    parts = {
        "pain": need.pain,
        "life": need.life,
        "role": need.role,
        "sleep": need.sleep,
    }
    assert parts == {"pain": 0, "life": 0, "role": 0, "sleep": 0} | {part: points}
    assert need.score == points


@pytest.mark.parametrize(
    ("answer", "score"),
    [
        pytest.param({"enjoyment": 1}, 2, id="1.5 becomes 2"),
        pytest.param({"enjoyment": 3}, 5, id="4.5 becomes 5, not the even 4"),
        pytest.param({"enjoyment": 1, "activity": 1}, 3, id="3 stays 3"),
    ],
)
def test_half_a_point_is_rounded_up(answer, score):
    assert assess(**NOTHING | answer).score == score


@given(answers=answers)
@settings(deadline=None)
def test_the_score_is_the_sum_of_its_parts_and_from_0_to_100(answers):
    need = assess(**answers)
    whole = need.pain + need.life + need.role + need.sleep
    assert 0 <= need.score <= 100
    assert need.score - whole in (0, 0.5)


@given(answers=answers, which=st.sampled_from(sorted(NOTHING)))
@settings(deadline=None)
def test_a_worse_answer_always_raises_the_score(answers, which):
    scale = list(ROLE_POINTS) if which == "role_threat" else list(range(11))
    place = scale.index(answers[which])
    if place + 1 < len(scale):
        worse = answers | {which: scale[place + 1]}
        assert assess(**worse).score > assess(**answers).score


@pytest.mark.parametrize("name", ["pain", "enjoyment", "activity", "sleep"])
@pytest.mark.parametrize("value", [-1, 11])
def test_an_answer_outside_0_to_10_is_refused_by_its_name(name, value):
    with pytest.raises(ValueError, match=f"{name} must be 0 to 10: {value}"):
        assess(**NOTHING | {name: value})


@pytest.mark.parametrize("value", [-7, 1, 8, 21, 40])
def test_a_threat_to_role_that_was_not_offered_is_refused(value):
    with pytest.raises(ValueError, match=f"role_threat must be one of .*: {value}"):
        assess(**NOTHING | {"role_threat": value})


def test_the_points_of_a_threat_to_role_are_those_the_form_offers():
    assert list(ROLE_POINTS) == RoleThreat.values


@pytest.mark.parametrize(
    ("pain", "enjoyment", "activity", "expected"),
    [(0, 0, 0, 0), (10, 10, 10, 10), (7, 5, 6, 6), (1, 0, 0, 1 / 3)],
)
def test_peg_is_the_mean_of_its_three_items(pain, enjoyment, activity, expected):
    found = peg(pain=pain, enjoyment=enjoyment, activity=activity)
    assert found == pytest.approx(expected)
