"""
Statements that a session of PostgreSQL plans once, and not at every call.

Where several tables are joined, planning takes many times as long as reading one row.
What a session has prepared outlasts its transactions, and ends with it.

PostgreSQL would plan it anew at every call all the same, once the tables are long: it
then thinks that a plan for the values given could be so much better. So the settings
tell each session to keep to one plan; ANALYZE has it made anew.
"""

from __future__ import annotations

import re
from typing import Any
from weakref import WeakKeyDictionary

from django.db import connection

_VALUE = re.compile(r"%\((\w+)\)s")
_known: WeakKeyDictionary[Any, set[str]] = WeakKeyDictionary()  # by session


class Prepared:
    """
    One statement.

    :param name: by which the sessions know it; no two may have the same.
    :param sql: its values are written `%(so)s`, and `%(so)s::date` where PostgreSQL
        cannot tell what they are.
    :param first: what is sent ahead in the same message. The statement sees whatever
        was committed while `first` waited for a lock.
    """

    def __init__(self, name: str, sql: str, *, first: str = "") -> None:
        values = list(dict.fromkeys(_VALUE.findall(sql)))
        places = {value: f"${place}" for place, value in enumerate(values, 1)}
        planned = _VALUE.sub(lambda found: places[found[1]], sql)
        self._name = name
        self._prepare = f"PREPARE {name} AS {planned}"
        given = ", ".join(f"%({value})s" for value in values)
        self._execute = f"{first}; EXECUTE {name} ({given})".removeprefix("; ")

    def rows(self, **values: Any) -> list[tuple[Any, ...]]:
        """Return what it reads."""
        with connection.cursor() as cursor:
            self._prepare_once()
            cursor.execute(self._execute, values)
            return cursor.fetchall()

    def _prepare_once(self) -> None:
        session = connection.connection
        known = _known.setdefault(session, set())
        if self._name not in known:
            with connection.wrap_database_errors, session.cursor() as cursor:
                cursor.execute(self._prepare)
            known.add(self._name)
