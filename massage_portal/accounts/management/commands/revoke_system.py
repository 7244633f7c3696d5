"""Let another system in no more."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from massage_portal.accounts import actions


class Command(BaseCommand):
    """Puts the secret out of use; what was sent stays."""

    help = "Let another system in no more, from now on."

    def add_arguments(self, parser: CommandParser) -> None:
        """Take the system's name."""
        parser.add_argument("name")

    def handle(self, *args: Any, **options: Any) -> None:
        """Revoke it, or say that there is none."""
        name = options["name"]
        try:
            actions.revoke_client_system(name=name, by=None, now=timezone.now())
        except actions.NoSuchSystem as refusal:
            raise CommandError(str(refusal)) from None
        self.stdout.write(f"{name} is let in no more.")
