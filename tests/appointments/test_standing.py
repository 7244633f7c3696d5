"""What a patient is told of their place: words, and never a number that points."""

from __future__ import annotations

from collections import Counter

import pytest

from appointments.standing import FEW, people_before


def test_the_first_in_line_is_told_so():
    said = people_before(0)
    assert said == "You are among those who need care most."


@pytest.mark.parametrize("ahead", range(1, FEW))
def test_of_a_few_people_no_number_is_told(ahead):
    said = people_before(ahead)
    assert said == "A few people are in more pressing need than you."


@pytest.mark.parametrize(
    ("ahead", "about"),
    [(5, 10), (9, 10), (14, 10), (16, 20), (24, 20), (26, 30), (104, 100), (999, 1000)],
)
def test_of_more_people_only_the_nearest_ten_is_told(ahead, about):
    said = people_before(ahead)
    assert said == f"About {about} people are in more pressing need than you."


def test_each_number_told_fits_at_least_nine_counts():
    told = Counter(people_before(ahead) for ahead in range(FEW, 205))
    assert min(told.values()) >= 9


def test_the_order_of_what_is_told_follows_the_count():
    words = list(dict.fromkeys(people_before(ahead) for ahead in range(301)))
    numbers = [int(said.split()[1]) for said in words[2:]]
    assert words[0].startswith("You are among")
    assert words[1].startswith("A few")
    assert numbers == list(range(10, 301, 10))


@pytest.mark.parametrize("ahead", [-1, -100])
def test_a_negative_count_is_refused(ahead):
    with pytest.raises(ValueError, match=f"ahead must not be negative: {ahead}"):
        people_before(ahead)
