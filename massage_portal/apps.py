from __future__ import annotations

from django.apps import AppConfig


class PortalConfig(AppConfig):
    """The roof, as an app, so that its commands are found."""

    name = "massage_portal"
    label = "portal"
