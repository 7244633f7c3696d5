"""What people, and those who mean ill, may type into a form."""

from __future__ import annotations

from django.utils.html import escape

LONG = "x" * 10_000
SCRIPT = "<script>alert(1)</script>"
ODD = {  # by what it is; the first three no field of text may take
    "ten thousand letters": LONG,
    "a right-to-left override": "Ana\u202eSecret",
    "a NUL": "Ana\0Secret",
    "four bytes a letter": "🎈🎈",
    "a script": SCRIPT,
    "a template": "{{7*7}}",
    "a formula": "=cmd()",
    "a quote": "'; DROP TABLE x; --",
    "two lines": "Ana\r\nBcc: x@example.org",
}
NEVER_TAKEN = ["ten thousand letters", "a right-to-left override", "a NUL"]


def assert_safe(answer):
    """See that the page shows what was typed as text, and is no server error."""
    assert answer.status_code < 500
    page = answer.content.decode()
    assert SCRIPT not in page
    return page


def assert_refused_at(answer, field, typed):
    """See that the form came back: the fault at its field, what was typed kept."""
    page = assert_safe(answer)
    assert answer.status_code == 422
    assert f'id="id_{field}_error"' in page
    assert 'class="error-summary"' in page
    assert escape(typed) in page
