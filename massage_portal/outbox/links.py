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

from massage_portal.outbox.stencils import kept
from massage_portal.tokens import sign, unsign

PURPOSE = "outbox.stop"


def token_of(user: Any) -> str:
    """Return the token for one user, fit for the path of an address."""
    return sign(PURPOSE, user.pk)


def stop_address(user: Any) -> str:
    """Return the whole address of the page that stops what need not be sent."""
    return _stop_address(settings.PORTAL_ORIGIN, user.language, token_of(user))


@kept
def _stop_address(origin: str, language: str, token: str) -> str:
    with translation.override(language):
        return origin + reverse("outbox:stop", args=[token])


def whose(token: str) -> int:
    """Return the key of the user the link was made for; NO_ROW for any other text."""
    return unsign(PURPOSE, token)


def unsubscribing(user: Any) -> dict[str, str]:
    """Return the headers from which mail programs make their button."""
    return {
        "List-Unsubscribe": f"<{stop_address(user)}>",
        "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
    }
