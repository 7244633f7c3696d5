"""What commands share that take in a spreadsheet."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import ClassVar

from django.core.management.base import BaseCommand, CommandError, CommandParser

from massage_portal.accounts.models import User


class ImportCommand(BaseCommand):
    """
    Takes a file, a place for the outcome, and who imports.

    `permissions` are those that the person needs; `act` is what they may not do
    otherwise, in words: "change insurers".
    """

    permissions: ClassVar[Sequence[str]]
    act: ClassVar[str]

    def add_arguments(self, parser: CommandParser) -> None:
        """Take a file, and what to do with the outcome."""
        parser.add_argument("file", type=Path)
        parser.add_argument("--dry-run", action="store_true", help="write nothing")
        parser.add_argument("--result", type=Path, help="also write the outcome here")
        parser.add_argument("--by", default="", help="email address of who imports")

    def refuse_itself(self, file: Path, result: Path | None) -> None:
        """
        See that the outcome does not overwrite the file.

        :raises CommandError: if it would.
        """
        if result and result.resolve() == file.resolve():
            raise CommandError("--result names the file itself")

    def user(self, email: str) -> User:
        """
        Return who imports.

        :raises CommandError: if nobody of this address may.
        """
        user = User.objects.filter(email__iexact=email, is_active=True).first()
        if user is None or not user.has_perms(self.permissions):
            raise CommandError(f"{email} may not {self.act}")
        return user

    def keep(self, result: Path | None, report: bytes) -> None:
        """
        Write the outcome where it was asked for.

        :raises CommandError: if that cannot be written.
        """
        if result:
            try:
                result.write_bytes(report)
            except OSError as fault:
                raise CommandError(f"{result}: {fault.strerror}") from None
