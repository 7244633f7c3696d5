"""National Provider Identifiers. Pure: no database, no clock, no settings."""

from __future__ import annotations

from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

PREFIX = "80840"  # health applications, United States: ISO/IEC 7812 card issuer prefix


def check_digit(nine_digits: str) -> int:
    """
    Return the tenth digit that belongs to the first nine, 0 to 9.

    The Luhn formula over the prefix 80840 and the nine digits: every second digit from
    the right is doubled, and digits of the products are summed.

    :raises ValueError: if `nine_digits` is not nine ASCII digits.

    Source: CMS, "Requirements for National Provider Identifier (NPI) and NPI Check
    Digit", 2004.
    """
    if len(nine_digits) != 9 or not (nine_digits.isascii() and nine_digits.isdigit()):
        raise ValueError(f"not nine digits: {nine_digits!r}")
    total = 0
    for place, digit in enumerate(reversed(PREFIX + nine_digits)):
        value = int(digit) * (2 if place % 2 == 0 else 1)
        total += value // 10 + value % 10
    return -total % 10


def is_npi(text: str) -> bool:
    """Say whether `text` is ten digits, begins with 1 or 2, and its last digit fits."""
    return (
        len(text) == 10
        and text.isascii()
        and text.isdigit()
        and text[0] in "12"
        and check_digit(text[:9]) == int(text[9])
    )


def validate_npi(text: str) -> None:
    """
    Refuse what is not an NPI.

    :raises ValidationError: with words for the person who typed it.
    """
    if not is_npi(text):
        raise ValidationError(
            _(
                "This is not a valid NPI. Choose a provider from the list, or check "
                "the ten digits: the last one does not fit the others, or one is "
                "missing."
            ),
            code="npi",
        )
