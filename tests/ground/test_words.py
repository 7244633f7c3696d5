"""Words of templates are looked up once in each language, and are still right."""

from __future__ import annotations

import pytest
from django.template import engines
from django.utils.safestring import SafeString
from django.utils.translation import gettext, override

from massage_portal.templatetags import words

SIGN_OUT = '{% load i18n %}{% translate "Sign out" %}'


def drawn(template, language, **context):
    with override(language):
        return template.render(context)


def parsed(source):
    return engines["django"].from_string(source)


def test_each_language_says_its_own_word_however_often_it_is_drawn():
    page = parsed(SIGN_OUT)

    said = [drawn(page, language) for language in ["es", "en", "es", None, "en"]]

    with override("es"):
        spanish = gettext("Sign out")
    assert spanish != "Sign out"
    assert said == [spanish, "Sign out", spanish, "Sign out", "Sign out"]


def test_a_word_is_looked_up_once_in_a_language(monkeypatch):
    page = parsed(SIGN_OUT)
    before = drawn(page, "es")
    monkeypatch.delattr("django.template.base.gettext_lazy")

    assert drawn(page, "es") == before
    with pytest.raises(NameError):
        drawn(page, "en")


def test_a_word_may_have_a_name_and_is_not_escaped_twice():
    page = parsed(
        '{% load i18n %}{% translate "Don\'t" as word %}[{{ word }}]'
        '{% translate "100%" %}{% translate "<b>" as bold %}{{ bold }}'
    )

    assert drawn(page, "en") == drawn(page, "en") == "[Don't]100%<b>"
    assert isinstance(drawn(page, "en"), SafeString)


def test_what_is_known_only_as_the_page_is_drawn_is_looked_up_each_time():
    page = parsed(
        '{% load i18n %}{% translate word %}{% translate "sign"|upper %}'
        '{% translate "May" context "verb" %}'
    )

    assert drawn(page, "en", word="one") == "oneSIGNMay"
    assert drawn(page, "en", word="two") == "twoSIGNMay"


def test_every_other_tag_is_the_one_of_django():
    ours, theirs = words.register, words.i18n.register

    assert {name for name in theirs.tags if ours.tags[name] is theirs.tags[name]} == (
        set(theirs.tags) - {"translate", "trans"}
    )
    assert ours.filters == theirs.filters
