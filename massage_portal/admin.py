"""The admin pages: a door for content and settings, a window for everything else."""

from __future__ import annotations

from collections.abc import Iterable
from functools import wraps
from typing import Any

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import URLPattern, URLResolver
from django.views.decorators.http import require_http_methods

from massage_portal.access import to_sign_in
from massage_portal.accounts.views import forget
from massage_portal.windows import Door, Window


class Site(admin.AdminSite):
    """Django's admin, behind the portal's own sign-in."""

    site_header = "Massage Therapy Portal"
    site_title = "Massage Therapy Portal"
    index_title = "Content and settings"

    def register(
        self, model_or_iterable: Any, admin_class: Any = None, **options: Any
    ) -> None:
        """Take doors and windows; leave out what other packages bring along."""
        if admin_class and issubclass(admin_class, (Door, Window)):
            super().register(model_or_iterable, admin_class, **options)

    def admin_view(self, view: Any, cacheable: bool = False) -> Any:
        """Send strangers to the portal's sign-in; refuse those not of the admin."""
        inner = super().admin_view(view, cacheable)
        guarded = require_http_methods(["GET", "HEAD", "POST"])(inner)

        @wraps(guarded)
        def ours(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
            if not request.user.is_authenticated:
                return to_sign_in(request)
            if not self.has_permission(request):
                raise PermissionDenied
            answer: HttpResponse = guarded(request, *args, **kwargs)
            return answer

        return ours

    def get_urls(self) -> list[Any]:
        """Mark each view, so that the table of who may open what covers it."""
        found = super().get_urls()
        _mark(found)
        return found

    def login(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Go to the index, which sends strangers to the portal's one sign-in."""
        return redirect("admin:index")

    login.access = "public"  # type: ignore[attr-defined]

    def logout(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> Any:
        """Sign out, and have the browser forget what it kept."""
        return forget(super().logout(request, extra_context))

    def password_change(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> Any:
        """Go to the portal's own page: it limits tries and ends other sessions."""
        return redirect("account_change_password")


def _mark(patterns: Iterable[URLPattern | URLResolver]) -> None:
    for pattern in patterns:
        if isinstance(pattern, URLResolver):
            _mark(pattern.url_patterns)
        elif not hasattr(pattern.callback, "access"):
            pattern.callback.access = "admin"  # type: ignore[attr-defined]
