"""Compare the letters on record with the files on the disk."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from referrals.actions import sweep_letters


class Command(BaseCommand):
    """Reports; deletes files without a row only when told to."""

    help = (
        "Find letters whose file is missing or is not what came, and files older than "
        "a day that belong to no letter. Names nobody: letters are told by number."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        """Take leave to delete."""
        parser.add_argument(
            "--delete", action="store_true", help="delete files that no letter has"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Say what was found, a line each; fail if a letter is not as it came."""
        found = sweep_letters(now=timezone.now(), delete=options["delete"])
        done = "deleted" if options["delete"] else "belongs to no letter"
        for path in found.orphans:
            self.stdout.write(f"file {path}: {done}")
        for pk in found.missing:
            self.stdout.write(f"letter {pk}: its file is missing")
        for pk in found.altered:
            self.stdout.write(f"letter {pk}: its file is not what came")
        wrong = len(found.missing) + len(found.altered)
        if wrong:
            raise CommandError(f"{wrong} not as they came: restore from the backup")
        self.stdout.write("every letter is as it came")
