"""Make a release ready to serve."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand

from massage_portal.actions import prepare


class Command(BaseCommand):
    """Migrates, writes roles, loads codes, compiles, collects; safe to repeat."""

    help = "Make the database and the files ready for this release."

    def handle(self, *args: Any, **options: Any) -> None:
        """Run each step and say what it is."""
        for step in prepare():
            self.stdout.write(step)
