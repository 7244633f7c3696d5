"""Markdown becomes a few plain tags, and nothing that runs."""

from __future__ import annotations

from html import unescape
from html.parser import HTMLParser

import pytest
from django.utils.safestring import SafeString
from hypothesis import example, given, settings
from hypothesis import strategies as st

from services.markdown import TAGS, to_html

SCHEMES = {"http", "https", "mailto", "tel"}
unhurried = settings(deadline=None)  # a slow machine is no fault


class Seen(HTMLParser):
    """Every tag and attribute of some HTML, as a browser would meet it."""

    def __init__(self, html):
        super().__init__()
        self.tags, self.attributes, self.text = [], [], ""
        self.feed(html)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes += attrs

    def handle_data(self, data):
        self.text += data


@pytest.mark.parametrize(
    ("text", "html"),
    [
        (
            "One *word* and **two**.",
            "<p>One <em>word</em> and <strong>two</strong>.</p>",
        ),
        ("# A head", "<h2>A head</h2>"),
        ("## A head", "<h2>A head</h2>"),
        ("### A head", "<h3>A head</h3>"),
        ("- one\n- two", "<ul>\n<li>one</li>\n<li>two</li>\n</ul>"),
        ("1. one", "<ol>\n<li>one</li>\n</ol>"),
        ("a & b < c", "<p>a &amp; b &lt; c</p>"),
        ("", ""),
    ],
)
def test_markdown_becomes_plain_tags(text, html):
    found = to_html(text)
    assert found.strip() == html
    assert isinstance(found, SafeString)


@pytest.mark.parametrize(
    "raw",
    [
        "<script>alert(1)</script>",
        "<img src=x onerror=alert(1)>",
        "<p onclick='alert(1)'>",
        "<style>p { display: none }</style>",
        "<!-- note -->",
        "</section>",
        "text <b>bold</b> text",
    ],
)
def test_raw_html_is_shown_as_text(raw):
    found = to_html(raw)
    assert set(Seen(found).tags) <= {"p"}
    assert Seen(found).attributes == []
    assert Seen(found).text.strip() == raw


@pytest.mark.parametrize(
    "link",
    [
        "https://example.org/a?b=c&d=e",
        "http://example.org/",
        "mailto:clinic@example.org",
        "tel:+15075550123",
        "/research/",
        "#top",
    ],
)
def test_links_to_the_web_to_mail_to_telephones_and_to_this_site_stay(link):
    seen = Seen(to_html(f"[Read it]({link})"))
    assert dict(seen.attributes)["href"] == link
    assert seen.text.strip() == "Read it"


@pytest.mark.parametrize(
    "link",
    [
        "javascript:alert(1)",
        "JaVaScRiPt:alert(1)",
        "javascript&#58;alert(1)",
        "&#106;avascript:alert(1)",
        "javascript&colon;alert(1)",
        "<java\tscript:alert(1)>",
        "<\x01javascript:alert(1)>",
        "vbscript:msgbox(1)",
        "data:text/html;base64,PHNjcmlwdD4=",
        "file:///etc/passwd",
        "ftp://example.org/",
        "blob:https://example.org/1",
    ],
)
def test_links_that_run_something_or_lead_elsewhere_are_dropped(link):
    seen = Seen(to_html(f"[Press]({link}) and <{link}>"))
    scheme = unescape(link).strip("<>\x01").partition(":")[0].replace("\t", "").lower()
    hrefs = [value for name, value in seen.attributes if name == "href"]
    assert not [one for one in hrefs if one.lower().lstrip().startswith(scheme + ":")]
    assert "Press" in seen.text


def test_pictures_code_and_tables_lose_their_tags_and_keep_their_words():
    assert Seen(to_html("![A hand](x.png)")).tags == ["p"]
    assert "rm -rf" in Seen(to_html("    rm -rf")).text
    assert "a" in Seen(to_html("```\na\n```")).text


def test_links_say_that_the_page_they_open_may_not_reach_back():
    assert (
        dict(Seen(to_html("[a](https://example.org)")).attributes)["rel"] == "noopener"
    )


@unhurried
@given(text=st.text(max_size=200))
@example(text="[a](javascript:alert(1))")
@example(text='<a href="javascript:alert(1)">a</a>')
@example(text='[a](/ "x\\" onclick=alert(1)")')
@example(text="# <h1 onload=a>")
def test_whatever_is_written_only_plain_tags_come_out(text):
    seen = Seen(to_html(text))
    assert set(seen.tags) <= TAGS
    assert {name for name, _ in seen.attributes} <= {"href", "rel", "title"}
    for name, value in seen.attributes:
        if name == "href" and ":" in value.split("/")[0]:
            assert value.split(":")[0].lower() in SCHEMES


def test_a_very_long_text_is_no_trouble():
    found = to_html("[" * 2_000 + "*" * 10_000 + "word" * 10_000)
    assert Seen(found).text.count("word") == 10_000
