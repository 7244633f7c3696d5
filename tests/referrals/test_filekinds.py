"""What a file is by its content, and what it is called."""

from __future__ import annotations

import io
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from referrals import filekinds
from referrals.filekinds import HEAD, LONGEST_NAME, REFUSALS, TAIL, NotKept, kind_of
from tests.papers import JPEG, KEPT, PDF, REFUSED


def kind(data: bytes) -> str:
    return kind_of(io.BytesIO(data), size=len(data))


@pytest.mark.parametrize("content_type", KEPT)
def test_what_is_kept_is_known_by_its_content(content_type):
    assert kind(KEPT[content_type]) == content_type


@pytest.mark.parametrize("what", REFUSED)
def test_what_is_not_kept_is_told_for_what_it_seems_to_be(what):
    data, words = REFUSED[what]
    with pytest.raises(NotKept) as refusal:
        kind(data)

    is_, do = REFUSALS[refusal.value.reason]
    assert words in str(is_)
    assert str(do).endswith(".")


def test_a_pdf_may_have_a_little_after_its_end_as_scanners_write_it():
    assert kind(PDF + b"\r\n" + bytes(500)) == "application/pdf"
    assert kind(JPEG + b"SEFT" + bytes(500)) == "image/jpeg"


def test_a_large_file_is_looked_at_in_its_head_and_tail_only():
    class Counted(io.BytesIO):
        taken = 0

        def read(self, size=-1, /):
            found = super().read(size)
            self.taken += len(found)
            return found

    data = PDF + bytes(1_000_000) + b"%%EOF"
    file = Counted(data)

    assert kind_of(file, size=len(data)) == "application/pdf"
    assert file.taken == HEAD + TAIL
    assert file.tell() == 0


@given(st.binary(max_size=200))
def test_no_content_breaks_the_look_at_it(data):
    for begin in (b"", b"PK", b"RIFF", b"\0\0\0\x18ftyp", *KEPT.values()):
        try:
            found = kind(begin + data)
        except NotKept as refusal:
            found = refusal.reason
        assert found in [*KEPT, *REFUSALS]


NAMES = {
    "letter.pdf": "letter.pdf",
    "Letter of Dr. Sampleton.PDF": "Letter of Dr. Sampleton.pdf",
    "Letter 3.12": "Letter 3.12.pdf",
    "photo.jpg": "photo.pdf",
    "letter.pdf.exe": "letter.pdf",
    "a.docx.zip": "a.pdf",
    "../../etc/passwd": "passwd.pdf",
    "C:\\Users\\me\\x.pdf": "x.pdf",
    "..": "letter.pdf",
    "": "letter.pdf",
    ".pdf": "letter.pdf",
    "a\0b\x1bc\u202efdp.exe": "abcfdp.pdf",
    "a\u200bb\u2066c\ufeff.pdf": "abc.pdf",
    "two\r\nContent-Type: x.pdf": "two Content-Type_ x.pdf",
    "Jose\u0301.pdf": "Jos\u00e9.pdf",
    'a"b<c>d|e?f*.pdf': "a_b_c_d_e_f_.pdf",
    "🎈 письмо.pdf": "🎈 письмо.pdf",
    "lone\ud800.pdf": "lone.pdf",
    "x" * 10_000: "x" * 146 + ".pdf",
}


@pytest.mark.parametrize("typed", NAMES)
def test_a_name_is_cleaned_to_be_shown(typed):
    assert filekinds.shown_name(typed, filekinds.PDF) == NAMES[typed]


def test_a_name_keeps_the_ending_that_fits_its_kind():
    for typed, shown in {
        "a.JPEG": "a.jpeg",
        "a.jpg": "a.jpg",
        "a.png": "a.jpg",
    }.items():
        assert filekinds.shown_name(typed, filekinds.JPEG) == shown


def test_a_letter_buried_under_marks_is_dug_out():
    assert len(filekinds.shown_name("a" + "\u0300" * 500, filekinds.PDF)) < 20


@given(st.text(alphabet=st.characters(codec=None), max_size=200))
def test_any_name_becomes_one_safe_line_and_stays_so(typed):
    name = filekinds.shown_name(typed, filekinds.PNG)

    assert len(name) <= LONGEST_NAME
    assert name.endswith(".png")
    assert not set(name) & set('/\\<>:"|?*')
    assert not any(unicodedata.category(c)[0] == "C" for c in name)
    assert filekinds.shown_name(name, filekinds.PNG) == name


@given(st.text(max_size=200))
def test_a_download_is_named_in_plain_letters_too(typed):
    line = filekinds.disposition(filekinds.shown_name(typed, filekinds.PDF))

    assert line.isascii()
    assert line.isprintable()
    assert line.startswith('attachment; filename="')
    assert line.count('"') == 2
    assert line.count(";") == 2
    assert ".pdf\"; filename*=UTF-8''" in line


def test_a_name_of_other_letters_has_a_fallback():
    shown = "attachment; filename=\"{}\"; filename*=UTF-8''{}"
    for name, plain, coded in [
        ("Brief.pdf", "Brief.pdf", "Brief.pdf"),
        ("Jos\u00e9.pdf", "Jose.pdf", "Jos%C3%A9.pdf"),
        ("письмо.pdf", "letter.pdf", "%D0%BF%D0%B8%D1%81%D1%8C%D0%BC%D0%BE.pdf"),
        ("a;b%41'.pdf", "a_b_41_.pdf", "a%3Bb%2541%27.pdf"),
    ]:
        assert filekinds.disposition(name) == shown.format(plain, coded)
