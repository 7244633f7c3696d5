"""
New rows, by hand: in half the time of Django's, for what is written at every booking.

Nothing is lost: no model of ours overrides `save`, and nothing happens by signal.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Any

from django.db import connection
from django.db.models import Model


@cache
def _fields(model: type[Model]) -> list[Any]:
    """Return what is written: all but the key, and what the database reckons itself."""
    return [
        field
        for field in model._meta.concrete_fields
        if not field.primary_key and not field.generated
    ]


@cache
def _statement(model: type[Model], rows: int) -> str:
    fields = _fields(model)
    columns = ", ".join(f'"{field.column}"' for field in fields)
    one = f"({', '.join(['%s'] * len(fields))})"
    return (
        f"INSERT INTO {model._meta.db_table} ({columns}) "  # noqa: S608 - names are ours
        f"VALUES {', '.join([one] * rows)}"
    )


def _values(rows: Sequence[Model]) -> list[Any]:
    return [getattr(row, one.attname) for row in rows for one in _fields(type(row))]


def insert(row: Model) -> None:
    """
    Insert a new row, and give it its key.

    :raises IntegrityError: if the constraints refuse it; in a transaction, whoever
        calls goes back to a savepoint then.
    """
    with connection.cursor() as cursor:
        cursor.execute(f"{_statement(type(row), 1)} RETURNING id", _values([row]))
        (row.pk,) = cursor.fetchone()
    row._state.adding, row._state.db = False, connection.alias


def insert_new(rows: Sequence[Model]) -> None:
    """Insert those of `rows`, all of one model, that no unique constraint refuses."""
    if rows:
        sql = _statement(type(rows[0]), len(rows))
        with connection.cursor() as cursor:
            cursor.execute(f"{sql} ON CONFLICT DO NOTHING", _values(rows))
