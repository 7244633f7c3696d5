"""A spreadsheet of referrals is read strictly, whoever saved it and however."""

from __future__ import annotations

import io
from datetime import date

import pytest

from massage_portal.spreadsheet import BadFile, TooLarge
from referrals.referrals_csv import COLUMNS, REQUIRED, Row, read
from tests.factories import TODAY
from tests.referrals.sheets import NPI, ROW, line, opened, sheet

GOOD = Row(
    record_number="T-9001",
    given_name="José",
    family_name="Ejemplo",
    birth_date=date(1985, 3, 14),
    npi=NPI,
    diagnosis="M797",
    priority="urgent",
    received_on=date(2026, 10, 12),
    valid_from=date(2026, 10, 12),
    valid_until=date(2027, 1, 12),
    sessions=6,
    reference="L-1",
    other_diagnoses=("M5450", "G43909"),
    interval_days=14,
    technique="swedish",
    insurer="fictional mutual",
    reason="Pain in the back",
    goals="Sleep, without waking",
)


def of(data, *, most_bytes=5_000_000, most_rows=5_000):
    file = io.BytesIO(data) if isinstance(data, bytes) else data
    return list(read(file, today=TODAY, most_bytes=most_bytes, most_rows=most_rows))


def fault(**changes):
    """Return the one fault of a line so changed."""
    (only,) = of(opened(line(**changes)))
    assert only.row is None
    (refused,) = only.refused
    return refused


def test_a_good_line_becomes_a_row():
    assert of(opened()) == [(2, GOOD, [])]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_a_file_is_read_as_each_excel_saves_it(encoding, delimiter):
    cells = dict(ROW, other_diagnoses="M54.50", goals="")
    quoted = [f'"{cells[name]}"' for name in COLUMNS]
    text = f"{delimiter.join(COLUMNS)}\r\n{delimiter.join(quoted)}\r\n"

    (only,) = of(text.encode(encoding))

    assert only.row.given_name == "José"


def test_what_is_left_out_has_its_ordinary_value():
    text = ",".join(REQUIRED) + "\n" + ",".join(ROW[name] for name in REQUIRED)

    (only,) = of(text.encode())

    row = only.row
    assert (row.interval_days, row.technique, row.other_diagnoses) == (7, "", ())


@pytest.mark.parametrize("column", COLUMNS)
@pytest.mark.parametrize("cell", ["=cmd|'/c calc'!A1", "+1", "-1", "@SUM(A1)"])
def test_no_cell_may_be_a_formula(column, cell):
    found = fault(**{column: cell})

    assert (found.line, found.column) == (2, column)
    assert found.fault == "a cell may not begin with = + - or @"
    assert found.mend


@pytest.mark.parametrize("column", ["given_name", "family_name", "reason", "reference"])
@pytest.mark.parametrize("cell", ["Ana\u202eterceS", "Ana\0", "A" + "\u0301" * 20])
def test_what_hides_in_a_text_is_refused(column, cell):
    assert "hidden character" in fault(**{column: cell}).fault


@pytest.mark.parametrize("name", ["\u200b", "\u200d", "", " ", "...", "\ufeff"])
def test_a_name_of_nothing_that_is_seen_is_refused(name):
    assert fault(given_name=name).column == "given_name"


@pytest.mark.parametrize("name", ["עדינה", "سلمى", "Anne\u200b-Marie", "李"])
def test_a_name_of_any_script_is_taken_without_invisible_leftovers(name):
    (only,) = of(opened(line(given_name=name)))

    assert only.row.given_name == name.replace("\u200b", "")


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"given_name": "x" * 10_000}, "10000 letters, and 100 is the most"),
        ({"record_number": "x" * 21}, "21 letters, and 20"),
        ({"record_number": "T\u20131"}, "letters A to Z"),
        ({"birth_date": "1985-02-30"}, "write a date like"),
        ({"birth_date": "3/14/85"}, "write a date like"),
        ({"birth_date": "31/12/1985"}, "write a date like"),
        ({"birth_date": "1899-12-31"}, "not between 1900-01-01"),
        ({"birth_date": "2026-10-15"}, "not between"),
        ({"received_on": "2026-10-15"}, "not between"),
        ({"received_on": "2024-10-01"}, "not between"),
        ({"valid_until": "9999-12-31"}, "not between"),
        ({"valid_until": "2026-10-11"}, "before 2026-10-12"),
        ({"birth_date": "2026-10-13", "valid_from": "2026-10-13"}, "before 2026-10-13"),
        ({"npi": "1000000013"}, "no valid NPI"),
        ({"npi": "1.00E+09"}, "no valid NPI"),
        ({"diagnosis": "back pain"}, "no ICD-10-CM code"),
        ({"diagnosis": ""}, "no ICD-10-CM code"),
        ({"other_diagnoses": "M54.50, G43"}, "no ICD-10-CM code"),
        ({"other_diagnoses": ";".join(f"M54.{n}" for n in range(13))}, "13 codes"),
        ({"priority": "soon"}, "routine, urgent, asap, stat"),
        ({"sessions": "0"}, "from 1 to 60"),
        ({"sessions": "61"}, "from 1 to 60"),
        ({"sessions": "6.5"}, "from 1 to 60"),
        ({"sessions": "٦"}, "from 1 to 60"),
        ({"interval_days": "366"}, "from 1 to 365"),
        ({"reason": "x" * 2001}, "2001 letters"),
        ({"goals": "x" * 1001}, "1001 letters"),
        ({"reference": ""}, "it is empty"),
    ],
)
def test_a_cell_that_cannot_be_is_refused_in_words(changes, words):
    assert words in fault(**changes).fault


def test_each_fault_of_a_line_is_told_at_once():
    (only,) = of(opened(line(npi="x", sessions="x", priority="x")))

    assert [one.column for one in only.refused] == ["npi", "priority", "sessions"]


def test_a_ragged_line_and_a_second_row_of_headings_are_refused_alone():
    found = of(opened(",".join(COLUMNS), "T-1,José", line() + ",more", line()))

    assert [one.refused[0].fault for one in found[:3]] == [
        "it says the headings a second time",
        "it has 2 cells, and the headings are 18",
        "it has 19 cells, and the headings are 18",
    ]
    assert found[3] == (5, GOOD, [])


UNREADABLE = {
    "nothing": (b"", "headings are missing"),
    "no rows": (",".join(COLUMNS).encode(), "no rows"),
    "a title first": (b"Referrals of October\r\n" + sheet(), "is no heading"),
    "an unclosed quote": (sheet('"T-1,José'), "broken near line 2"),
    "a long unclosed quote": (sheet('"T-1' + "x\n" * 100_000), "broken near line 2"),
    "a million columns": (b"a," * 1_000_000, "no table"),
    "a thousand columns": (b"a," * 1_000 + b"a", "1,001 columns"),
    "a line without end": (sheet("x" * 200_000), "Line 2 has more than 100,000"),
    "a workbook": (b"PK\x03\x04" + b"\0" * 99, "This is a workbook"),
    "half of UTF-16": (b"\xff\xfea", "not written in UTF-8"),
    "UTF-8 and not": (sheet() + "Ã©".encode("cp1252") + b"\xff", "not written in"),
    "what no one writes": (sheet() + b"\x81", "Line 3 is not written in UTF-8"),
}


@pytest.mark.parametrize(("data", "words"), UNREADABLE.values(), ids=UNREADABLE)
def test_a_file_that_is_no_such_table_is_refused_in_words(data, words):
    with pytest.raises(BadFile, match=words):
        of(data)


def test_a_file_of_the_most_bytes_and_rows_is_taken_and_one_more_is_not():
    data = sheet(line(), line())
    assert len(of(data, most_bytes=len(data), most_rows=2)) == 2

    with pytest.raises(TooLarge, match="larger than"):
        of(data, most_bytes=len(data) - 1)
    with pytest.raises(TooLarge, match="more than 1 rows"):
        of(data, most_rows=1)
