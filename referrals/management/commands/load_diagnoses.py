"""Fill the table of diagnosis codes."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand

from referrals.actions import load_diagnoses


class Command(BaseCommand):
    """Adds the ICD-10-CM codes that are missing."""

    help = "Load the ICD-10-CM diagnosis codes; safe to run again."

    def handle(self, *args: Any, **options: Any) -> None:
        """Run the action and say how many codes were added."""
        self.stdout.write(f"{load_diagnoses()} diagnosis codes added")
