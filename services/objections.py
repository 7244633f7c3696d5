"""
Who has a say before a place is to give massage no longer.

An app registers when Django starts (in its AppConfig.ready), so that services, which
stand below visits, need not know them. They are asked inside the transaction that
changes the place, and may lock what must not change until it ends.
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Protocol, TypeVar

if TYPE_CHECKING:
    from services.models import Location


class Objection(Protocol):
    """Called before `place` stops; returns what is in the way, in words, or ""."""

    def __call__(self, place: Location, /, *, now: datetime) -> str: ...


_objections: list[Objection] = []
Asked = TypeVar("Asked", bound=Objection)


def objects_to_stopping(asked: Asked) -> Asked:
    """Register one who is asked."""
    _objections.append(asked)
    return asked


def objections_to_stopping(place: Location, *, now: datetime) -> list[str]:
    """Return all that is in the way, in words; empty if nothing is."""
    said = [asked(place, now=now) for asked in _objections]
    return [words for words in said if words]
