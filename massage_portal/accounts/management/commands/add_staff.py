"""Add someone who works at the clinic; a mailed link lets them choose a password."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.core.validators import validate_email
from django.utils import timezone

from massage_portal.accounts import actions
from massage_portal.accounts.roles import Role

ROLES = [role.value for role in Role if role != Role.PATIENT]


class Command(BaseCommand):
    """Makes the account and owes the invitation; a worker sends it."""

    help = "Add someone who works at the clinic, and mail them a link to sign in."

    def add_arguments(self, parser: CommandParser) -> None:
        """Take an address, a name and at least one role."""
        parser.add_argument("email")
        parser.add_argument("name")
        parser.add_argument("roles", nargs="+", choices=ROLES, metavar="role")

    def handle(self, *args: Any, **options: Any) -> None:
        """Add them, or say what is wrong."""
        try:
            validate_email(options["email"])
            user = actions.add_staff(
                email=options["email"],
                name=options["name"],
                roles=[Role(role) for role in options["roles"]],
                by=None,
                now=timezone.now(),
            )
        except ValidationError:
            raise CommandError(f"not an email address: {options['email']}") from None
        except actions.AddressTaken as refusal:
            raise CommandError(str(refusal)) from None
        self.stdout.write(f"{user.email} is added; the invitation is on its way.")
