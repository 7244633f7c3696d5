"""Words and days are looked up once in each language, and are still right."""

from __future__ import annotations

from datetime import date

import pytest
from django.utils.formats import date_format
from django.utils.translation import gettext, ngettext, override

from massage_portal.phrases import Phrases
from referrals.codes import Priority

DAY = date(2026, 3, 9)
ONE, MANY = (
    "In %(days)d day they pass the one before them.",
    "In %(days)d days they pass the one before them.",
)


def said(phrases):
    return [
        phrases.say("referral ended"),
        *(phrases.count(ONE, MANY, number) for number in (1, 2)),
        phrases.day(DAY),
        phrases.date(DAY),
        phrases.labels(Priority),
    ]


def by_django():
    return [
        gettext("referral ended"),
        *(ngettext(ONE, MANY, number) for number in (1, 2)),
        date_format(DAY, gettext("M j")),
        date_format(DAY),
        {one.value: str(one.label) for one in Priority},
    ]


@pytest.mark.parametrize("language", ["en", "es", None])
def test_they_are_those_of_django_in_the_language_that_was_set(language):
    with override(language):
        phrases, expected = Phrases(), by_django()

    assert said(phrases) == said(phrases) == expected  # after another is set as well


def test_two_languages_say_no_word_alike():
    english = said(Phrases())
    with override("es"):
        spanish = said(Phrases())
    assert [one for one in english if one in spanish] == []


def test_each_is_looked_up_once_in_a_language(monkeypatch):
    before = said(Phrases())
    for name in ("gettext", "ngettext", "date_format"):
        monkeypatch.delattr(f"massage_portal.phrases.{name}")

    assert said(Phrases()) == before
    with override("es"), pytest.raises(NameError):
        said(Phrases())
