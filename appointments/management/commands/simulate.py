"""Simulate a clinic, and see what each order of seeing patients would do to it."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from appointments.models.rates import clinic_rates
from appointments.priority import DEFAULT_EXPONENT
from appointments.simulation.given import EXAMPLE, rates_from
from appointments.simulation.model import BadRates, Rates
from appointments.simulation.plots import files, told
from appointments.simulation.result import Line, Spread, Table, simulate

BAR = 30  # width of the bar, in letters
LOAD = 1.3
PLOTTED = (0.8, 0.9, 1.0, 1.1, 1.2, 1.3, 1.4, 1.5)
MOST_LOADS = 20


class Command(BaseCommand):
    """Reads the rates, runs the simulation, and says what came of it."""

    help = (
        "Simulate a clinic: who is seen in time, how long the longest waits are and "
        "how much harm waiting does, in the portal's order and in others. The same "
        "options give the same numbers. Only --own asks the database."
    )
    requires_system_checks = []  # they ask about much that a simulation has no need of

    def add_arguments(self, parser: CommandParser) -> None:
        """Take how much to simulate, and what to do with it."""
        parser.add_argument(
            "--seeds", type=int, default=10, metavar="N", help="clinics drawn, 1 to 100"
        )
        parser.add_argument(
            "--load",
            type=float,
            nargs="+",
            metavar="L",
            help=f"demand as a multiple of capacity, 0.1 to 3; {LOAD} if not said, the "
            "clinic's with --own, and 0.8 to 1.5 with --plots",
        )
        parser.add_argument(
            "--days", type=int, default=180, help="on which people come, 1 to 730"
        )
        parser.add_argument(
            "--exponent",
            type=float,
            default=DEFAULT_EXPONENT,
            metavar="P",
            help="how steeply harm grows, 1 to 10; %(default)g if not said",
        )
        parser.add_argument(
            "--rates",
            type=Path,
            metavar="FILE",
            help=f"the clinic's rates, as JSON: {EXAMPLE.replace('%', '%%')}",
        )
        parser.add_argument(
            "--own",
            action="store_true",
            help="the rates and the load of this clinic's last 90 days",
        )
        parser.add_argument("--json", action="store_true", help="write JSON")
        parser.add_argument(
            "--plots", type=Path, metavar="FOLDER", help="also draw pictures into it"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Simulate, or say in words what is wrong."""
        if options["plots"]:
            self._make(options["plots"])  # not after minutes that would be lost
        try:
            rates, usual = self._rates(options["rates"], own=options["own"])
            loads = options["load"] or (PLOTTED if options["plots"] else (usual,))
            loads = sorted(set(loads))
            if len(loads) > MOST_LOADS:
                raise CommandError(f"at most {MOST_LOADS} loads at a time")
            self.done, self.all = 0, len(loads) * max(options["seeds"], 1)
            tables = [
                simulate(
                    rates,
                    load=load,
                    days=options["days"],
                    seeds=options["seeds"],
                    exponent=options["exponent"],
                    done=self._bar,
                )
                for load in loads
            ]
        except BadRates as fault:
            raise CommandError(str(fault)) from None
        if options["json"]:
            asked = {name: options[name] for name in ("seeds", "days", "exponent")}
            data = {
                **asked,
                "rates": asdict(rates),
                "tables": [one.as_data() for one in tables],
            }
            self.stdout.write(json.dumps(data, indent=2))
        else:
            self.stdout.write("\n\n".join(self._told(one, rates) for one in tables))
        if options["plots"]:
            self._draw(options["plots"], files(tables, rates))

    def _rates(self, path: Path | None, *, own: bool) -> tuple[Rates, float]:
        """Return the rates that are asked for, and the load that goes with them."""
        if path and own:
            raise CommandError("say --rates or --own, not both")
        if own:
            measured = clinic_rates(now=timezone.now())
            return measured.rates, round(measured.load, 2)
        if not path:
            return Rates(), LOAD
        try:
            return rates_from(path.read_text(encoding="utf-8")), LOAD
        except OSError as fault:
            raise CommandError(f"{path}: {fault.strerror}") from None
        except UnicodeDecodeError:
            raise CommandError(f"{path}: no text in UTF-8") from None
        except BadRates as fault:
            raise CommandError(f"{path}: {fault}") from None

    @staticmethod
    def _make(folder: Path) -> None:
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as fault:
            raise CommandError(f"{folder}: {fault.strerror}") from None

    def _draw(self, folder: Path, drawn: dict[str, str]) -> None:
        try:
            for name, text in drawn.items():
                (folder / name).write_text(text, encoding="utf-8")
        except OSError as fault:
            raise CommandError(f"{folder}: {fault.strerror}") from None
        self.stderr.write(f"drawn: {folder / 'index.html'}")

    def _told(self, table: Table, rates: Rates) -> str:
        """Return one table in columns."""
        names = [one.name for one in rates.categories]
        heads = ["order", *(f"{name} in time, %" for name in names), "all in time, %"]
        heads += [*(f"worst {name}, targets" for name in names), "total harm"]
        rows = [heads, *(self._row(line, len(names)) for line in table.lines)]
        wide = [max(map(len, column)) for column in zip(*rows, strict=True)]
        lines = [
            "  ".join([row[0].ljust(wide[0]), *map(str.rjust, row[1:], wide[1:])])
            for row in rows
        ]
        head = f"Demand {table.load:g} times capacity: mean ± standard deviation"
        foot = f"In time, of the most that is possible: {table.of_the_best:.1%}"
        if not table.exact:
            foot += (
                "\nVisits differ or are missed: so the future known is a bound. Nobody "
                "does better, and perhaps nobody that well."
            )
        return "\n".join([head, *lines, foot])

    def _row(self, line: Line, categories: int) -> list[str]:
        """Return the cells of one order; what does not apply is a dash."""
        dashes = ["-"] * categories
        shares = [
            told(Spread(100 * one.mean, 100 * one.deviation), 0)
            for one in [*line.shares, line.share]
        ]
        worst = [told(one, 1) for one in line.worst] or dashes
        if not line.shares:
            shares = [*dashes, *shares]
        return [line.order, *shares, *worst, told(line.harm, 0)]

    def _bar(self) -> None:
        """Draw how much is done: on one line where there is a screen."""
        self.done += 1
        share = self.done / self.all
        full = round(BAR * share)
        bar = f"[{'#' * full}{'.' * (BAR - full)}] {share:4.0%}, {self.done:,} clinics"
        screen = self.stderr.isatty()
        end = "\n" if self.done == self.all or not screen else ""
        self.stderr.write(f"\r{bar}" if screen else bar, ending=end)
