"""Two kinds of admin page: a door, whose changes leave a trail, and a window."""

from __future__ import annotations

from typing import Any, cast

from django.contrib import admin
from django.db import models
from django.http import HttpRequest
from django.utils import timezone

from massage_portal.access import SignedInRequest
from massage_portal.audit.record import record


class Door(admin.ModelAdmin):
    """Content and settings that those with the permission change."""

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Rows are taken out of use, not deleted: others may point to them."""
        return False

    def save_model(
        self,
        request: HttpRequest,
        obj: models.Model,
        form: Any,
        change: bool,
    ) -> None:
        """Save, and record who changed which fields."""
        super().save_model(request, obj, form, change)
        now = timezone.now()  # noqa: TID251 - an admin page is a view
        action = "content.changed" if change else "content.added"
        by = cast(SignedInRequest, request).user
        record(action, obj, by=by, at=now, change=",".join(form.changed_data))


class Window(admin.ModelAdmin):
    """Records that only the portal's own pages change."""

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False
