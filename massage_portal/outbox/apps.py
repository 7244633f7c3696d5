from __future__ import annotations

from django.apps import AppConfig


class OutboxConfig(AppConfig):
    name = "massage_portal.outbox"
    label = "outbox"
    verbose_name = "Messages owed"

    def ready(self) -> None:
        """Register who renders the messages of this app."""
        from massage_portal.outbox import messages  # noqa: F401
