"""How dates in words stand on a page."""

from __future__ import annotations

import re

from django.template import Library

register = Library()

_WITHIN = re.compile(r"(?<!,) ")  # a space that no comma goes before


@register.filter
def unbroken(date: str) -> str:
    """Return a date in words that breaks after its weekday and its commas alone."""
    weekday, space, day = date.partition(" ")
    return weekday + space + _WITHIN.sub("\N{NO-BREAK SPACE}", day)
