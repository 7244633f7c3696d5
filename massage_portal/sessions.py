"""Where sessions are kept: Django's table, read by a statement that is prepared."""

from __future__ import annotations

from typing import Any

from django.contrib.sessions.backends import db
from django.contrib.sessions.models import Session
from django.utils import timezone

from massage_portal.prepared import Prepared, columns

NAMES = [field.attname for field in Session._meta.concrete_fields]
FIND = Prepared(
    "find_session",
    f"""
    SELECT {columns(Session, "one")} FROM django_session one
     WHERE session_key = %(key)s AND expire_date > %(now)s
    """,  # noqa: S608 - the names are ours
)


class SessionStore(db.SessionStore):
    """
    Django's own, that is found by hand.

    Every page of somebody signed in asks, and making the statement anew takes longer
    than running it.
    """

    def _get_session_from_db(self) -> Any:
        """Return the row; None, and a key that is forgotten, if there is none."""
        now = timezone.now()  # noqa: TID251 - as Django's own does
        key = self.session_key or ""
        if "\0" not in key:
            for row in FIND.rows(key=key, now=now):
                return Session.from_db(None, NAMES, row)
        self._session_key = None
        return None
