"""Owe a patient word of what happened; whoever has no account is called instead."""

from __future__ import annotations

from datetime import datetime

from django.db.models import Model

from massage_portal.audit.context import origin
from massage_portal.outbox import actions as outbox
from massage_portal.outbox.kinds import kind_of
from referrals.models import Patient


def tell(
    kind: str,
    subject: Model,
    *,
    patient: Patient,
    now: datetime,
    expires_at: datetime,
    due_at: datetime | None = None,
    key: str = "",
) -> None:
    """
    Owe the patient one message about `subject`, in the caller's transaction.

    Without an account it stands on the list of calls, where a call is worth it, unless
    they are on the telephone at this moment: then they have just heard it.
    """
    if patient.user is None:
        hears_it = origin.get().telephone
        if hears_it or not kind_of(kind).worth_a_call:
            return
    outbox.owe(
        kind,
        subject,
        to=patient.user,
        now=now,
        expires_at=expires_at,
        due_at=due_at,
        key=key,
    )
