"""Who signs in, as allauth judges; what they may do, read at once."""

from __future__ import annotations

from typing import Any

from allauth.account.auth_backends import AuthenticationBackend
from django.db import connection

# Of the user's own and of all their groups.
ALLOWED = """
SELECT kind.app_label || '.' || one.codename
  FROM auth_permission one
  JOIN django_content_type kind ON kind.id = one.content_type_id
 WHERE one.id IN (
     SELECT permission_id FROM accounts_user_user_permissions WHERE user_id = %s
      UNION ALL
     SELECT whose.permission_id
       FROM auth_group_permissions whose
       JOIN accounts_user_groups mine ON mine.group_id = whose.group_id
      WHERE mine.user_id = %s)
"""


class Backend(AuthenticationBackend):
    """
    allauth's, that reads permissions by one statement and not by two.

    Every page of somebody signed in asks, and making the statements anew takes longer
    than running them.
    """

    def get_all_permissions(self, user_obj: Any, obj: Any = None) -> set[str]:
        """Return what the user may do, and remember it on the user, as Django does."""
        plain = user_obj.is_active and not user_obj.is_anonymous and obj is None
        if not plain or user_obj.is_superuser:
            found: set[str] = super().get_all_permissions(user_obj, obj)
            return found
        if not hasattr(user_obj, "_perm_cache"):
            with connection.cursor() as cursor:
                cursor.execute(ALLOWED, [user_obj.pk, user_obj.pk])
                user_obj._perm_cache = {row[0] for row in cursor.fetchall()}
        allowed: set[str] = user_obj._perm_cache
        return allowed
