"""The bar of a plan from files: it moves through what is done, and never back."""

from __future__ import annotations

import io
import re

import pytest
from django.core.management import CommandError, call_command

from appointments.planning import files, greedy, prices
from appointments.planning.assign import assign
from appointments.planning.feasible import pairs
from appointments.planning.progress import Bar, Phase
from tests.appointments.test_planning import ENTRY, OPENING, entries, openings, write
from tests.appointments.test_planning_optimum import waiting


class Screen(io.StringIO):
    """A file that says it is a screen."""

    def isatty(self) -> bool:
        return True


def planned(folder, screen, *, waiting=3):
    """Plan for so many; return what was shown, line by line."""
    rows = [
        {**ENTRY, "entry": f"e{n}", "received_at": f"2026-10-01T09:{n % 60:02}-05:00"}
        for n in range(waiting)
    ]
    times = [
        {**OPENING, "opening": f"o{n}", "starts_at": f"2026-10-1{n}T14:30Z"}
        for n in range(3)
    ]
    arguments = write(folder, rows, times)
    call_command("plan", *arguments, stdout=io.StringIO(), stderr=screen)
    return re.split(r"[\r\n]+", screen.getvalue().strip())


def test_on_a_screen_one_line_goes_from_phase_to_phase_and_never_back(
    tmp_path, monkeypatch
):
    monkeypatch.setattr(files, "EVERY", 100)
    screen = Screen()

    lines = planned(tmp_path, screen, waiting=1_000)

    shares = [int(re.search(r"(\d+)%", line)[1]) for line in lines]
    words = [line.split("% ")[1].rstrip() for line in lines]
    assert shares == sorted(shares)
    assert shares[0] < 10
    assert list(dict.fromkeys(words)) == [*(phase.words for phase in Phase), "done"]
    assert words.count(Phase.ENTRIES.words) > 3
    assert screen.getvalue().count("\n") == 1


def test_in_a_log_each_phase_has_one_line(tmp_path):
    log = io.StringIO()

    lines = planned(tmp_path, log)

    assert len(lines) == len(Phase) + 1
    assert "\r" not in log.getvalue()
    assert lines[-1] == f"[{'#' * 30}] 100% done"


def test_a_fault_begins_on_a_line_of_its_own(tmp_path):
    screen = Screen()
    arguments = write(tmp_path, [{**ENTRY, "need": "x"}], [OPENING])

    with pytest.raises(CommandError):
        call_command("plan", *arguments, stderr=screen)

    assert screen.getvalue().endswith("\n")
    assert "done" not in screen.getvalue()


def test_a_shorter_line_leaves_nothing_of_a_longer_one():
    shown = []
    bar = Bar(shown.append, screen=True)
    bar.tell(Phase.COMPARING, 0.0)
    bar.tell(Phase.MATCHING, 0.0)

    assert len(shown[0]) == len(shown[1])


@pytest.mark.parametrize("ties", [False, "all at once"])
def test_bidding_and_greed_tell_how_much_of_their_work_is_done(ties, monkeypatch):
    monkeypatch.setattr(prices, "EVERY", 20)
    monkeypatch.setattr(greedy, "EVERY", 20)
    some, costs, charges = waiting(200, 200, 20, ties=ties)
    told = []

    assign(some, costs, charges, openings=200, progress=lambda *what: told.append(what))

    phase = Phase.MATCHING if ties else Phase.BIDDING
    shares = [share for what, share in told if what is phase]
    assert len(shares) > 3
    assert shares == sorted(set(shares))
    assert 0 <= shares[0] < shares[-1] <= 1


def test_comparing_tells_how_many_of_all_are_compared(monkeypatch):
    monkeypatch.setattr("appointments.planning.feasible.EVERY", 1)
    told = []

    pairs(entries((1, {}), (2, {})), openings((1, {})), told=told.append)

    assert told == [0.0, 0.5]
