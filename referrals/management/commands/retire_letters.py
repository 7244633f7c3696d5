"""Retention: letters go when their time is over, and only so."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from referrals.actions import retire_letters


class Command(BaseCommand):
    """Lists what is due; deletes it only when told to."""

    help = (
        "List the letters of referrals that were over, and not changed, for so many "
        "years; with --delete remove them, each with a row in the audit trail."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        """Take the clinic's policy, and leave to delete."""
        parser.add_argument("--years", type=int, default=10, help="default: 10")
        parser.add_argument("--delete", action="store_true", help="remove them")

    def handle(self, *args: Any, **options: Any) -> None:
        """Name each letter by its number, then count."""
        try:
            found = retire_letters(
                years=options["years"], now=timezone.now(), delete=options["delete"]
            )
        except ValueError as fault:
            raise CommandError(str(fault)) from None
        done = "removed" if options["delete"] else "due"
        for letter in found:
            self.stdout.write(
                f"letter {letter.pk} of referral {letter.referral_id}: {done}"
            )
        self.stdout.write(f"{len(found)} {done}")
