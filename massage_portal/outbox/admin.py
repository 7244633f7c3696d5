"""The admin's window on messages owed."""

from __future__ import annotations

from django.contrib import admin

from massage_portal.outbox.models import Message
from massage_portal.windows import Window


@admin.register(Message)
class MessageAdmin(Window):
    """Seen, never changed. The words are not kept, so there are none to see."""

    list_display = ("kind", "about", "due_at", "attempts", "sent_at", "failed_at")
    ordering = ("-due_at", "-pk")
