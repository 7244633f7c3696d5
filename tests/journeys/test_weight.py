"""What a first visit costs, and that it needs nobody but us."""

from __future__ import annotations

import pytest
from django.core.management import call_command
from django.urls import reverse
from django.utils import translation
from playwright.sync_api import Request

from services.machines import entries
from tests.content import open_guide

pytestmark = pytest.mark.browser

BUDGET = 60_000  # bytes of a first view, headers included
ICON = """
fetch(document.querySelector('link[rel=icon]').href, {cache: 'reload'})
  .then(answer => answer.text())
"""
HINTS = "link:is([rel~=preconnect],[rel~=dns-prefetch],[rel~=prefetch],[rel~=preload])"


@pytest.fixture
def static_files(settings, tmp_path):
    """Static files as production sends them: hashed, packed, and kept for long."""
    settings.STATIC_ROOT = tmp_path
    settings.STORAGES = settings.STORAGES | {
        "staticfiles": {
            "BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"
        }
    }
    settings.WHITENOISE_USE_FINDERS = settings.WHITENOISE_AUTOREFRESH = False
    call_command("collectstatic", ignore_patterns=["admin"], verbosity=0)


def addresses() -> list[str]:
    """Return every page that machines may list, and the sign-in page, by language."""
    found = []
    for code in ("en", "es"):
        with translation.override(code):
            found += [reverse(one.view, kwargs=one.kwargs) for one in entries()]
            found.append(reverse("account_login"))
    return found


def size(request: Request) -> int:
    """Return the bytes that came, packed as they were; fails where none came."""
    answer = request.response()
    assert answer is not None, f"{request.url}: {request.failure}"
    assert answer.status == 200, request.url
    sizes = request.sizes()
    assert sizes["responseBodySize"] > 0, request.url
    return sizes["responseBodySize"] + sizes["responseHeadersSize"]


def test_a_first_view_is_light_and_asks_nothing_of_another_address(site, window):
    open_guide()
    page = window(scripts=True)
    never = page.context.new_cdp_session(page)  # what a page needs comes anew each time
    never.send("Network.enable")
    never.send("Network.setCacheDisabled", {"cacheDisabled": True})
    asked: list[Request] = []
    page.on("request", lambda request: asked.append(request))
    weights, strangers = {}, []
    for address in addresses():
        asked.clear()
        page.goto(address)
        page.evaluate(ICON)  # a window without a frame leaves it out; people's do not
        weights[address] = {one.url.removeprefix(site): size(one) for one in asked}
        strangers += [one.url for one in asked if not one.url.startswith(f"{site}/")]
        kinds = {one.resource_type for one in asked}
        assert kinds >= {"document", "stylesheet", "fetch"}, address
        assert page.locator(HINTS).count() == 0, address

    heaviest = max(weights, key=lambda address: sum(weights[address].values()))
    total = sum(weights[heaviest].values())
    assert total <= BUDGET, f"{heaviest}: {total} bytes: {weights[heaviest]}"
    assert strangers == []
    assert len(weights) > 40
