"""Fill the pages of a new clinic."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from services.actions import BadContent, load_content


class Command(BaseCommand):
    """Adds what is missing; changes nothing that is there."""

    help = "Add the published content that is not there yet."

    def handle(self, *args: Any, **options: Any) -> None:
        """Run the action and say how much was added."""
        try:
            added = load_content(by=None, now=timezone.now())
        except BadContent as fault:
            raise CommandError(str(fault)) from fault
        self.stdout.write(f"{added} rows of content added")
