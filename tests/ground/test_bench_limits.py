"""What `make bench` says of its limits."""

from __future__ import annotations

from math import inf

import pytest

from tests.benchmarks.figures import Figure, Limit, missed, table
from tests.crowd import Answer, p95


def page(value, *limits, unit="ms"):
    return Figure("page", value, "floor", 10.0, unit=unit, limits=limits)


@pytest.mark.parametrize(
    ("figure", "kept"),
    [
        pytest.param(page(500, Limit(500)), True, id="as long as it may"),
        pytest.param(page(500.1, Limit(500)), False, id="longer than it may"),
        pytest.param(page(inf, Limit(500)), False, id="never answered"),
        pytest.param(page(100, Limit(10, of_floor=True)), True, id="ten floors"),
        pytest.param(page(101, Limit(10, of_floor=True)), False, id="over ten floors"),
        pytest.param(page(5, Limit(0.5, of_floor=True), unit="/s"), True, id="half"),
        pytest.param(page(4, Limit(0.5, of_floor=True), unit="/s"), False, id="less"),
        pytest.param(page(4000, Limit(4000), unit="MB"), True, id="as much memory"),
        pytest.param(page(4001, Limit(4000), unit="MB"), False, id="more memory"),
        pytest.param(page(99, Limit(99), Limit(98)), False, id="one of two"),
    ],
)
def test_a_time_may_not_be_over_its_limit_and_a_rate_not_under(figure, kept):
    assert (missed([figure]) == []) is kept
    assert table([figure]).endswith("met" if kept else "MISSED")


def test_every_limit_that_is_missed_is_named_with_what_was_found():
    figures = [page(700, Limit(500), Limit(600)), page(7)]

    assert missed(figures) == [
        "page: 700.0 ms, not <= 500 ms",
        "page: 700.0 ms, not <= 600 ms",
    ]


def test_an_answer_that_never_came_is_not_a_fast_one():
    answers = [Answer(200, 3.0)] * 18 + [Answer(0, 0.1)] * 2

    assert p95(answers) == inf
    assert p95(answers[:19]) == inf
    assert p95(answers[:18]) == 3.0
