"""A spreadsheet of insurers is read strictly, whoever saved it and however."""

from __future__ import annotations

from datetime import date

import pytest

from services import insurers_csv
from services.insurers_csv import BadFile, Refused, read

TODAY = date(2026, 10, 14)
HEAD = "name,in_network,needs_referral,needs_authorization,known_since"
GOOD = "Fictional Mutual,yes,no,yes,2026-10-01"
ROW = {
    "name": "Fictional Mutual",
    "in_network": True,
    "needs_referral": False,
    "needs_authorization": True,
    "known_since": date(2026, 10, 1),
}


def of(*lines, head=HEAD):
    return read("\n".join([head, *lines]).encode(), today=TODAY)


def fault(line, head=HEAD):
    """Return the one fault of the one row."""
    table = of(line, head=head)
    assert table.rows == []
    (only,) = table.refused
    return only


def test_a_good_row_becomes_the_fields_of_an_insurer():
    assert of(GOOD) == ([ROW], [])


@pytest.mark.parametrize(
    "encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-be with mark"]
)
@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_a_file_may_be_saved_in_each_way_that_a_spreadsheet_has(
    encoding, delimiter, newline
):
    text = f"{HEAD}\n{GOOD}\n".replace("Fictional", "Ficción").replace(",", delimiter)
    text = text.replace("\n", newline)
    if encoding.endswith("mark"):
        data = ("\ufeff" + text).encode("utf-16-be")
    else:
        data = text.encode(encoding)

    assert read(data, today=TODAY).rows == [ROW | {"name": "Ficción Mutual"}]


def test_headings_come_in_any_order_and_case_and_empty_columns_count_for_nothing():
    head = "Known Since,NAME, needs-referral ,Needs authorization,In Network,,"

    assert of("2026-10-01,Fictional Mutual,no,yes,yes,,", head=head).rows == [ROW]


@pytest.mark.parametrize("yes", ["yes", "Y", "TRUE", "t", "1", "x", "Sí", "si"])
@pytest.mark.parametrize("no", ["no", "N", "False", "f", "0"])
def test_yes_and_no_are_known_in_several_spellings(yes, no):
    assert of(f"Fictional Mutual,{yes},{no},{yes},2026-10-01").rows == [ROW]


@pytest.mark.parametrize("day", ["2026-10-01", "10/01/2026", "10/1/2026"])
def test_a_date_is_written_as_machines_or_as_people_do(day):
    assert of(f"Fictional Mutual,yes,no,yes,{day}").rows == [ROW]


@pytest.mark.parametrize(
    "day",
    ["", "13/1/2026", "2026-02-30", "10/1/26", "soon", "2026-10-15", "1989-12-31"],
)
def test_what_is_no_date_or_is_to_come_is_refused(day):
    found = fault(f"Fictional Mutual,yes,no,yes,{day}")

    assert (found.line, found.column) == (2, "known_since")
    assert "date" in found.fault or "between" in found.fault


@pytest.mark.parametrize("sign", ["=", "+", "-", "@", " =", "\t@", "\u200b="])
def test_a_cell_that_a_spreadsheet_would_run_is_refused(sign):
    found = fault(f'"{sign}cmd()",yes,no,yes,2026-10-01')

    assert found == Refused(2, "name", "a cell may not begin with = + - or @")


@pytest.mark.parametrize(
    ("line", "column", "words"),
    [
        (",yes,no,yes,2026-10-01", "name", "it is empty"),
        ("x" * 151 + ",yes,no,yes,2026-10-01", "name", "151 letters, and 150"),
        ("Ab\u202ecd,yes,no,yes,2026-10-01", "name", "hidden character"),
        ("Ab\0cd,yes,no,yes,2026-10-01", "name", "hidden character"),
        ("Ab,maybe,no,yes,2026-10-01", "in_network", 'not "maybe"'),
        ("Ab,yes,,yes,2026-10-01", "needs_referral", "write yes or no"),
        ("Ab,yes,no,yes", "", "4 cells, and the headings are 5"),
        ("Ab,yes,no,yes,2026-10-01,more", "", "6 cells, and the headings are 5"),
    ],
)
def test_a_bad_row_names_its_line_its_column_and_what_is_wrong(line, column, words):
    found = fault(line)

    assert (found.line, found.column) == (2, column)
    assert words in found.fault


def test_each_fault_of_a_row_is_named_and_good_rows_beside_it_are_kept():
    table = of(GOOD, "", '"Ab\ncd",maybe,no,perhaps,2026-10-01', GOOD)

    assert [str(one)[:35] for one in table.refused] == [
        'line 4, column "in_network": write ',
        'line 4, column "needs_authorization',
    ]
    assert table.rows == [ROW, ROW]


def test_a_line_after_one_that_is_broken_in_two_has_its_own_number():
    assert of('"Ab\ncd",yes,no,yes,2026-10-01', "Ab,?,no,no,2026-10-01").refused[0][
        :2
    ] == (4, "in_network")


def test_an_absent_column_is_absent_and_an_empty_cell_empties():
    head = f"{HEAD},note"

    assert "note" not in of(GOOD).rows[0]
    assert of(f"{GOOD},", head=head).rows == [ROW | {"note": ""}]


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "headings are missing: name, in_network"),
        (b"name,known_since\n", "missing: in_network, needs_referral"),
        (f"{HEAD},pelham\n{GOOD},x".encode(), '"pelham" is no heading'),
        (f"{HEAD},Name\n{GOOD},x".encode(), "more than once"),
        (f"{HEAD}\n".encode(), "no rows"),
        (f"{HEAD}\n{GOOD}\nFicci\xf3n".encode("latin-1"), "Line 3 is not written in"),
        (b"\xff\xfea", "not written in UTF-8"),
        (f'{HEAD}\n"Ab"c,yes'.encode(), "broken near line 2"),
        (f'{HEAD}\n"Ab,yes'.encode(), "broken near line 2"),
    ],
)
def test_a_file_that_is_no_such_table_is_refused_in_words(data, words):
    with pytest.raises(BadFile, match=words):
        read(data, today=TODAY)


def test_the_largest_file_is_taken_and_one_byte_more_is_not(monkeypatch):
    data = f"{HEAD}\n{GOOD}\n".encode()
    monkeypatch.setattr(insurers_csv, "MOST_BYTES", len(data))
    assert read(data, today=TODAY).rows == [ROW]

    with pytest.raises(BadFile, match="larger than"):
        read(data + b"\n", today=TODAY)


def test_the_longest_file_is_taken_and_one_row_more_is_not(monkeypatch):
    monkeypatch.setattr(insurers_csv, "MOST_ROWS", 2)
    assert len(of(GOOD, GOOD).rows) == 2

    with pytest.raises(BadFile, match="more than 2 rows"):
        of(GOOD, GOOD, GOOD)


def test_the_limits_are_10_mb_and_20_000_rows():
    assert (insurers_csv.MOST_BYTES, insurers_csv.MOST_ROWS) == (10_000_000, 20_000)
