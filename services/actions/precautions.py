"""Versions of the safety questions: each is kept as it was asked."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from massage_portal.audit.record import Actor, record
from services.models import Precaution, PrecautionVersion

WORDS = ("question", "help_text", "meaning", "advice")


@transaction.atomic
def keep_version(
    *, precaution: Precaution, by: Actor | None, now: datetime
) -> PrecautionVersion:
    """
    Keep a saved question as its next version, if its words or its meaning changed.

    Call it in the transaction that saved the question: that holds the row's lock, so
    two leads never take the same number. The place in the list, and whether it is
    asked at all, make no version: they change nothing of what was answered.

    :param by: None for the portal's own files.
    """
    last = precaution.versions.order_by("-number").first()
    words = {name: getattr(precaution, name) for name in WORDS}
    if last is None or any(getattr(last, name) != words[name] for name in WORDS):
        number = last.number + 1 if last else precaution.version
        change = f"{last.number if last else ''}>{number}"
        last = PrecautionVersion.objects.create(
            precaution=precaution,
            number=number,
            made_at=now,
            made_by_id=by.pk if by else None,
            **words,
        )
        record("precaution.versioned", precaution, by=by, at=now, change=change)
    if precaution.version != last.number:
        precaution.version = last.number
        precaution.save(update_fields=["version"])
    return last
