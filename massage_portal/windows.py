"""Two kinds of admin page: a door, whose changes leave a trail, and a window."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, cast

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.db import models
from django.http import HttpRequest
from django.utils import timezone

from massage_portal.access import SignedInRequest
from massage_portal.audit.record import record, record_all


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
        """Save with the time of the change, and record who changed which fields."""
        now = timezone.now()  # noqa: TID251 - an admin page is a view
        if hasattr(obj, "updated_at") and (form.changed_data or not change):
            obj.updated_at = now
        super().save_model(request, obj, form, change)
        action = "content.changed" if change else "content.added"
        by = cast(SignedInRequest, request).user
        record(action, obj, by=by, at=now, change=",".join(form.changed_data))


class Window(admin.ModelAdmin):
    """Records that only the portal's own pages change; a look leaves a trail."""

    def changelist_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        """Show the list, and record each row of it as listed."""
        answer = super().changelist_view(request, *args, **kwargs)
        shown = getattr(answer, "context_data", {}).get("cl")
        self._seen("listed", shown.result_list if shown else [], request)
        return answer

    def change_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        """Show one row, and record it as seen."""
        answer = super().change_view(request, *args, **kwargs)
        shown = getattr(answer, "context_data", {}).get("original")
        self._seen("seen", [shown] if shown else [], request)
        return answer

    def history_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        """Show what the admin logged of one row, and record it as seen."""
        if not self.has_view_permission(request):  # absent or not, one answer
            raise PermissionDenied
        answer = super().history_view(request, *args, **kwargs)
        shown = getattr(answer, "context_data", {}).get("object")
        self._seen("seen", [shown] if shown else [], request)
        return answer

    def _seen(
        self, how: str, rows: Iterable[models.Model], request: HttpRequest
    ) -> None:
        now = timezone.now()  # noqa: TID251 - an admin page is a view
        by = cast(SignedInRequest, request).user
        record_all(f"{self.opts.model_name}.{how}", rows, by=by, at=now)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False
