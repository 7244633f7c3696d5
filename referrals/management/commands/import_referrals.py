"""Take in a spreadsheet of referrals."""

from __future__ import annotations

from typing import Any

from django.core.management.base import CommandError
from django.utils import timezone

from massage_portal.accounts.importing import ImportCommand
from massage_portal.spreadsheet import BadFile, result, written
from referrals import actions
from referrals.actions.import_referrals import MOST_BYTES, MOST_ROWS

WIDTH = 30  # of the bar, in letters


class Command(ImportCommand):
    """Opens the file, calls the action and says what became of each row."""

    help = (
        "Add referrals from a CSV file as drafts; all of it, or nothing. While it "
        "runs, its patients cannot be changed: take in large files at a quiet hour."
    )
    permissions = ["referrals.import_referral"]
    act = "import referrals"

    def handle(self, *args: Any, **options: Any) -> None:
        """Import, or say what is wrong, each fault on a line of its own."""
        path, kept = options["file"], options["result"]
        self.refuse_itself(path, kept)
        if not options["by"]:
            raise CommandError("say who imports: --by EMAIL")
        by = self.user(options["by"])
        try:
            with path.open("rb") as file:
                self.size = path.stat().st_size
                outcome = actions.import_referrals(
                    file=file,
                    by=by,
                    now=timezone.now(),
                    dry_run=options["dry_run"],
                    most_bytes=MOST_BYTES,
                    most_rows=MOST_ROWS,
                    progress=lambda rows: self._bar(rows, file.tell()),
                )
        except OSError as fault:
            raise CommandError(f"{path}: {fault.strerror}") from None
        except (BadFile, actions.Refusal) as fault:
            self.keep(kept, written([[fault]]))
            raise CommandError(str(fault)) from None
        self._report(outcome, kept)

    def _report(self, outcome: actions.Imported, kept: Any) -> None:
        state = "written" if outcome.written else "nothing written"
        summary = f"{outcome}: {state}"
        self.keep(kept, result(outcome.refused, summary))
        for one in outcome.refused:
            self.stdout.write(f"{one}. {one.mend}".rstrip(". "))
        self.stdout.write(summary)
        if outcome.refused:
            raise CommandError("nothing is imported: correct these rows and try again")

    def _bar(self, rows: int, read: int) -> None:
        """Draw how much of the file is read: on one line where there is a screen."""
        share = min(1.0, read / self.size)
        done = round(WIDTH * share)
        bar = f"[{'#' * done}{'.' * (WIDTH - done)}] {share:4.0%}, {rows:,} rows"
        screen = self.stderr.isatty()
        self.stderr.write(f"\r{bar}" if screen else bar, ending="" if screen else "\n")
