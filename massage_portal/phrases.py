"""
Words and days as one language says them, each looked up once.

A board says a few of them many times over, and says them again on the next page. Django
finds each anew through two proxies, and spells each day out letter by letter.
"""

from __future__ import annotations

from datetime import date
from functools import cache

from django.db.models import TextChoices
from django.utils.formats import date_format
from django.utils.translation import get_language, gettext, ngettext, override

from massage_portal.stencils import kept


class Phrases:
    """
    Words and days in the language that is set when it is made, also after another is.

    `say` and `count` are as gettext and ngettext; call them by these names, so that
    whoever translates finds the words.
    """

    def __init__(self) -> None:
        here = get_language()
        self.say = cache(lambda text: _said(text, here))
        self.count = cache(lambda one, many, number: _counted(one, many, number, here))
        self.day = cache(lambda day: _day(day, here))
        self.date = cache(lambda day: _date(day, here))
        self.labels = cache(lambda codes: _labels(codes, here))


@kept
def _said(text: str, language: str | None) -> str:
    with override(language):
        return gettext(text)


@kept
def _counted(one: str, many: str, number: int, language: str | None) -> str:
    with override(language):
        return ngettext(one, many, number)


@kept
def _day(day: date, language: str | None) -> str:
    """Return a day of this year or the next: Mar 3."""
    with override(language):
        return date_format(day, gettext("M j"))


@kept
def _date(day: date, language: str | None) -> str:
    """Return a day with its year, as the language writes it."""
    with override(language):
        return date_format(day)


@kept
def _labels(codes: type[TextChoices], language: str | None) -> dict[str, str]:
    """Return what the codes are called."""
    with override(language):
        return {str(one): str(one.label) for one in codes}
