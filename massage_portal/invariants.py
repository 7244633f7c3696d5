"""What must hold whatever happened: how a check is written down, and its answer."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple

from django.db import connection


@dataclass(frozen=True)
class Found:
    """What one look found: how many rows it judged, and what is wrong, in words."""

    looked_at: int
    faults: list[str] = field(default_factory=list)  # keys of rows, never names

    @property
    def is_empty(self) -> bool:
        """Say whether there was nothing of which it could hold or not."""
        return not (self.looked_at or self.faults)


class Invariant(NamedTuple):
    """One thing that must hold, and the read that sees whether it does."""

    says: str
    look: Callable[[datetime], Found]


def ask(statement: str, *values: Any) -> list[tuple[Any, ...]]:
    """Return all rows of one read."""
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        return cursor.fetchall()


def count(statement: str, *values: Any) -> int:
    """Return the one number that a read gives."""
    ((number,),) = ask(statement, *values)
    return int(number)
