"""A block of data in a page: a browser reads it, runs nothing, and has no complaint."""

from __future__ import annotations

import pytest

from tests.content import open_guide
from tests.texts import reword

pytestmark = pytest.mark.browser
HOSTILE = "</script><script>document.title = 'run'</script>"
READ = """
JSON.parse(document.querySelector('script[type="application/ld+json"]').textContent)
"""
PATHS = ["/about/massage-therapy/", "/conditions/cancer/", "/locations/"]


def test_no_block_of_data_breaks_the_policy_or_is_run(site, window):
    open_guide()
    reword("massage-therapy", summary=HOSTILE)
    page = window(scripts=True)  # which fails the test at a breach of the policy

    told = {}
    for path in PATHS:
        page.goto(path)
        told[path] = page.evaluate(READ)
        assert page.title() != "run"

    assert all(one["@context"] == "https://schema.org" for one in told.values())
    assert told["/about/massage-therapy/"]["description"] == HOSTILE
