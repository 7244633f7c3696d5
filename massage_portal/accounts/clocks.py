"""
What signs people in ends on time, also where a clock is set back.

A session and a link to a new password carry a moment. Set back, the clock would let
them live on by as much, and bring back what had ended. So a session that was once found
over is gone for good, and what was made in a time that is yet to come opens nothing.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.conf import settings
from django.contrib.auth.tokens import PasswordResetTokenGenerator
from django.contrib.sessions.backends import db
from django.contrib.sessions.models import Session
from django.utils import timezone
from django.utils.http import base36_to_int

from massage_portal.accounts.models import CLOCKS_APART
from massage_portal.prepared import Prepared, columns

NAMES = [field.attname for field in Session._meta.concrete_fields]
FIND = Prepared(
    "find_session",
    f"""
    SELECT {columns(Session, "one")} FROM django_session one
     WHERE session_key = %(key)s
    """,  # noqa: S608 - the names are ours
)


class SessionStore(db.SessionStore):
    """
    Django's own, in the database, whose sessions are over for good.

    Found by hand: every page of somebody signed in asks, and making the statement anew
    takes longer than running it.
    """

    def _get_session_from_db(self) -> Session | None:
        key = self.session_key or ""
        rows = [] if "\0" in key else FIND.rows(key=key)
        if not rows:
            self._session_key = None
            return None
        found = Session.from_db(None, NAMES, rows[0])
        now = timezone.now()  # noqa: TID251 - a request's session reads the clock
        longest = timedelta(seconds=settings.SESSION_COOKIE_AGE) + CLOCKS_APART
        if now < found.expire_date <= now + longest:
            return found
        found.delete()
        self._session_key = None
        return None


class ResetKeys(PasswordResetTokenGenerator):
    """Django's own, whose links open nothing before they were made."""

    def check_token(self, user: Any, token: str | None) -> bool:
        """Say whether the link is this user's, and neither too old nor too new."""
        if not token or not super().check_token(user, token):
            return False
        made = base36_to_int(token.split("-")[0])
        return made <= self._num_seconds(self._now() + CLOCKS_APART)
