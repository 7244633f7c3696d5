"""
Links that prove one purpose: a row's key, signed with the portal's secret.

HMAC-SHA256 by django.core.signing. Each purpose has a salt of its own, so a link for
one can never serve for another. Expiry and single use live in the row.
"""

from __future__ import annotations

from functools import lru_cache

from django.conf import settings
from django.core import signing


def sign(purpose: str, pk: int) -> str:
    """Return the token for row `pk`, fit for a URL path."""
    return _signer(purpose, settings.SECRET_KEY).sign_object(pk)


@lru_cache(maxsize=20)  # every mail has some, and each is made with some care
def _signer(purpose: str, secret: str) -> signing.Signer:
    return signing.Signer(key=secret, salt=f"portal.{purpose}")


NO_ROW = 0  # no row ever has this key


def unsign(purpose: str, token: str) -> int:
    """Return the row's key, or NO_ROW for anything this portal did not sign."""
    try:
        pk = signing.Signer(salt=f"portal.{purpose}").unsign_object(token)
    except (signing.BadSignature, ValueError):
        return NO_ROW
    return pk if isinstance(pk, int) else NO_ROW
