"""Markdown to HTML that is safe to show. Pure: no database, no clock, no settings."""

from __future__ import annotations

import nh3
from django.utils.safestring import SafeString, mark_safe
from markdown_it import MarkdownIt

TAGS = {
    "p",
    "h2",
    "h3",
    "ul",
    "ol",
    "li",
    "a",
    "strong",
    "em",
    "blockquote",
    "br",
    "hr",
}
_parser = MarkdownIt("commonmark", {"html": False})


def to_html(text: str) -> SafeString:
    """
    Return `text`, CommonMark, as HTML of a few plain tags.

    Raw HTML is shown as text; links go to http, https, mailto, tel or this site only.
    """
    html = nh3.clean(
        _parser.render(text),
        tags=TAGS,
        attributes={"a": {"href"}},
        url_schemes={"http", "https", "mailto", "tel"},
        link_rel="noopener",
    )
    return mark_safe(html)  # noqa: S308 - nh3 has cleaned it
