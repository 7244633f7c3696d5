from __future__ import annotations

from django.apps import AppConfig


class AuditConfig(AppConfig):
    name = "massage_portal.audit"
    label = "audit"
    verbose_name = "What was done and seen"
