"""Take in a spreadsheet of insurers."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from massage_portal.accounts.models import User
from services.actions import Imported, import_insurers
from services.insurers_csv import MOST_BYTES, BadFile

EVERY = 500  # rows between two lines of progress


class Command(BaseCommand):
    """Reads the file, calls the action and says what became of each row."""

    help = (
        "Add and change insurers from a CSV file; all of it, or nothing. Headings: "
        "name, in_network, needs_referral, needs_authorization, known_since, and "
        "if you like synonyms, note, active."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        """Take a file, and what to do with the outcome."""
        parser.add_argument("file", type=Path)
        parser.add_argument("--dry-run", action="store_true", help="write nothing")
        parser.add_argument("--result", type=Path, help="also write the outcome here")
        parser.add_argument("--by", default="", help="email address of the editor")

    def handle(self, *args: Any, **options: Any) -> None:
        """Import, or say what is wrong, each refused row on a line of its own."""
        file, result = options["file"], options["result"]
        if result and result.resolve() == file.resolve():
            raise CommandError("--result names the file itself")
        try:
            outcome = import_insurers(
                data=self._data(file),
                by=self._editor(options["by"]),
                now=timezone.now(),
                dry_run=options["dry_run"],
                progress=self._progress,
            )
        except BadFile as fault:
            self._keep(result, f"{fault}\n")
            raise CommandError(str(fault)) from None
        report = self._report(outcome)
        self._keep(result, report)
        self.stdout.write(report, ending="")
        if outcome.refused:
            raise CommandError("nothing is imported: correct these rows and try again")

    @staticmethod
    def _data(file: Path) -> bytes:
        """Return the file's content, or one byte more than is allowed of it."""
        try:
            with file.open("rb") as opened:
                return opened.read(MOST_BYTES + 1)
        except OSError as fault:
            raise CommandError(f"{file}: {fault.strerror}") from None

    @staticmethod
    def _editor(email: str) -> User | None:
        """Return who imports; the system itself if nobody is named."""
        if not email:
            return None
        user = User.objects.filter(email__iexact=email, is_active=True).first()
        if user is None or not user.has_perms(
            ["services.add_insurer", "services.change_insurer"]
        ):
            raise CommandError(f"{email} may not change insurers")
        return user

    @staticmethod
    def _keep(result: Path | None, report: str) -> None:
        if result:
            try:
                result.write_text(report, encoding="utf-8")
            except OSError as fault:
                raise CommandError(f"{result}: {fault.strerror}") from None

    def _progress(self, done: int, total: int) -> None:
        if done % EVERY == 0 or done == total:
            self.stderr.write(f"{done:,} of {total:,} rows")

    @staticmethod
    def _report(outcome: Imported) -> str:
        lines = [str(one) for one in outcome.refused]
        state = "written" if outcome.written else "nothing written"
        lines.append(f"{outcome}, refused {len(outcome.refused)}: {state}")
        return "".join(f"{line}\n" for line in lines)
