"""Who signs in, as allauth judges; what they may do, read at once."""

from __future__ import annotations

from typing import Any

from allauth.account.auth_backends import AuthenticationBackend

from massage_portal.accounts.models import User
from massage_portal.prepared import Prepared, columns

NAMES = [field.attname for field in User._meta.concrete_fields]
# What they may do is of their own and of all their groups.
FIND = Prepared(
    "find_user",
    f"""
    SELECT {columns(User, "one")}, ARRAY(
        SELECT kind.app_label || '.' || may.codename
          FROM auth_permission may
          JOIN django_content_type kind ON kind.id = may.content_type_id
         WHERE may.id IN (
             SELECT permission_id FROM accounts_user_user_permissions
              WHERE user_id = %(user)s::bigint
              UNION ALL
             SELECT whose.permission_id
               FROM auth_group_permissions whose
               JOIN accounts_user_groups mine ON mine.group_id = whose.group_id
              WHERE mine.user_id = %(user)s::bigint))
      FROM accounts_user one
     WHERE id = %(user)s::bigint
    """,  # noqa: S608 - the names are ours
)


class Backend(AuthenticationBackend):
    """
    allauth's, that finds who is signed in, and what they may do, by one statement.

    Every page of somebody signed in asks, and making the statements anew takes longer
    than running them.
    """

    def get_user(self, user_id: int) -> User | None:
        """Return who it is, if they may sign in; with what they may do."""
        for *values, allowed in FIND.rows(user=user_id):
            user: Any = User.from_db(None, NAMES, values)
            if not self.user_can_authenticate(user):
                return None
            if not user.is_superuser:
                user._perm_cache = set(allowed)
            found: User = user
            return found
        return None

    def get_all_permissions(self, user_obj: Any, obj: Any = None) -> set[str]:
        """Return what the user may do, and remember it on the user, as Django does."""
        plain = user_obj.is_active and not user_obj.is_anonymous and obj is None
        if not plain or user_obj.is_superuser:
            found: set[str] = super().get_all_permissions(user_obj, obj)
            return found
        if not hasattr(user_obj, "_perm_cache"):
            [(*_values, allowed)] = FIND.rows(user=user_obj.pk) or [([],)]
            user_obj._perm_cache = set(allowed)
        remembered: set[str] = user_obj._perm_cache
        return remembered
