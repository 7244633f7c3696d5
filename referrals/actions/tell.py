"""Owe the patient word of a referral."""

from __future__ import annotations

from datetime import datetime, timedelta

from massage_portal.accounts.actions import invite
from massage_portal.accounts.models import Invitation, User
from massage_portal.outbox import actions as outbox
from referrals.models import Referral

MAIL_LASTS = timedelta(days=14)


def tell(referral: Referral, *, by: User, now: datetime) -> None:
    """Owe the patient a link to a first password, or word of a new referral."""
    user = referral.patient.user
    if user is None:
        return
    if user.has_usable_password():
        outbox.owe(
            "referrals.recorded",
            referral,
            to=user,
            now=now,
            expires_at=now + MAIL_LASTS,
        )
        return
    owe_link(user, by=by, now=now)


def owe_link(user: User, *, by: User, now: datetime) -> Invitation:
    """Owe a patient a link to a first password; one sent before stops working."""
    invitation = invite(user=user, by=by, now=now)
    outbox.owe(
        "referrals.invitation",
        invitation,
        to=user,
        now=now,
        expires_at=invitation.expires_at,
    )
    return invitation
