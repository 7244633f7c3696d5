"""The admin's windows on messages owed, and on how people are reached."""

from __future__ import annotations

from django.contrib import admin

from massage_portal.outbox.models import ChannelHealth, Message, Preference, Stop
from massage_portal.windows import Window


@admin.register(Message)
class MessageAdmin(Window):
    """Seen, never changed. The words are not kept, so there are none to see."""

    list_display = ("kind", "about", "due_at", "attempts", "sent_at", "failed_at")
    ordering = ("-due_at", "-pk")


@admin.register(Preference)
class PreferenceAdmin(Window):
    """Seen, never changed: each person chooses for themselves."""

    list_display = ("user", "channel", "time_zone", "optional")
    exclude = ("code_sha256",)
    ordering = ("pk",)


@admin.register(Stop)
class StopAdmin(Window):
    """Seen, never changed: see the list of calls."""

    list_display = ("user", "channel", "because", "stopped_at", "lifted_at")
    ordering = ("-stopped_at", "-pk")


@admin.register(ChannelHealth)
class ChannelHealthAdmin(Window):
    """Seen, never changed."""

    list_display = ("channel", "took_at", "failing_since", "code")
    ordering = ("channel",)
