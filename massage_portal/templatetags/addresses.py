"""
Django's tag `url`, which finds an address that takes no argument once a language.

A page leads to some twenty others, and Django finds each anew through its resolvers.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from django.conf import settings
from django.template import Context, Library, Node
from django.template.base import Parser, Token
from django.template.defaulttags import url as django_url
from django.urls import get_script_prefix, get_urlconf, reverse
from django.utils.html import escape
from django.utils.translation import get_language

register = Library()


class Address(Node):
    """What `{% url "..." %}` says."""

    def __init__(self, name: str) -> None:
        self._name = name

    def render(self, context: Context) -> str:
        """Return it."""
        urls = get_urlconf() or settings.ROOT_URLCONF
        found = _address(self._name, urls, get_script_prefix(), get_language())
        return escape(found) if context.autoescape else found


@lru_cache(maxsize=500)
def _address(name: str, urls: Any, _prefix: str, _language: str | None) -> str:
    return reverse(name, urlconf=urls)


@register.tag("url")
def url(parser: Parser, token: Token) -> Node:
    """Return Django's node where there is more to an address than its name."""
    node: Any = django_url(parser, token)
    name = node.view_name.var  # a text, if it stands in the template
    if not isinstance(name, str) or node.view_name.filters:
        return node
    # The admin's depend on which admin it is; what may be missing, on `as`.
    if node.args or node.kwargs or node.asvar or name.startswith("admin:"):
        return node
    return Address(name)
