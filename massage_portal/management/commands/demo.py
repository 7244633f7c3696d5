"""Run the portal with a believable clinic in it."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand

from massage_portal.demo.supervisor import run


class Command(BaseCommand):
    """Starts everything, prints where it is, stops everything on Ctrl-C."""

    help = "Run the portal, its workers and a mail catcher on this machine."
    requires_system_checks: list[str] = []

    def handle(self, *args: Any, **options: Any) -> None:
        """Run until told to stop."""
        run()
