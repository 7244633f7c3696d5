from __future__ import annotations

from django.apps import AppConfig


class AccountsConfig(AppConfig):
    name = "massage_portal.accounts"
    label = "accounts"
    verbose_name = "Who signs in"

    def ready(self) -> None:
        """Register who renders the messages of this app."""
        from massage_portal.accounts import messages  # noqa: F401
