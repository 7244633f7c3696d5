"""
Django's tags of translation, under their own name: `{% load i18n %}` loads these.

A page draws some fifty words of its own, and Django finds each anew through two
proxies: a quarter of the time that drawing takes. A word that stands in a template is
looked up once in each language here.
"""

from __future__ import annotations

from django.template import Context, Library, Node
from django.template.base import Parser, Token
from django.templatetags import i18n
from django.utils.translation import get_language

register = Library()
register.tags.update(i18n.register.tags)
register.filters.update(i18n.register.filters)

_said: dict[tuple[str, str | None], str] = {}  # by word and language


def forget() -> None:
    """Look each word up anew; for tests, whose languages change."""
    _said.clear()


class Word(Node):
    """What `{% translate "..." %}` says, by language; no filter, no context."""

    def __init__(self, node: i18n.TranslateNode, word: str) -> None:
        self._name, node.asvar = node.asvar, None
        self._node, self._word = node, word

    def render(self, context: Context) -> str:
        """Return it, or put it under the name that `as` gives."""
        key = self._word, get_language()
        if key not in _said:
            _said[key] = self._node.render(context)
        if not self._name:
            return _said[key]
        context[self._name] = _said[key]
        return ""


@register.tag("translate")
@register.tag("trans")
def translate(parser: Parser, token: Token) -> Node:
    """Return Django's node where the word is known only when the page is drawn."""
    node = i18n.do_translate(parser, token)
    word, filters = node.filter_expression.var.literal, node.filter_expression.filters
    if node.noop or node.message_context or filters or not isinstance(word, str):
        return node
    return Word(node, word)
