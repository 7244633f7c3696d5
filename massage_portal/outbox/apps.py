from __future__ import annotations

from django.apps import AppConfig


class OutboxConfig(AppConfig):
    name = "massage_portal.outbox"
    label = "outbox"
    verbose_name = "Messages owed"
