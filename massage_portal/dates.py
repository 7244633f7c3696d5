"""
Read a date as people type it, in three boxes; say a time of day as all pages do.

Pure: no database, no clock.
"""

from __future__ import annotations

import re
from calendar import monthrange
from collections.abc import Sequence
from datetime import date, datetime, time
from typing import NamedTuple

from django.utils.dates import MONTHS, MONTHS_3
from django.utils.formats import time_format
from django.utils.translation import gettext as _

_ISO = re.compile(r"(\d{4})-(\d{1,2})-(\d{1,2})")
_US = re.compile(r"(\d{1,2})[/. -](\d{1,2})[/. -](\d{4})")


class DateParts(NamedTuple):
    """What was typed; the order is that of the United States."""

    month: str
    day: str
    year: str


class NotADate(ValueError):
    """A text the typist may read, and the names of the parts to mend."""

    def __init__(self, text: str, *parts: str) -> None:
        super().__init__(text)
        self.parts: Sequence[str] = parts


def read_date(typed: DateParts) -> date | None:
    """
    Return the date, or None where nothing was typed.

    A month may be a number or a name, in English or in the language in use. A whole
    date pasted into the first box ("3/14/1985" or "1985-03-14") counts as well.

    :raises NotADate: with what is wrong and where, one fault at a time.
    """
    typed = _spread(typed)
    if not any(typed):
        return None
    _refuse_missing(typed)
    month, year = _month(typed.month), _number(typed.year)
    day = _number(typed.day)
    if not 1 <= month <= 12:
        raise NotADate(
            _("Enter a month from 1 to 12, or its name, like March."), "month"
        )
    if not 1 <= day <= 31:
        raise NotADate(_("Enter a day from 1 to 31."), "day")
    if not 1000 <= year <= 9999:
        raise NotADate(_("Enter the year with all 4 digits, like 1985."), "year")
    last = monthrange(year, month)[1]
    if day > last:
        raise NotADate(
            _("%(month)s %(year)d has only %(days)d days. Check the day and the month.")
            % {"month": MONTHS[month], "year": year, "days": last},
            "month",
            "day",
        )
    return date(year, month, day)


def from_to(start: time | datetime, end: time | datetime) -> str:
    """Return a stretch of a day, as all pages write times: 8 a.m., a dash, noon."""
    return f"{time_format(start, 'P')}–{time_format(end, 'P')}"  # noqa: RUF001


def _spread(typed: DateParts) -> DateParts:
    """Take a whole date in the first box apart."""
    if typed.day or typed.year:
        return typed
    if found := _ISO.fullmatch(typed.month):
        year, month, day = found.groups()
        return DateParts(month, day, year)
    if found := _US.fullmatch(typed.month):
        return DateParts(*found.groups())
    return typed


def _refuse_missing(typed: DateParts) -> None:
    names = {"month": _("the month"), "day": _("the day"), "year": _("the year")}
    missing = [part for part, text in typed._asdict().items() if not text]
    if not missing:
        return
    if len(missing) == 1:
        text = _("Add %(part)s.") % {"part": names[missing[0]]}
    else:
        first, second = (names[part] for part in missing)
        text = _("Add %(first)s and %(second)s.") % {"first": first, "second": second}
    raise NotADate(text, *missing)


def _number(text: str) -> int:
    """Return the number, or 0, which no part of a date may be."""
    return int(text) if text.isdecimal() and len(text) <= 4 else 0


def _month(text: str) -> int:
    """Return the month by number or by name, or 0."""
    if number := _number(text):
        return number
    name = text.casefold().rstrip(".")
    if len(name) < 3:
        return 0
    for number in range(1, 13):
        local = {str(MONTHS[number]), str(MONTHS_3[number]).rstrip(".")}
        if name in {word.casefold() for word in local} | _ENGLISH[number]:
            return number
    return 0


_ENGLISH = {
    number: {name, name[:3], name[:4]}
    for number, name in enumerate(
        [
            "january",
            "february",
            "march",
            "april",
            "may",
            "june",
            "july",
            "august",
            "september",
            "october",
            "november",
            "december",
        ],
        start=1,
    )
}
