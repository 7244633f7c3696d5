"""The admin pages: a door for content and settings, a window for everything else."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.http import HttpRequest, HttpResponse

from massage_portal.access import to_sign_in


class Site(admin.AdminSite):
    """Django's admin, behind the portal's own sign-in."""

    site_header = "Massage Therapy Portal"
    site_title = "Massage Therapy Portal"
    index_title = "Content and settings"

    def admin_view(self, view: Any, cacheable: bool = False) -> Any:
        """Mark the view, so that the table of who may open what covers it."""
        guarded: Any = super().admin_view(view, cacheable)
        guarded.access = "admin"
        return guarded

    def login(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Send strangers to the portal's sign-in; others have no business here."""
        if request.user.is_authenticated:
            from django.core.exceptions import PermissionDenied

            raise PermissionDenied
        return to_sign_in(request)

    login.access = "public"  # type: ignore[attr-defined]
