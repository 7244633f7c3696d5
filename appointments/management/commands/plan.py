"""Plan from files, or the clinic's own line: who should have which opening."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from time import perf_counter
from typing import Any, BinaryIO, TypeVar

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from appointments.planning import files
from appointments.planning.feasible import TooManyPairs
from appointments.planning.instance import Entry, Opening
from appointments.planning.plan import plan
from appointments.planning.report import peak_megabytes, report
from appointments.priority import DEFAULT_EXPONENT
from massage_portal.spreadsheet import BadFile, Refused

WIDTH = 30  # of the bar, in letters
MOST_FAULTS = 100  # that are shown
MOST_WEEKS = 26
FILES = ("entries", "openings", "out")
STEEPEST = 6.0  # exponent, as in the clinic's policy

Rows = TypeVar("Rows", list[Entry], list[Opening])


class Command(BaseCommand):
    """Makes the plan and says what it comes to; with files it asks no database."""

    help = (
        "Give openings to those who wait, so that total harm is least: from a file of "
        "entries and one of openings to a file that says who has which. Nothing is "
        "sent, booked or kept, and no database is needed. With --weeks, and no files: "
        "the plan of the clinic's own line and free time, which is printed."
    )
    requires_system_checks = []  # they ask about much that a file has no need of

    def add_arguments(self, parser: CommandParser) -> None:
        """Take two files to read, and one to write."""
        parser.add_argument(
            "--entries",
            type=Path,
            metavar="CSV",
            help=f"headings: {', '.join(files.ENTRY_COLUMNS)}; from place on, an empty "
            "cell means any",
        )
        parser.add_argument(
            "--openings",
            type=Path,
            metavar="CSV",
            help=f"headings: {', '.join(files.OPENING_COLUMNS)}",
        )
        parser.add_argument("--out", type=Path, metavar="CSV", help="the plan")
        parser.add_argument(
            "--weeks",
            type=int,
            metavar="N",
            help=f"plan the clinic's own coming weeks, 1 to {MOST_WEEKS}, from the "
            "database and with the exponent of its policy; no files then",
        )
        parser.add_argument(
            "--exponent",
            type=float,
            default=DEFAULT_EXPONENT,
            metavar="P",
            help=f"how steeply harm grows, 1 to {STEEPEST:g}; %(default)g if not said",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Plan, or say what is wrong, each fault on a line of its own."""
        if self._is_of_clinic(options):
            from appointments.planning.of_clinic import clinic_plan  # needs a database

            text = clinic_plan(weeks=options["weeks"], now=timezone.now())
            self.stdout.write(text, ending="")
            return
        began = perf_counter()
        out, exponent = options["out"], options["exponent"]
        self._refuse_options(options)
        entries, faults = self._read(options["entries"], files.read_entries)
        openings, more = self._read(options["openings"], files.read_openings)
        self._refuse([*faults, *more])
        try:
            planned = plan(entries, openings, exponent=exponent, progress=self._bar)
        except TooManyPairs as fault:
            raise CommandError(str(fault)) from None
        self._write(out, files.written(planned))
        self.stdout.write(
            report(
                planned,
                seconds=perf_counter() - began,
                megabytes=peak_megabytes(),
            ),
            ending="",
        )

    @staticmethod
    def _is_of_clinic(options: dict[str, Any]) -> bool:
        """Say whether the clinic itself is planned; refuse a mixture of the two."""
        files_given = [name for name in FILES if options[name] is not None]
        if options["weeks"] is None:
            missing = [f"--{name}" for name in FILES if name not in files_given]
            if missing:
                raise CommandError(f"say {', '.join(missing)}, or --weeks alone")
            return False
        if files_given:
            raise CommandError("--weeks plans the clinic itself: give no files with it")
        if not 1 <= options["weeks"] <= MOST_WEEKS:
            raise CommandError(f"--weeks is from 1 to {MOST_WEEKS}")
        return True

    @staticmethod
    def _refuse_options(options: dict[str, Any]) -> None:
        """See that the plan has a place, and that it is none of the files read."""
        out: Path = options["out"]
        if not 1 <= options["exponent"] <= STEEPEST:
            raise CommandError(f"--exponent is from 1 to {STEEPEST:g}")
        for name in ("entries", "openings"):
            read: Path = options[name]
            if out.resolve() == read.resolve() or (
                out.exists() and read.exists() and out.samefile(read)
            ):
                raise CommandError(f"--out names the file of --{name}")
        if out.is_dir() or not out.resolve().parent.is_dir():
            raise CommandError(f"--out: {out} is no file in a folder that exists")

    @staticmethod
    def _read(
        path: Path, read: Callable[[BinaryIO], tuple[Rows, list[Refused]]]
    ) -> tuple[Rows, list[str]]:
        """Return what a file holds, and its faults, each with the file's name."""
        try:
            with path.open("rb") as file:
                rows, refused = read(file)
        except OSError as fault:
            raise CommandError(f"{path}: {fault.strerror or fault}") from None
        except BadFile as fault:
            raise CommandError(f"{path}: {fault}") from None
        return rows, [f"{path}, {one}. {one.mend}".rstrip(". ") for one in refused]

    @staticmethod
    def _refuse(faults: list[str]) -> None:
        if not faults:
            return
        shown = faults[:MOST_FAULTS]
        if len(faults) > MOST_FAULTS:
            shown.append(f"and {len(faults) - MOST_FAULTS:,} more")
        shown.append("nothing is written: correct these rows and try again")
        raise CommandError("\n".join(shown))

    @staticmethod
    def _write(out: Path, content: bytes) -> None:
        """Write the plan whole, or leave what was there."""
        out = out.resolve()
        try:
            if out.exists() and not out.is_file():  # a pipe or a terminal
                out.write_bytes(content)
                return
            draft = out.with_name(f"{out.name}.{os.getpid()}.part")
            try:
                draft.write_bytes(content)
                draft.replace(out)
            finally:
                draft.unlink(missing_ok=True)
        except OSError as fault:
            raise CommandError(f"{out}: {fault.strerror}") from None

    def _bar(self, done: int, total: int) -> None:
        """Draw how many entries are compared: on one line where there is a screen."""
        full = round(WIDTH * done / total) if total else WIDTH
        share = done / total if total else 1.0
        bar = f"[{'#' * full}{'.' * (WIDTH - full)}] {share:4.0%}, {done:,} entries"
        if done == total:
            bar += " compared; now the assignment"
        screen = self.stderr.isatty()
        ending = "" if screen and done < total else "\n"
        self.stderr.write(f"\r{bar}" if screen else bar, ending=ending)
