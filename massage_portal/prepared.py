"""
Statements that a session of PostgreSQL plans once, and not at every call.

Where several tables are joined, planning takes many times as long as reading one row.
What a session has prepared outlasts its transactions, and ends with it.

PostgreSQL would plan it anew at every call all the same, once the tables are long: it
then thinks that a plan for the values given could be so much better. So the settings
tell each session to keep to one plan; ANALYZE has it made anew.

What is written and answers nothing can wait for others of its kind: `together` sends
all of it as one message, for most of the time of a small statement goes by on the way.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache
from typing import Any, TypeVar
from weakref import WeakKeyDictionary

from django.db import DEFAULT_DB_ALIAS, connection, connections
from django.db.models import CharField, Model
from django.db.models.base import ModelState
from django.db.transaction import TransactionManagementError

M = TypeVar("M", bound=Model)
_VALUE = re.compile(r"%\((\w+)\)s((?:::\w+(?:\[\])?)?)")
_known: WeakKeyDictionary[Any, set[str]] = WeakKeyDictionary()  # by session
_waiting: ContextVar[list[tuple[str, list[Any]]] | None] = ContextVar(
    "waiting", default=None
)


class Prepared:
    """
    One statement.

    :param name: by which the sessions know it; no two may have the same.
    :param sql: its values are written `%(so)s`, and `%(so)s::date` where PostgreSQL
        cannot tell what they are.
    :param first: what is sent ahead in the same message, in a transaction. The
        statement sees whatever was committed while `first` waited for a lock.
    """

    def __init__(
        self, name: str, sql: str, *, first: str | Prepared | None = None
    ) -> None:
        casts: dict[str, str] = {}
        for value, cast in _VALUE.findall(sql):
            casts[value] = casts.get(value) or cast
        places = {value: f"${place}" for place, value in enumerate(casts, 1)}
        planned = _VALUE.sub(lambda found: places[found[1]] + found[2], sql)
        self._name, self._first = name, first
        self._prepare = f"PREPARE {name} AS {planned}"
        ahead: str = first._execute if isinstance(first, Prepared) else first or ""
        given = ", ".join(f"%({value})s{cast}" for value, cast in casts.items())
        execute = f"EXECUTE {name} ({given})".removesuffix(" ()")
        self._execute: str = f"{ahead}; {execute}".removeprefix("; ")
        self._in_order = _VALUE.findall(self._execute)
        self._positional = _VALUE.sub(r"%s\2", self._execute)

    def rows(self, **values: Any) -> list[tuple[Any, ...]]:
        """
        Return what it reads; what waits to be sent goes ahead in the same message.

        :raises TransactionManagementError: if `first` would be over at once.
        """
        here = connections[DEFAULT_DB_ALIAS]  # once: finding it takes its time
        if self._first and not here.in_atomic_block:
            raise TransactionManagementError(f"{self._name} lasts a transaction")
        self._prepare_once(_session(here))
        if waiting := _waiting.get():
            some = [*waiting, self._given(values)]
            waiting.clear()
            return _send(some)
        return _answer(here, self._execute, values)

    def run(self, **values: Any) -> None:
        """Have it write; inside of `together` when that ends, at the latest."""
        here = connections[DEFAULT_DB_ALIAS]
        self._prepare_once(_session(here))
        if (waiting := _waiting.get()) is not None:
            waiting.append(self._given(values))
        else:
            _answer(here, self._execute, values)

    def _given(self, values: dict[str, Any]) -> tuple[str, list[Any]]:
        """Return the same by the order of its values, as parts of a message are."""
        return self._positional, [values[value] for value, _cast in self._in_order]

    def _prepare_once(self, session: Any) -> None:
        known = _known.setdefault(session, set())
        if self._name in known:
            return
        if isinstance(self._first, Prepared):
            self._first._prepare_once(session)
        with connection.wrap_database_errors, session.cursor() as cursor:
            cursor.execute(self._prepare)
        known.add(self._name)


def array(numbers: Iterable[int | None]) -> str:
    """
    Return numbers as PostgreSQL writes an array of them.

    psycopg2 asks of each what it is: ten times as long.
    """
    return f"{{{','.join(['NULL' if n is None else str(n) for n in numbers])}}}"


def columns(model: type[Model], name: str, only: Collection[str] = ()) -> str:
    """
    Return all columns of a table as a statement reads them that calls it `name`.

    Or those of the fields `only`.

    Of text, without its greatest length: PostgreSQL runs no prepared statement whose
    columns have changed their type, and a release may allow longer texts while the one
    before it still answers.
    """
    return ", ".join(
        f"{name}.{one.column}{'::varchar' if isinstance(one, CharField) else ''}"
        for one in model._meta.local_concrete_fields
        if not only or one.attname in only
    )


def as_model(model: type[M], values: dict[str, Any]) -> M:
    """
    Return a row that was read as its model; what is left out is read when asked for.

    As Model.from_db, which takes ten times as long: it goes over all fields, and tells
    of it to receivers of which there are none.

    :param values: by the names of the columns' attributes; the key among them.
    """
    made = model.__new__(model)
    made._state = ModelState()
    made._state.adding, made._state.db = False, DEFAULT_DB_ALIAS
    made.__dict__.update(values)
    return made


def unsaved(model: type[M], values: dict[str, Any]) -> M:
    """
    Return a new row that is not saved yet, as `model(**values)` does, only sooner.

    :param values: by the names of the columns' attributes; the others are as usual.
    """
    known, fresh = _usual(model)
    made = model.__new__(model)
    made._state = ModelState()
    made.__dict__.update(known)
    for name, make in fresh:
        if name not in values:
            made.__dict__[name] = make()
    made.__dict__.update(values)
    return made


def usual(model: type[Model], *, but: Collection[str]) -> dict[str, str]:
    """
    Return what a new row has if nothing is said, by columns, as a statement writes it.

    :param but: the columns' attributes that are left out.
    :raises KeyError: of a field whose value is made for each row, or has no such words.
    """
    known, _fresh = _usual(model)
    words = {"None": "NULL", "''": "''", "False": "false", "True": "true"}
    return {
        str(one.column): words[repr(known[one.attname])]
        for one in model._meta.local_concrete_fields
        if one.attname not in but
    }


@cache
def _usual(
    model: type[Model],
) -> tuple[dict[str, Any], list[tuple[str, Callable[[], Any]]]]:
    """Return what is the same of all new rows, and what is made for each of them."""
    fields = model._meta.local_concrete_fields
    made = [one for one in fields if one.has_default() and callable(one.default)]
    known = {one.attname: one.get_default() for one in fields if one not in made}
    return known, [(one.attname, one.get_default) for one in made]


def know(row: Model, **related: Model | None) -> None:
    """
    Have a row know those that it points to, or that there are none: none is read.

    Its own columns say so already.
    """
    row._state.fields_cache.update(related)


@contextmanager
def together() -> Iterator[None]:
    """
    Send what is `run` inside as one message when the block ends, in its order.

    Any other statement sends it ahead, so whoever reads inside finds it written. What
    the database refuses is raised where it is sent.

    :raises TransactionManagementError: outside of a transaction, where one refused
        would not undo the others.
    """
    if _waiting.get() is not None:  # the outermost sends
        yield
        return
    if not connection.in_atomic_block:
        raise TransactionManagementError("together in one transaction: here is none")
    waiting: list[tuple[str, list[Any]]] = []
    token = _waiting.set(waiting)
    try:
        with connection.execute_wrapper(_after_what_waits):
            yield
            _send_all(waiting)
    finally:
        _waiting.reset(token)


def _after_what_waits(
    execute: Any, sql: Any, params: Any, many: bool, context: Any
) -> Any:
    _send_all(_waiting.get() or [])
    return execute(sql, params, many, context)


def _send_all(waiting: list[tuple[str, list[Any]]]) -> None:
    some = list(waiting)
    waiting.clear()  # first: sending is a statement as well
    if some:
        _send(some)


def _send(some: list[tuple[str, list[Any]]]) -> list[tuple[Any, ...]]:
    return _answer(
        connections[DEFAULT_DB_ALIAS],
        "; ".join(sql for sql, _values in some),
        [value for _sql, values in some for value in values],
    )


def _session(here: Any) -> Any:
    """Return the session, which was lost and is another if it has to be."""
    here.close_if_health_check_failed()
    here.ensure_connection()
    return here.connection


def _answer(here: Any, sql: str, values: Any) -> list[tuple[Any, ...]]:
    """
    Send one message; return what is read, if anything is.

    Where nobody listens to what is sent, past the layers of Django's cursors, which
    take as long as a small statement; with all that they see to.
    """
    listening = [one for one in here.execute_wrappers if one is not _after_what_waits]
    if listening or here.queries_logged:
        with here.cursor() as cursor:
            cursor.execute(sql, values)
            return _read(cursor)
    _send_all(_waiting.get() or [])
    here.validate_thread_sharing()
    here.validate_no_broken_transaction()
    with here.wrap_database_errors, here.create_cursor() as cursor:
        cursor.execute(sql, values)
        return _read(cursor)


def _read(cursor: Any) -> list[tuple[Any, ...]]:
    return cursor.fetchall() if cursor.description else []
