"""Write the trail."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Protocol

from django.db.models import Model

from massage_portal.audit.context import origin
from massage_portal.audit.models import AuditEvent


class Actor(Protocol):
    """A user or another system, as far as the trail needs to know one."""

    pk: int

    @property
    def email(self) -> str:
        """Return what the trail calls them; accounts stands above audit."""


def event(
    action: str,
    subject: Model,
    *,
    by: Actor | None,
    at: datetime,
    change: str = "",
) -> AuditEvent:
    """Return the row, unsaved, for something done to or seen of `subject`."""
    came_from = origin.get()
    patient_id = getattr(subject, "patient_id", None)
    if patient_id is None and subject._meta.model_name == "patient":
        patient_id = subject.pk
    return AuditEvent(
        at=at,
        actor_id=by.pk if by else None,
        actor=by.email if by else "system",
        action=action,
        record_type=subject._meta.label_lower,
        record_id=str(subject.pk),
        patient_id=patient_id,
        change=change[:200],
        address=came_from.address,
        trace=came_from.trace,
    )


def record(
    action: str,
    subject: Model,
    *,
    by: Actor | None,
    at: datetime,
    change: str = "",
) -> None:
    """
    Add one row: `by` (None is the system itself) did `action` to `subject` at `at`.

    :param action: "noun.past_participle"; "referral.seen" for a sight of a record.
    :param subject: a saved row; its `patient_id`, if it has one, says whose it is.
    :param change: codes of states, "proposed>booked"; never health data.
    """
    event(action, subject, by=by, at=at, change=change).save(force_insert=True)


def record_all(
    action: str, subjects: Iterable[Model], *, by: Actor | None, at: datetime
) -> None:
    """Add one row for each of `subjects`, in one statement: a list was seen."""
    AuditEvent.objects.bulk_create(
        event(action, subject, by=by, at=at) for subject in subjects
    )
