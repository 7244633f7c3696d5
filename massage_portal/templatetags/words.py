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


class Word(Node):
    """What `{% translate "..." %}` says, by language; no filter, no context."""

    def __init__(self, node: i18n.TranslateNode) -> None:
        self._name, node.asvar = node.asvar, None
        self._node = node
        self._said: dict[str | None, str] = {}

    def render(self, context: Context) -> str:
        """Return it, or put it under the name that `as` gives."""
        language = get_language()
        if language not in self._said:
            self._said[language] = self._node.render(context)
        if not self._name:
            return self._said[language]
        context[self._name] = self._said[language]
        return ""


@register.tag("translate")
@register.tag("trans")
def translate(parser: Parser, token: Token) -> Node:
    """Return Django's node where the word is known only when the page is drawn."""
    node = i18n.do_translate(parser, token)
    word = node.filter_expression
    stands = isinstance(word.var.literal, str) and not word.filters
    if node.noop or node.message_context or not stands:
        return node
    return Word(node)
