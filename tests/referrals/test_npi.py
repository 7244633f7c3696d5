"""The check digit of provider identifiers, against what CMS published."""

from __future__ import annotations

import pytest
from django.core.exceptions import ValidationError
from hypothesis import example, given, settings
from hypothesis import strategies as st

from referrals.npi import check_digit, is_npi, validate_npi

NINE = st.builds(
    lambda first, rest: f"{first}{rest:08d}",
    st.sampled_from("12"),
    st.integers(0, 10**8 - 1),
)
unhurried = settings(deadline=None)  # a slow machine is no fault


def npi(nine):
    return f"{nine}{check_digit(nine)}"


def test_the_example_that_cms_published_is_right():
    """CMS, "Requirements for National Provider Identifier and NPI Check Digit"."""
    assert check_digit("123456789") == 3
    assert is_npi("1234567893")


@unhurried
@given(nine=NINE)
def test_every_nine_digits_have_one_tenth(nine):
    fitting = [last for last in "0123456789" if is_npi(nine + last)]
    assert fitting == [str(check_digit(nine))]


@unhurried
@given(nine=NINE, place=st.integers(0, 9), shift=st.integers(1, 9))
def test_one_wrong_digit_is_always_noticed(nine, place, shift):
    right = npi(nine)
    wrong = str((int(right[place]) + shift) % 10)

    assert is_npi(right)
    assert not is_npi(right[:place] + wrong + right[place + 1 :])


@unhurried
@given(nine=NINE, place=st.integers(0, 8))
@example(nine="109000000", place=1)
def test_two_neighbors_exchanged_are_noticed_unless_they_are_0_and_9(nine, place):
    """The Luhn formula cannot tell 09 from 90: that is its one known blind spot."""
    right = npi(nine)
    one, two = right[place : place + 2]
    swapped = right[:place] + two + one + right[place + 2 :]

    if {one, two} == {"0", "9"}:
        assert is_npi(swapped)
    else:
        assert is_npi(swapped) == (one == two)


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("", id="nothing"),
        pytest.param("123456789", id="nine digits"),
        pytest.param("12345678930", id="eleven digits"),
        pytest.param("1234567894", id="the last digit does not fit"),
        pytest.param(npi("323456789"), id="begins with 3, though its last digit fits"),
        pytest.param(npi("023456789"), id="begins with 0, though it fits"),
        pytest.param(" 1234567893", id="a space before"),
        pytest.param("1234567893\n", id="a line break after"),
        pytest.param("123-456-7893", id="hyphens"),
        pytest.param("".join(chr(0x660 + n) for n in range(10)), id="Arabic digits"),
        pytest.param("123456789\u00b3", id="a superscript three"),
        pytest.param("1" * 10_000, id="10,000 digits"),
        pytest.param("123456789\0", id="NUL"),
    ],
)
def test_what_is_no_identifier_is_refused_in_words(text):
    assert not is_npi(text)
    with pytest.raises(ValidationError, match="not a valid NPI") as refusal:
        validate_npi(text)
    assert refusal.value.code == "npi"


def test_an_identifier_passes_validation_without_a_word():
    assert validate_npi("1234567893") is None


@pytest.mark.parametrize(
    "digits", ["12345678", "1234567890", "12345678x", "12345678\u00b2", ""]
)
def test_a_check_digit_is_asked_for_nine_digits_only(digits):
    with pytest.raises(ValueError, match="not nine digits"):
        check_digit(digits)
