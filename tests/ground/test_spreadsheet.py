"""Tables are read in small pieces and written so that no spreadsheet runs a cell."""

from __future__ import annotations

import csv
import io
import tracemalloc

import pytest

from massage_portal.spreadsheet import (
    BadFile,
    Refused,
    Shape,
    TooLarge,
    lines,
    result,
    safe,
    written,
)

SHAPE = Shape(["one", "two"], {"one"}, most_bytes=100_000_000, most_rows=5_000_000)


def test_a_large_file_costs_no_more_memory_than_a_small_one(tmp_path):
    path = tmp_path / "large.csv"
    with path.open("w") as file:
        file.write("one,two\n")
        file.writelines("x" * 1_000 + ",é\n" for _ in range(10_000))

    tracemalloc.start()
    with path.open("rb") as file:
        count = sum(1 for _ in lines(file, SHAPE))
        _now, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert count == 10_000
    assert peak < 2_000_000


def test_the_file_is_left_open_and_can_be_read_again():
    file = io.BytesIO(b"one,two\n1,2\n")

    assert list(lines(file, SHAPE)) == list(lines(file, SHAPE))
    assert not file.closed


def test_empty_rows_count_for_nothing_until_they_are_too_many():
    shape = Shape(["one"], {"one"}, most_bytes=10_000, most_rows=1)
    data = b"one\n" + b"\n" * 1_001 + b"1\n"
    assert [one.number for one in lines(io.BytesIO(data), shape)] == [1_003]

    with pytest.raises(TooLarge, match="more than 1 rows"):
        list(lines(io.BytesIO(data + b"\n"), shape))


def test_a_letter_may_lie_across_two_pieces(monkeypatch):
    monkeypatch.setattr("massage_portal.spreadsheet.PIECE", 5)
    file = io.BytesIO("one,two\nééé,ééé\n".encode())

    assert [one.cells for one in lines(file, SHAPE)] == [{"one": "ééé", "two": "ééé"}]


def test_only_a_shape_that_says_so_takes_windows_1252():
    data = "one,two\né,1\n".encode("cp1252")
    windows = Shape(["one", "two"], {"one"}, 100, 100, windows=True)

    assert [one.cells["one"] for one in lines(io.BytesIO(data), windows)] == ["é"]
    with pytest.raises(BadFile, match="Line 2 is not written in UTF-8"):
        list(lines(io.BytesIO(data), SHAPE))


@pytest.mark.parametrize("sign", ["=", "+", "-", "@", " =", "\t=", "\r@"])
def test_no_cell_that_is_written_begins_as_a_formula(sign):
    assert safe(f"{sign}1+1") == f"'{sign}1+1"
    assert safe("a=b") == "a=b"


def test_what_is_written_is_known_to_excel_as_utf_8():
    data = written([["=1", 'a "b"', "é,"]])

    assert data.startswith(b"\xef\xbb\xbf")
    rows = list(csv.reader(io.StringIO(data.decode("utf-8-sig"), newline="")))
    assert rows == [["'=1", 'a "b"', "é,"]]


def test_a_result_has_a_line_for_each_fault_or_says_that_there_is_none():
    some = result([Refused(3, "npi", "=bad", "Mend it.")], "all").decode("utf-8-sig")
    none = result([], "Nothing is wrong").decode("utf-8-sig")

    assert some.splitlines()[1] == "3,npi,'=bad,Mend it."
    assert none.splitlines()[1] == ",,Nothing is wrong,"
