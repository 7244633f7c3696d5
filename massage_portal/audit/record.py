"""Write the trail."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Protocol

from django.db.models import Model

from massage_portal.audit.context import origin
from massage_portal.audit.models import AuditEvent
from massage_portal.prepared import Prepared, array

# One row for each of the arrays; what all share is sent once.
ADD_ALL = Prepared(
    "add_events",
    """
    INSERT INTO audit_auditevent (at, actor_id, actor, action, address, trace,
        by_telephone, by_link, change, record_type, record_id, patient_id)
    SELECT %(at)s::timestamptz, %(actor_id)s::bigint, %(actor)s::text,
           %(action)s::text, %(address)s::inet, %(trace)s::text,
           %(by_telephone)s::boolean, %(by_link)s::boolean, %(change)s::text,
           kind, key, whose
      FROM unnest(%(kinds)s::text[], %(keys)s::text[], %(whose)s::bigint[])
           WITH ORDINALITY AS seen (kind, key, whose, place)
     ORDER BY place
    """,
)


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
    return AuditEvent(
        at=at,
        actor_id=by.pk if by else None,
        actor=by.email if by else "system",
        action=action,
        record_type=subject._meta.label_lower,
        record_id=str(subject.pk),
        patient_id=_whose(subject),
        change=change[:200],
        address=came_from.address,
        trace=came_from.trace,
        by_telephone=came_from.telephone,
        by_link=came_from.link,
    )


def _whose(subject: Model) -> int | None:
    patient_id: int | None = getattr(subject, "patient_id", None)
    if patient_id is None and subject._meta.model_name == "patient":
        return subject.pk
    return patient_id


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
    _add(action, [subject], by=by, at=at, change=change)


def record_all(
    action: str, subjects: Iterable[Model], *, by: Actor | None, at: datetime
) -> None:
    """Add one row for each of `subjects`, in one statement: a list was seen."""
    if seen := list(subjects):
        _add(action, seen, by=by, at=at)


def record_keys(
    action: str,
    model: type[Model],
    seen: Sequence[tuple[int, int | None]],
    *,
    by: Actor | None,
    at: datetime,
) -> None:
    """As `record_all`: of each row of `model` its key, and the key of its patient."""
    if seen:
        label = model._meta.label_lower
        rows = [(label, str(key), patient) for key, patient in seen]
        _send(action, rows, by=by, at=at)


def _add(
    action: str,
    subjects: Sequence[Model],
    *,
    by: Actor | None,
    at: datetime,
    change: str = "",
) -> None:
    rows = [(one._meta.label_lower, str(one.pk), _whose(one)) for one in subjects]
    _send(action, rows, by=by, at=at, change=change)


def _send(
    action: str,
    rows: Sequence[tuple[str, str, int | None]],
    *,
    by: Actor | None,
    at: datetime,
    change: str = "",
) -> None:
    """
    Add one row for each of `rows`: of what kind, its key, and whose it is.

    By hand: building a model and preparing its fields for each of 80 rows takes longer
    than PostgreSQL takes to write them.
    """
    came_from = origin.get()
    ADD_ALL.run(
        at=at,
        actor_id=by.pk if by else None,
        actor=by.email if by else "system",
        action=action,
        address=came_from.address,
        trace=came_from.trace,
        by_telephone=came_from.telephone,
        by_link=came_from.link,
        change=change[:200],
        kinds=[kind for kind, _key, _whose in rows],
        keys=[key for _kind, key, _whose in rows],
        whose=array(whose for _kind, _key, whose in rows),
    )
