"""How dates in words stand on a page."""

from __future__ import annotations

import re

from django.template import Library

register = Library()

# A number and the word beside it. Longer stretches would leave a narrow page, where a
# reader asks for more room between letters.
_BESIDE = re.compile(r"(?<!,) (?=\d)|(?<=\d) ")


@register.filter
def unbroken(date: str) -> str:
    """Return a date in words that breaks after its weekday, and beside no number."""
    weekday, space, day = date.partition(" ")
    return weekday + space + _BESIDE.sub("\N{NO-BREAK SPACE}", day)
