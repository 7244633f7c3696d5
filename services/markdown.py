"""Markdown to HTML that is safe to show. Pure: no database, no clock, no settings."""

from __future__ import annotations

import nh3
from django.utils.safestring import SafeString, mark_safe
from markdown_it import MarkdownIt

TAGS = {
    *("p", "br", "hr", "blockquote", "strong", "em", "a"),
    *("h2", "h3", "ul", "ol", "li"),
}
_parser = MarkdownIt("commonmark", {"html": False})


def to_html(text: str) -> SafeString:
    """
    Return `text`, CommonMark, as HTML of a few plain tags.

    Raw HTML is shown as text. Links go to http, https, mailto, tel or this site only. A
    heading of the first level becomes one of the second: the page has its own h1.
    """
    html = _parser.render(text).replace("<h1>", "<h2>").replace("</h1>", "</h2>")
    safe = nh3.clean(
        html,
        tags=TAGS,
        attributes={"a": {"href"}},
        url_schemes={"http", "https", "mailto", "tel"},
        link_rel="noopener",
    )
    return mark_safe(safe)  # noqa: S308 - nh3 has cleaned it
