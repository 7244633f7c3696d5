"""
The link by which whoever got a mail stops what need not be sent (RFC 8058).

It holds the reader's key, signed for this purpose alone: nobody can make one for
somebody else. It does not expire, for old mails have the button too.
"""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.urls import reverse
from django.utils import translation

from massage_portal.stencils import kept
from massage_portal.tokens import sign, unsign

PURPOSE = "outbox.stop"


def token_of(user: Any) -> str:
    """Return the token for one user, fit for the path of an address."""
    return sign(PURPOSE, user.pk)


def stop_address(user: Any) -> str:
    """Return the whole address of the page that stops what need not be sent."""
    return _stop_address(user.pk, user.language, settings.PORTAL_ORIGIN)


@kept  # a mail says it in its words and in its head
def _stop_address(key: int, language: str, origin: str) -> str:
    before, after = _around_token(language)
    return f"{origin}{before}{sign(PURPOSE, key)}{after}"


@kept
def _around_token(language: str) -> tuple[str, str]:
    """Return what stands before and after the token in the path of that page."""
    with translation.override(language):
        path = reverse("outbox:stop", args=[PURPOSE])
    before, _token, after = path.rpartition(PURPOSE)
    return before, after


def whose(token: str) -> int:
    """Return the key of the user the link was made for; NO_ROW for any other text."""
    return unsign(PURPOSE, token)


def unsubscribing(user: Any) -> dict[str, str]:
    """Return the headers from which mail programs make their button."""
    return {
        "List-Unsubscribe": f"<{stop_address(user)}>",
        "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
    }
