"""What the head of a page says to machines, read as they read it."""

from __future__ import annotations

import json
import re


def head(answer):
    return answer.content.decode().split("</head>")[0]


def links(answer, rel):
    """Return the <link> elements of a kind as {hreflang or "": href}."""
    found = {}
    for tag in re.findall(rf'<link rel="{rel}"[^>]*>', head(answer)):
        code = re.search(r'hreflang="([^"]*)"', tag)
        if code or rel == "canonical":
            found[code[1] if code else ""] = re.search(r'href="([^"]*)"', tag)[1]
    return found


def graph(answer):
    """Return the properties of Open Graph."""
    return dict(
        re.findall(r'<meta property="([^"]+)" content="([^"]*)">', head(answer))
    )


def data(answer):
    """Return the block of data, or None."""
    begin = '<script type="application/ld+json">'
    text = answer.content.decode()
    if begin not in text:
        return None
    assert text.count(begin) == 1
    return json.loads(text.split(begin)[1].split("</script>")[0])
