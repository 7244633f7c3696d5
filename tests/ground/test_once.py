"""Parts of pages that are drawn once are right in each language, and tell of nobody."""

from __future__ import annotations

import pytest
from django.template import TemplateSyntaxError, engines
from django.test import override_settings
from django.urls import path, set_script_prefix
from django.utils.translation import gettext, override

urlpatterns = [path("elsewhere/", lambda _request: None, name="outer")]


def parsed(source):
    return engines["django"].from_string(source)


def test_each_language_has_its_own():
    page = parsed('{% load i18n %}{% once %}{% translate "Sign out" %}{% endonce %}')
    with override("es"):
        spanish = gettext("Sign out")

    for _ in range(2):
        assert page.render() == "Sign out" != spanish
        with override("es"):
            assert page.render() == spanish


def test_it_is_drawn_once(monkeypatch):
    page = parsed('{% once %}{% include "components/mark.html" %}{% endonce %}')
    before = page.render()
    monkeypatch.delattr("django.template.loader_tags.IncludeNode.render")

    assert page.render() == before
    assert "<svg" in before


def test_nothing_of_the_person_for_whom_it_is_drawn_is_kept():
    page = parsed("{% once %}[{{ name }}]{% endonce %}{{ name }}")

    assert page.render({"name": "Ada"}) == "[]Ada"
    assert page.render({"name": "Grace"}) == "[]Grace"


def test_a_flag_is_true_or_false_and_no_more():
    page = parsed("{% once may %}{% if may %}yes{% endif %}[{{ may }}]{% endonce %}")

    assert page.render({"may": "Ada"}) == "yes[True]"
    assert page.render({"may": "Grace"}) == "yes[True]"
    assert page.render({"may": ""}) == "[False]"


def test_a_flag_that_is_not_there_is_no_flag_that_is_false():
    with pytest.raises(KeyError, match="may"):
        parsed("{% once may %}{% if may %}yes{% endif %}{% endonce %}").render()


@pytest.mark.parametrize(
    "source",
    [
        "{% once perms.appointments.view %}{% endonce %}",
        '{% once %}{% now "u" %}{% endonce %}',
        "{% once %}<form>{% csrf_token %}</form>{% endonce %}",
    ],
)
def test_what_changes_is_not_drawn_once(source):
    with pytest.raises(TemplateSyntaxError, match=r"drawn once|name of a flag"):
        parsed(source)


def test_it_does_not_see_for_which_request_it_is_drawn(rf):
    page = parsed("{% once %}{% querystring page=2 %}{% endonce %}")
    with pytest.raises(AttributeError, match="request"):
        page.render({}, rf.get("/?q=Ada"))


def test_two_parts_that_look_alike_are_not_mixed_up():
    one, other = (parsed(f"{{% once %}}{text}{{% endonce %}}") for text in "ab")

    assert [one.render(), other.render(), one.render()] == ["a", "b", "a"]


def test_addresses_in_it_are_those_of_the_site_that_is_asked():
    home = parsed('{% once %}{% url "services:home" %}{% endonce %}')
    assert home.render() == "/"
    set_script_prefix("/clinic/")
    try:
        assert home.render() == "/clinic/"
    finally:
        set_script_prefix("/")
    outer = parsed('{% once %}{% url "outer" %}{% endonce %}')
    with override_settings(ROOT_URLCONF="tests.ground.test_once"):
        assert outer.render() == "/elsewhere/"


def test_a_block_that_another_page_may_fill_is_refused():
    with pytest.raises(TemplateSyntaxError, match="what changes"):
        parsed(
            "{% once %}{% if x %}{% block b %}{% endblock %}{% endif %}{% endonce %}"
        )
