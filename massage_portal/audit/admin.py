"""The admin's window on the trail."""

from __future__ import annotations

from django.contrib import admin

from massage_portal.audit.models import AuditEvent
from massage_portal.windows import Window


@admin.register(AuditEvent)
class AuditEventAdmin(Window):
    """Seen, never changed."""

    list_display = ("at", "actor", "action", "record_type", "record_id", "patient_id")
    ordering = ("-at", "-pk")
    show_full_result_count = False
