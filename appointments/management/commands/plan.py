"""Plan the clinic's own line, or from files: who should have which opening."""

from __future__ import annotations

import os
from functools import partial
from pathlib import Path
from time import perf_counter
from typing import Any, BinaryIO, Protocol, TypeVar

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from appointments.planning import files
from appointments.planning.feasible import TooManyPairs
from appointments.planning.instance import Entry, Opening
from appointments.planning.plan import Planned, plan
from appointments.planning.progress import Bar, Phase, Progress, Share
from appointments.planning.report import peak_megabytes, report
from appointments.priority import DEFAULT_EXPONENT
from massage_portal.spreadsheet import BadFile, Refused

MOST_FAULTS = 100  # that are shown
WEEKS = 2
FILES = ("entries", "openings", "out")
STEEPEST = 6.0  # exponent, as in the clinic's policy

Rows = TypeVar("Rows", list[Entry], list[Opening], covariant=True)


class Read(Protocol[Rows]):
    """Reads a file, and tells how much of it."""

    def __call__(self, file: BinaryIO, *, told: Share) -> tuple[Rows, list[Refused]]:
        """Return what it holds, and what cannot be taken."""


class Command(BaseCommand):
    """Makes the plan and says what it comes to; with files it asks no database."""

    help = (
        "Give openings to those who wait, so that total harm is least. Without files: "
        "the plan of the clinic's own line and free time, which is printed and kept "
        "for a scheduler, as by the board's button; nothing is sent. With files: from "
        "one of entries and one of openings to one that says who has which; nothing "
        "is kept, and no database is needed."
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
            help="of the clinic's own, today's included: at most as far as times are "
            f"offered; {WEEKS} if not said",
        )
        parser.add_argument(
            "--anew",
            action="store_true",
            help="throw a plan away that a scheduler asked for or has changed",
        )
        parser.add_argument(
            "--exponent",
            type=float,
            metavar="P",
            help=f"with files: how steeply harm grows, 1 to {STEEPEST:g}; "
            f"{DEFAULT_EXPONENT:g} if not said",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Plan, or say what is wrong, each fault on a line of its own."""
        if self._is_of_clinic(options):
            self._plan_clinic(options["weeks"], anew=options["anew"])
            return
        began = perf_counter()
        out, exponent = options["out"], options["exponent"]
        exponent = DEFAULT_EXPONENT if exponent is None else exponent
        self._refuse_options(options, exponent)
        write = partial(self.stderr.write, style_func=str, ending="")
        with Bar(write, screen=self.stderr.isatty()) as bar:
            planned = self._planned(options, exponent, bar.tell)
            bar.tell(Phase.WRITING, 0.0)
            self._write(out, files.written(planned))
        self.stdout.write(
            report(
                planned,
                seconds=perf_counter() - began,
                megabytes=peak_megabytes(),
            ),
            ending="",
        )

    def _planned(
        self, options: dict[str, Any], exponent: float, told: Progress
    ) -> list[Planned]:
        """Read both files, see that they are in order, and plan."""
        entries, faults = self._read(
            options["entries"], files.read_entries, partial(told, Phase.ENTRIES)
        )
        openings, more = self._read(
            options["openings"], files.read_openings, partial(told, Phase.OPENINGS)
        )
        self._refuse([*faults, *more])
        try:
            return plan(entries, openings, exponent=exponent, progress=told)
        except TooManyPairs as fault:
            raise CommandError(str(fault)) from None

    @staticmethod
    def _is_of_clinic(options: dict[str, Any]) -> bool:
        """Say whether the clinic itself is planned; refuse a mixture of the two."""
        files_given = [name for name in FILES if options[name] is not None]
        if not files_given:
            if options["exponent"] is not None:
                raise CommandError(
                    "--exponent is for files: the clinic's is its policy"
                )
            return True
        if options["weeks"] is not None or options["anew"]:
            raise CommandError(
                "--weeks and --anew plan the clinic itself: no files then"
            )
        missing = [f"--{name}" for name in FILES if name not in files_given]
        if missing:
            raise CommandError(f"say {', '.join(missing)} as well, or no file at all")
        return False

    def _plan_clinic(self, weeks: int | None, *, anew: bool) -> None:
        """Draw a plan up as the board's button does, and say what it comes to."""
        # From files no database is needed, nor what stands on one.
        from appointments.actions.draw_up import ask_for_draft, draw_up
        from appointments.models import Draft, Policy
        from appointments.planning.of_clinic import said_of

        began, now = perf_counter(), timezone.now()
        most = Policy.objects.in_force(now).plan_weeks
        weeks = min(WEEKS, most) if weeks is None else weeks
        if not 1 <= weeks <= most:
            raise CommandError(
                f"--weeks is from 1 to {most}, as far as times are offered"
            )
        at_work = Draft.objects.at_work().first()
        if at_work and not anew and (at_work.made_by_id or at_work.version > 1):
            raise CommandError(
                f"plan {at_work.pk} is at work, and {at_work.maker} asked for it or a "
                "scheduler has changed it: --anew throws it away"
            )
        asked = ask_for_draft(weeks=weeks, by=None, now=now)
        made = draw_up(pk=asked.pk, now=now, clock=timezone.now)
        if made is None:
            raise CommandError(f"plan {asked.pk} was not drawn up: see the log")
        taken, memory = perf_counter() - began, peak_megabytes()
        for line in said_of(made, seconds=taken, megabytes=memory):
            self.stdout.write(line)

    @staticmethod
    def _refuse_options(options: dict[str, Any], exponent: float) -> None:
        """See that the plan has a place, and that it is none of the files read."""
        out: Path = options["out"]
        if not 1 <= exponent <= STEEPEST:
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
    def _read(path: Path, read: Read[Rows], told: Share) -> tuple[Rows, list[str]]:
        """Return what a file holds, and its faults, each with the file's name."""
        try:
            with path.open("rb") as file:
                rows, refused = read(file, told=told)
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
