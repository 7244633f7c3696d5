"""A plan from files: which opening suits whom, what is charged, what is refused."""

from __future__ import annotations

import csv
import io
import os
import subprocess
import sys
from math import isclose

import pytest
from django.conf import settings
from django.core.management import CommandError, call_command

from appointments.planning.feasible import TooManyPairs, pairs
from appointments.planning.files import (
    ENTRY_COLUMNS,
    OPENING_COLUMNS,
    read_entries,
    read_openings,
)
from appointments.planning.plan import plan
from manage import stands_alone

ENTRY = dict.fromkeys(ENTRY_COLUMNS, "") | {
    "entry": "e1",
    "received_at": "2026-10-01T09:00-05:00",
    "target_days": "42",
    "need": "0",
}
OPENING = {  # a Wednesday, 9:30 to 10:30 on the wall in Rochester
    "opening": "o1",
    "starts_at": "2026-10-14T14:30+00:00",
    "minutes": "60",
    "place": "north",
    "therapist": "Ada",
    "techniques": "deep; soft",
    "time_zone": "America/Chicago",
}


def table(columns, rows):
    """Return rows as a file."""
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, columns)
    writer.writeheader()
    writer.writerows(rows)
    return io.BytesIO(text.getvalue().encode())


def entries(*rows):
    """Return entries, each said by how it differs."""
    file = table(ENTRY_COLUMNS, [{**ENTRY, "entry": f"e{n}", **r} for n, r in rows])
    made, refused = read_entries(file)
    assert not refused
    return made


def openings(*rows):
    """Return openings, each said by how it differs."""
    file = table(
        OPENING_COLUMNS, [{**OPENING, "opening": f"o{n}", **r} for n, r in rows]
    )
    made, refused = read_openings(file)
    assert not refused
    return made


def suits(entry, opening=None):
    """Say whether one opening suits one entry."""
    return bool(len(pairs(entries((1, entry)), openings((1, opening or {}))).entry))


# --- Which opening suits whom ---------------------------------------------------------

NIGHT = {"starts_at": "2026-10-14T23:30-05:00"}  # to 0:30
TO_MIDNIGHT = {"starts_at": "2026-10-14T23:00-05:00"}
CLOCKS_BACK = {"starts_at": "2026-11-01T00:30-05:00", "minutes": "120"}  # to 1:30
CLOCKS_ON = {"starts_at": "2027-03-14T01:30-06:00"}  # to 3:30


@pytest.mark.parametrize(
    ("entry", "opening", "expected"),
    [
        ({}, {}, True),
        ({"received_at": "2026-10-14T14:30Z"}, {}, True),
        ({"received_at": "2026-10-14T14:30:00.000001Z"}, {}, False),
        ({"received_at": "2026-10-14T16:30+02:00"}, {}, True),
        ({"place": "north"}, {}, True),
        ({"place": "south"}, {}, False),
        ({"technique": "soft"}, {}, True),
        ({"technique": "sof"}, {}, False),
        ({"therapist": "Ada"}, {}, True),
        ({"therapist": "Eve"}, {}, False),
        ({"earliest": "2026-10-14", "latest": "2026-10-14"}, {}, True),
        ({"earliest": "2026-10-15"}, {}, False),
        ({"latest": "2026-10-13"}, {}, False),
        ({"latest": "2026-10-14"}, {"starts_at": "2026-10-15T04:59Z"}, True),
        ({"earliest": "2026-10-15"}, {"starts_at": "2026-10-15T04:59Z"}, False),
        ({"earliest": "2026-10-15"}, {"starts_at": "2026-10-15T05:00Z"}, True),
        ({"weekdays": "W"}, {}, True),
        ({"weekdays": "MTRFSU"}, {}, False),
        ({"weekdays": "W"}, {"starts_at": "2026-10-15T04:00Z"}, True),
        ({"from_time": "09:30", "to_time": "10:30"}, {}, True),
        ({"from_time": "09:31"}, {}, False),
        ({"to_time": "10:29"}, {}, False),
        ({"from_time": "00:00", "to_time": "24:00"}, TO_MIDNIGHT, True),
        ({"to_time": "23:59"}, TO_MIDNIGHT, False),
        ({"to_time": "24:00"}, NIGHT, False),
        ({"weekdays": "W", "from_time": "23:30"}, NIGHT, True),
        ({"from_time": "00:30", "to_time": "01:30"}, CLOCKS_BACK, True),
        ({"to_time": "01:29"}, CLOCKS_BACK, False),
        ({"to_time": "03:29"}, CLOCKS_ON, False),
        ({"from_time": "01:30", "to_time": "03:30"}, CLOCKS_ON, True),
        ({"from_time": "23:30"}, {"time_zone": "Asia/Tokyo"}, True),
        ({"weekdays": "R"}, {"time_zone": "Pacific/Kiritimati"}, True),
    ],
)
def test_an_opening_suits_who_can_come_then_and_there(entry, opening, expected):
    assert suits(entry, opening) is expected


@pytest.mark.parametrize(
    ("letter", "day"), list(zip("MTWRFSU", range(12, 19), strict=True))
)
def test_each_letter_is_one_day(letter, day):
    for other in range(12, 19):
        opening = {"starts_at": f"2026-10-{other}T12:00-05:00"}
        assert suits({"weekdays": letter}, opening) is (other == day)


def test_more_pairs_than_memory_should_hold_are_refused():
    with pytest.raises(TooManyPairs, match="more than 3 pairs"):
        pairs(entries((1, {}), (2, {})), openings((1, {}), (2, {})), most=3)


# --- What is charged ------------------------------------------------------------------


def test_harm_is_that_of_the_wait_against_the_target_that_need_shortened():
    (one,) = plan(entries((1, {"need": "50"})), openings((1, {})), exponent=3)

    assert one.target_days == 31.5
    assert one.waited_days == 13 + 0.5 / 24
    assert isclose(one.harm, (one.waited_days / 31.5) ** 3)
    assert one.in_time


def test_who_has_no_opening_is_charged_to_the_end_of_the_last_openings_day():
    last = {"starts_at": "2026-11-01T00:00-05:00"}  # a day of 25 hours
    waiting = entries(
        (1, {"place": "south"}), (2, {"received_at": "2027-01-01T00:00Z"})
    )

    south, later = plan(waiting, openings((1, last), (2, {})), exponent=3)

    assert south.opening is None
    assert not south.in_time
    assert south.waited_days == 32 - 9 / 24 + 1 / 24
    assert (later.waited_days, later.harm) == (0, 0)


def test_without_any_opening_nothing_is_charged():
    (one,) = plan(entries((1, {})), [], exponent=3)

    assert (one.opening, one.waited_days, one.harm) == (None, None, None)
    assert plan([], openings((1, {})), exponent=3) == []


def test_extra_costs_and_given_pairs_take_part():
    waiting, times = entries((1, {}), (2, {})), openings((1, {}), (2, {}))
    given = pairs(waiting, times)
    same = (given.entry == given.opening) * 0.01

    crossed = plan(waiting, times, exponent=3, given=given, extra=same)
    none = plan(waiting, times, exponent=3, given=type(given)(*(n[:0] for n in given)))

    assert [one.opening.key for one in crossed] == ["o2", "o1"]
    assert [one.harm for one in crossed] == pytest.approx([(13.0208333 / 42) ** 3] * 2)
    assert [one.opening for one in none] == [None, None]


# --- The command ----------------------------------------------------------------------


def write(folder, waiting, times):
    """Write both files, as rows or as bytes."""
    for name, columns, rows in [
        ("entries", ENTRY_COLUMNS, waiting),
        ("openings", OPENING_COLUMNS, times),
    ]:
        whole = rows if isinstance(rows, bytes) else table(columns, rows).getvalue()
        (folder / f"{name}.csv").write_bytes(whole)
    return [f"--{n}={folder / n}.csv" for n in ("entries", "openings")] + [
        f"--out={folder / 'plan.csv'}"
    ]


def run(arguments):
    """Run the command; return what it printed, and what it said meanwhile."""
    out, err = io.StringIO(), io.StringIO()
    call_command("plan", *arguments, stdout=out, stderr=err)
    return out.getvalue(), err.getvalue()


def test_a_plan_is_written_and_what_it_comes_to_is_printed(tmp_path):
    late = {**ENTRY, "entry": "e2", "place": "south", "target_days": "3"}

    out, err = run(write(tmp_path, [ENTRY, late], [OPENING]))

    rows = list(csv.DictReader((tmp_path / "plan.csv").read_text().splitlines()))
    assert list(rows[0]) == (
        ["entry", "opening", "starts_at", "waited_days", "target_days", "harm"]
    )
    assert [row["opening"] for row in rows] == ["o1", ""]
    assert rows[0]["starts_at"] == "2026-10-14T14:30:00+00:00"
    assert rows[1]["starts_at"] == ""
    assert float(rows[1]["waited_days"]) == 13.625
    lines = dict(line.split(": ") for line in out.splitlines())
    harmed = sum(float(row["harm"]) for row in rows)
    assert lines["total harm"] == f"{harmed:.6f}"
    assert lines["within target"] == "50.0% (1 of 2)"
    assert float(lines["seconds"]) < 30
    assert 10 < float(lines["peak memory"].removesuffix(" MB").replace(",", "")) < 4000
    assert "[" + "#" * 30 + "] 100% done" in err


@pytest.mark.parametrize(
    ("column", "cell"),
    [
        ("entry", ""),
        ("received_at", "2026-10-01T09:00"),
        ("received_at", "2026-10-01"),
        ("received_at", "0001-01-01T00:00+14:00"),
        ("received_at", "soon"),
        *[("target_days", cell) for cell in ("", "0", "-1", "nan", "inf", "1e3", "x")],
        *[("need", cell) for cell in ("", "-1", "101", "nan", "1.5")],
        ("place", "=1+1"),
        ("technique", "x" * 201),
        ("earliest", "2026-02-30"),
        ("latest", "0001-01-01"),
        ("weekdays", "MX"),
        ("from_time", "9"),
        ("to_time", "24:01"),
        ("to_time", "00:00"),
        ("therapist", "\x07"),
    ],
)
def test_a_bad_cell_of_an_entry_is_named_and_nothing_is_written(column, cell, tmp_path):
    bad = {**ENTRY, "entry": "e2", column: cell}
    refused(
        tmp_path, [ENTRY, bad], [OPENING], f'entries.csv, line 3, column "{column}"'
    )


@pytest.mark.parametrize(
    ("column", "cell"),
    [
        ("opening", ""),
        ("starts_at", "2026-10-14T09:30"),
        *[("minutes", cell) for cell in ("", "0", "nan", "60.5", "1441")],
        ("place", ""),
        ("therapist", ""),
        ("techniques", ";"),
        *[("time_zone", cell) for cell in ("", "Mars", "../etc/passwd")],
    ],
)
def test_a_bad_cell_of_an_opening_is_named_too(column, cell, tmp_path):
    bad = {**OPENING, "opening": "o2", column: cell}
    refused(
        tmp_path, [ENTRY], [OPENING, bad], f'openings.csv, line 3, column "{column}"'
    )


def refused(folder, waiting, times, said):
    """See that the files are refused with these words, and an old plan is kept."""
    (folder / "plan.csv").write_text("of yesterday")
    with pytest.raises(CommandError) as fault:
        run(write(folder, waiting, times))
    assert said in str(fault.value)
    assert (folder / "plan.csv").read_text() == "of yesterday"
    assert len(list(folder.iterdir())) == 3


GOOD = table(ENTRY_COLUMNS, [ENTRY]).getvalue()


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (GOOD + b"e2,2026\r\n", "entries.csv, line 3: it has 2 cells"),
        (GOOD + GOOD.splitlines()[1] + b",more\r\n", "line 3: it has 13 cells"),
        (GOOD + GOOD.splitlines()[1], 'line 3, column "entry": line 2 has the same'),
        (GOOD.replace(b"need", b"nede"), "entries.csv: "),
        (GOOD.replace(b",need", b""), "entries.csv: These headings are missing: need"),
        (GOOD.replace(b",need", b",place"), 'The heading "place" is there more than'),
        (GOOD.replace(b"entry", b'"entry"x'), "entries.csv: The table is broken near"),
        (GOOD + b"\xff", "entries.csv: Line 3 is not written in UTF-8"),
        (GOOD + b'"' + b"x" * 200_000, "entries.csv: Line 3 has more than"),
        (
            GOOD + b'e2,"' + b"x\n" * 70_000 + b'",',
            "csv: The table is broken near line 3",
        ),
        (b"PK\x03\x04", "entries.csv: This is a workbook"),
        (b"", "entries.csv: "),
    ],
)
def test_a_broken_file_is_refused_in_words(content, said, tmp_path):
    refused(tmp_path, content, [OPENING], said)


@pytest.mark.parametrize(
    ("cells", "said"),
    [
        ({"received_at": "2026-03-08T02:30"}, '"received_at": write a time with its'),
        ({"from_time": "10:00", "to_time": "09:00"}, '"to_time": it must be after'),
        ({"earliest": "2026-10-02", "latest": "2026-10-01"}, "Put the sooner day into"),
        ({"target_days": "-3"}, "write days, more than 0 and at most 36,500"),
        ({"need": "101"}, "write a whole number from 0 to 100"),
        ({"entry": "e1"}, "line 2 has the same. Give each row a name of its own"),
        ({"entry": " "}, '"entry": it is empty. Fill it in'),
    ],
)
def test_how_to_mend_it_is_said_with_file_line_and_column(cells, said, tmp_path):
    """A time that clocks leave out has no offset that could tell what is meant."""
    bad = {**ENTRY, "entry": "e2"} | cells
    refused(tmp_path, [ENTRY, bad], [OPENING], said)
    refused(tmp_path, [ENTRY, bad], [OPENING], "entries.csv, line 3, column ")


def test_lines_are_counted_as_an_editor_counts_them(tmp_path):
    """A quoted cell may hold the end of a line, and spreadsheets save it so."""
    folded = {**ENTRY, "entry": "e2", "weekdays": "\r\nM\r\n"}
    bad = {**ENTRY, "entry": "e3", "need": "x"}
    refused(
        tmp_path, [ENTRY, folded, bad], [OPENING], 'entries.csv, line 6, column "need"'
    )


def test_all_faults_of_both_files_are_told_at_once(tmp_path):
    waiting = [{**ENTRY, "need": "x", "weekdays": "X"}]
    with pytest.raises(CommandError) as fault:
        run(write(tmp_path, waiting, [{**OPENING, "minutes": "x"}]))
    assert str(fault.value).count("column") == 3


def test_a_file_of_any_size_is_refused_before_it_is_read(tmp_path):
    arguments = write(tmp_path, [ENTRY], [OPENING])
    os.truncate(tmp_path / "entries.csv", 5_000_000_000)  # holds no blocks
    with pytest.raises(CommandError, match="larger than 100 MB"):
        run(arguments)


@pytest.mark.parametrize(
    "content",
    [
        GOOD.decode().encode("utf-8-sig"),
        GOOD.replace(b"\r\n", b"\n"),
        GOOD.replace(b",", b";"),
        GOOD + b"\r\n,,,\r\n",
        GOOD.decode().encode("utf-16"),
        table(ENTRY_COLUMNS[::-1], [ENTRY]).getvalue(),
    ],
)
def test_what_a_spreadsheet_writes_is_read(content, tmp_path):
    out, _err = run(write(tmp_path, content, [OPENING]))
    assert "entries with an opening: 1 of 1" in out


def test_the_plan_never_takes_the_place_of_what_it_is_made_from(tmp_path):
    arguments = write(tmp_path, [ENTRY], [OPENING])
    with pytest.raises(CommandError, match="--out names the file of --entries"):
        run([*arguments[:2], f"--out={tmp_path}/./entries.csv"])
    with pytest.raises(CommandError, match="no file in a folder that exists"):
        run([*arguments[:2], f"--out={tmp_path}/none/plan.csv"])


def test_it_asks_no_database(tmp_path):
    done = subprocess.run(
        [sys.executable, "manage.py", "plan", *write(tmp_path, [ENTRY], [OPENING])],
        cwd=settings.BASE_DIR,
        env={**os.environ, "DATABASE_URL": "postgres://nobody@127.0.0.1:1/none"},
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 0, done.stderr
    assert "within target: 100.0%" in done.stdout


def test_from_files_it_starts_no_servers():
    assert stands_alone(["plan", "--out", "c", "--entries", "a", "--openings", "b"])
    assert stands_alone(["plan", "--ent=a"])
    assert not stands_alone(["plan"])
