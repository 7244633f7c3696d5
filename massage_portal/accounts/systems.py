"""Other systems and their secrets."""

from __future__ import annotations

import hashlib
import hmac
import secrets

from massage_portal.accounts.models import ClientSystem, Scope

LONGEST = 200  # characters; a secret of ours has 43


def new_secret() -> str:
    """Return 256 random bits as text; it is shown once and never kept."""
    return secrets.token_urlsafe(32)


def hashed(secret: str) -> str:
    """Return what is kept of a secret. So much chance needs neither salt nor delay."""
    return hashlib.sha256(secret.encode("utf-8", "replace")).hexdigest()


def bearer(authorization: str, *, scope: Scope) -> ClientSystem | None:
    """
    Return the system in use that the header's secret belongs to, or None.

    A secret for something else than `scope` is a stranger's: who learns what watches
    the portal must not send referrals by it.

    The row is found by the hash, which tells a stopwatch nothing about the secret.
    """
    scheme, _, secret = authorization.partition(" ")
    secret = secret.strip()
    if scheme.lower() != "bearer" or not 0 < len(secret) <= LONGEST:
        return None
    kept = hashed(secret)
    system = (
        ClientSystem.objects.in_use().filter(scope=scope, secret_sha256=kept).first()
    )
    if system is None or not hmac.compare_digest(system.secret_sha256, kept):
        return None
    return system
