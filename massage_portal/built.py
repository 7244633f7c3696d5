"""
Prepared statements that querysets make, once.

To compile a statement anew takes Django longer than PostgreSQL takes to answer it, and
PostgreSQL would plan it anew as well; see `prepared`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from django.db import connection
from django.db.models import Field, Lookup, QuerySet, TextField
from django.db.models.functions import Cast
from django.utils.functional import cached_property

from massage_portal.prepared import Prepared, array

if TYPE_CHECKING:
    Base = Lookup[Any]
else:
    Base = Lookup


class Built:
    """
    A statement that reads, and that querysets make.

    :param name: as of `Prepared`.
    :param build: given the values, it returns the statement with values of its own, as
        `Query.sql_with_params` does. It may look at none of those it is given.
    :param kinds: of each value the type: int, datetime, or list for keys.
    """

    def __init__(
        self, name: str, build: Callable[..., tuple[str, Sequence[Any]]], **kinds: type
    ) -> None:
        self._name, self._build, self._kinds = name, build, kinds

    def rows(self, **values: Any) -> list[tuple[Any, ...]]:
        """
        Return what it reads.

        :raises ValueError: if the statement changes with the values, and not in them
            alone.
        """
        for name, kind in self._kinds.items():
            if kind is list:
                values[name] = array(values[name])
        return self._statement.rows(**values)

    @cached_property
    def _statement(self) -> Prepared:
        """Where two of it differ that were built for other values, a value belongs."""
        first, second = (self._examples(seed) for seed in (1, 2))
        (sql, some), (same, others) = self._build(**first), self._build(**second)
        if sql != same or len(some) != len(others):
            raise ValueError(f"{self._name} is another statement for other values")
        with connection.cursor() as cursor:
            given = [
                cursor.mogrify("%s", [one]).decode()
                if one == other
                else self._place(one, first)
                for one, other in zip(some, others, strict=True)
            ]
        return Prepared(self._name, sql % tuple(given))

    def _examples(self, seed: int) -> dict[str, Any]:
        """Return a value for each, all of them different."""
        made: dict[str, Any] = {}
        for place, (name, kind) in enumerate(self._kinds.items(), 1):
            number = 101 * seed + place  # of another parity
            made[name] = _EXAMPLES[kind](number)
        return made

    def _place(self, value: Any, examples: dict[str, Any]) -> str:
        for name, example in examples.items():
            if example == value and type(example) is type(value):
                return f"%({name})s::{_TYPES[self._kinds[name]]}"
        raise ValueError(f"{self._name}: {value!r} was made of a value, and is none")


_BEGAN = datetime(2001, 1, 1, tzinfo=UTC)
_EXAMPLES: dict[type, Callable[[int], Any]] = {
    int: int,
    list: lambda number: [number],
    datetime: lambda number: _BEGAN + timedelta(days=number),
}
_TYPES: dict[type, str] = {
    int: "bigint",
    list: "bigint[]",
    datetime: "timestamptz",
}


@Field.register_lookup
class AnyOf(Base):
    """`pk__any_of=keys`: as `in`, but one value however many keys there are."""

    lookup_name, prepare_rhs = "any_of", False

    def as_sql(self, compiler: Any, connection: Any) -> tuple[str, Any]:
        """Return it with the keys as one array."""
        left, values = self.process_lhs(compiler, connection)
        return f"{left} = ANY (%s)", (*values, list(self.rhs))


def text(name: str) -> Cast:
    """Return a field of text without its greatest length: see `prepared.columns`."""
    return Cast(name, TextField())


def whole(sql: str, **parts: QuerySet[Any, Any]) -> tuple[str, list[Any]]:
    """Return a statement in which `{so}` stands for what the part `so` reads."""
    values: list[Any] = []

    def part(found: re.Match[str]) -> str:
        text, some = parts[found[1]].query.sql_with_params()
        values.extend(some)
        return text

    return re.sub(r"\{(\w+)\}", part, sql), values
