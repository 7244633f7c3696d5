"""Let another system send referrals, or read the metrics; its secret is shown once."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.core.validators import validate_slug
from django.utils import timezone

from massage_portal.accounts import actions
from massage_portal.accounts.models import Scope

LONGEST = 60


class Command(BaseCommand):
    """Makes the secret and prints it; the portal keeps only its hash."""

    help = "Let another system send referrals or read metrics; print its secret once."

    def add_arguments(self, parser: CommandParser) -> None:
        """Take the system's name, and what its secret is for."""
        parser.add_argument("name", help="letters, digits, hyphens: clinic-record")
        parser.add_argument(
            "--for",
            dest="scope",
            choices=Scope.values,
            default=Scope.REFERRALS.value,
            help="the one thing that its secret opens; referrals if left out",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Add it, or say what is wrong."""
        name = options["name"]
        try:
            validate_slug(name)
        except ValidationError:
            name = ""
        if not name or len(name) > LONGEST:
            raise CommandError(
                f"a name has letters, digits, - and _, at most {LONGEST} of them"
            )
        try:
            secret = actions.add_client_system(
                name=name,
                scope=(scope := Scope(options["scope"])),
                by=None,
                now=timezone.now(),
            )
        except actions.NameTaken as refusal:
            raise CommandError(str(refusal)) from None
        self.stderr.write(
            f"{name} is let in for {scope.value}. Its secret is shown this once:"
        )
        self.stdout.write(secret)
