"""What staff type to find a patient, taken apart. Pure: no database, no clock."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import suppress
from datetime import date
from typing import NamedTuple

from massage_portal.dates import DateParts, read_date

LONGEST, MOST_WORDS = 200, 6
SHORT = 3  # letters; a shorter word counts only at the beginning of a name
_NUMBERS = re.compile(
    r"\b(\d{1,4})([/.-])(\d{1,2})\2(\d{1,4})\b|(?<![\w-])(\d{8})(?![\w-])"
)
_LETTERS = r"[^\W\d_]{3,}\.?"
_IN_WORDS = re.compile(
    rf"\b(?P<m1>{_LETTERS})\s+(?P<d1>\d{{1,2}})(?:st|nd|rd|th)?,?\s+(?P<y1>\d{{4}})\b"
    rf"|\b(?P<d2>\d{{1,2}})\s+(?:de\s+)?(?P<m2>{_LETTERS}),?"
    rf"\s+(?:de\s+)?(?P<y2>\d{{4}})\b",
    re.IGNORECASE,
)


class Sought(NamedTuple):
    """The words of a name or a number, and what a birth date may be."""

    words: tuple[str, ...]
    born: tuple[date, ...]
    date_typed: str = ""

    @property
    def nothing(self) -> bool:
        """Whether nothing was typed."""
        return not self.words and not self.born


def take_apart(text: str) -> Sought:
    """
    Return the words in `text`, and the one birth date, in any usual form.

    Month before day, as in the United States; day before month where only that can
    be. Two digits of a year are of this century or the last one. What is no date stays
    a word.
    """
    text = text.replace("\0", "")[:LONGEST]
    for pattern, read in ((_IN_WORDS, _in_words), (_NUMBERS, _in_numbers)):
        for found in pattern.finditer(text):
            born = tuple(read(found))
            if born:
                rest = f"{text[: found.start()]} {text[found.end() :]}"
                return Sought(_words(rest), born, found.group())
    return Sought(_words(text), ())


def _words(text: str) -> tuple[str, ...]:
    return tuple(text.replace(",", " ").split()[:MOST_WORDS])


def _in_words(found: re.Match[str]) -> Iterator[date]:
    part = found.groupdict()
    typed = [(part["m1"] or part["m2"], part["d1"] or part["d2"])]
    yield from _dates(typed, part["y1"] or part["y2"])


def _in_numbers(found: re.Match[str]) -> Iterator[date]:
    first, _mark, middle, last, digits = found.groups()
    if digits:  # 03141985, or 19850314
        yield from _dates([(digits[:2], digits[2:4])], digits[4:])
        yield from _dates([(digits[4:6], digits[6:])], digits[:4])
    elif len(first) == 4:
        yield from _dates([(middle, last)], first)
    elif len(last) in (2, 4):
        yield from _dates([(first, middle), (middle, first)], last)


def _dates(typed: list[tuple[str, str]], year: str) -> Iterator[date]:
    """Yield the dates of the first pair of month and day that makes any."""
    years = [f"19{year}", f"20{year}"] if len(year) == 2 else [year]
    for month, day in typed:
        born = []
        for one in years:
            with suppress(ValueError):
                read = read_date(DateParts(month, day, one))
                born += [read] if read and 1900 <= read.year < 2100 else []
        if born:
            yield from born
            return


def easily_mistaken(born: date) -> list[date]:
    """Return the dates typed for `born` by mistake: day and month, or one digit."""
    found = set()
    with suppress(ValueError):
        found.add(born.replace(month=born.day, day=born.month))
    digits = f"{born:%Y%m%d}"
    for place in range(8):
        for digit in "0123456789":
            with suppress(ValueError):
                found.add(
                    date.fromisoformat(f"{digits[:place]}{digit}{digits[place + 1 :]}")
                )
    return sorted(one for one in found - {born} if 1900 <= one.year < 2100)


def as_new(text: str) -> dict[str, object]:
    """Return how what was typed in the search begins a new record, by field."""
    sought = take_apart(text)
    begun: dict[str, object] = {"birth_date": sought.born[0]} if sought.born else {}
    numbers = [word for word in sought.words if any(map(str.isdecimal, word))]
    names = [word for word in sought.words if word not in numbers]
    if numbers:
        begun["record_number"] = numbers[0]
    if not names:
        return begun
    if "," in text or len(names) == 1:  # Rivera, Juniper
        first, *others = names
        return begun | {"family_name": first, "given_name": " ".join(others)}
    return begun | {"given_name": names[0], "family_name": " ".join(names[1:])}
