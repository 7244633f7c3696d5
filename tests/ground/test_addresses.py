"""Addresses that take no argument are found once, and are still right."""

from __future__ import annotations

import pytest
from django.template import engines
from django.test import override_settings
from django.urls import NoReverseMatch, path, reverse, set_script_prefix
from django.utils.translation import override

urlpatterns = [path("elsewhere/", lambda _request: None, name="outer")]


def drawn(source, **context):
    return engines["django"].from_string(source).render(context)


def test_an_address_is_that_of_django():
    assert drawn('{% url "services:home" %}') == reverse("services:home")
    assert drawn("{% url name %}", name="services:home") == reverse("services:home")
    assert drawn('{% url "appointments:triage" 7 %}') == reverse(
        "appointments:triage", args=[7]
    )


def test_it_is_looked_for_once(monkeypatch):
    page = '{% url "services:privacy" %}'
    before = drawn(page)
    monkeypatch.delattr("massage_portal.templatetags.addresses.reverse")
    assert drawn(page) == before


def test_each_language_has_its_own():
    page = '{% url "services:home" %}'
    assert drawn(page) == "/"
    with override("es"):
        assert drawn(page) == reverse("services:home") == "/es/"
    assert drawn(page) == "/"


def test_other_addresses_and_another_prefix_are_not_mixed_up():
    with override_settings(ROOT_URLCONF="tests.ground.test_addresses"):
        assert drawn('{% url "outer" %}') == "/elsewhere/"
        with pytest.raises(NoReverseMatch):
            drawn('{% url "services:privacy" %}')
    with pytest.raises(NoReverseMatch):
        drawn('{% url "outer" %}')
    set_script_prefix("/clinic/")
    try:
        assert drawn('{% url "services:privacy" %}').startswith("/clinic/")
    finally:
        set_script_prefix("/")
    assert not drawn('{% url "services:privacy" %}').startswith("/clinic/")


def test_what_is_missing_is_told_or_left_empty_as_django_does():
    with pytest.raises(NoReverseMatch):
        drawn('{% url "services:nowhere" %}')
    assert drawn('{% url "services:nowhere" as there %}[{{ there }}]') == "[]"
