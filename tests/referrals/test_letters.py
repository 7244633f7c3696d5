"""Letters kept with a referral: on the disk and in the database."""

from __future__ import annotations

import re
import uuid
from pathlib import Path

import pgtrigger
import pytest
from django.core.files.base import ContentFile
from django.db import IntegrityError, InternalError

from massage_portal.demo import letter as demo
from referrals.actions import NotALetter, add_letter, letters
from referrals.models import Letter
from referrals.models.letter import MOST_BYTES
from tests.factories import (
    NOW,
    make_letter,
    make_referral,
    make_user,
)
from tests.papers import KEPT, PDF, REFUSED
from tests.threads import together
from tests.trail import trail

pytestmark = pytest.mark.usefixtures("folder")


def files(folder: Path) -> list[Path]:
    return [path for path in sorted(folder.rglob("*")) if path.is_file()]


def add(data=PDF, name="letter.pdf", **fields):
    values = {"now": NOW}
    for key, make in {"referral": make_referral, "by": make_user}.items():
        if key not in fields:
            fields[key] = make()
    return add_letter(file=ContentFile(data), name=name, **values | fields)


@pytest.mark.django_db
@pytest.mark.parametrize("content_type", KEPT)
def test_a_letter_is_kept_whole_under_its_own_key_for_the_portal_alone(
    folder, content_type
):
    user, data = make_user(), KEPT[content_type]
    letter = add(data, "../../etc/Jose\u0301.exe", by=user).letter

    letter = Letter.objects.get(pk=letter.pk)
    (file,) = files(folder)
    assert file.read_bytes() == data
    assert file.relative_to(folder).as_posix() == letter.file.name
    assert file.name == letter.key.hex
    assert file.stat().st_mode & 0o777 == 0o600
    assert file.parent.stat().st_mode & 0o777 == 0o700
    assert letter.content_type == content_type
    assert letter.name.startswith("Jos\u00e9.")
    assert letter.size == len(data)
    assert trail(letter) == [(user.pk, "letter.added", letter.patient_id, "")]


@pytest.mark.django_db
@pytest.mark.parametrize("what", REFUSED)
def test_another_kind_of_file_is_refused_by_its_name_and_leaves_nothing(folder, what):
    data, words = REFUSED[what]
    with pytest.raises(NotALetter, match=words):
        add(data)

    assert files(folder) == []
    assert not Letter.objects.exists()


@pytest.mark.django_db
def test_ten_megabytes_are_kept_and_one_byte_more_is_not(folder):
    most = PDF + b"\n" * (MOST_BYTES - len(PDF) - 5) + b"%%EOF"
    assert add(most).letter.size == MOST_BYTES

    with pytest.raises(NotALetter, match="11 MB; 10 MB is the most"):
        add(most + b"\n")
    assert len(files(folder)) == 1


@pytest.mark.django_db
def test_the_same_letter_twice_is_one_and_of_two_referrals_two(folder):
    referral = make_referral()
    first, second = (add(referral=referral, name=name) for name in ("a", "b"))
    other = add(referral=make_referral())

    assert (first.added, second.added, other.added) == (True, False, True)
    assert first.letter == second.letter
    assert second.letter.name == "a.pdf"
    assert len(files(folder)) == Letter.objects.count() == 2
    assert len(trail(first.letter)) == 1


def test_the_same_letter_from_two_tabs_at_once_is_one(committed, folder):
    referral, user = make_referral(), make_user()

    outcomes = together(*[lambda: add(referral=referral, by=user)] * 4)
    kept = [outcome.value for outcome in outcomes]

    assert sorted(one.added for one in kept) == [False, False, False, True]
    assert len({one.letter.pk for one in kept}) == len(files(folder)) == 1


@pytest.mark.django_db
@pytest.mark.parametrize("broken", ["settle", "record"])
def test_what_fails_leaves_neither_row_nor_file(folder, monkeypatch, broken):
    def fail(*args, **kwargs):
        assert files(folder)  # the file was there by then
        raise OSError("no space left")

    monkeypatch.setattr(letters, broken, fail)
    with pytest.raises(OSError, match="no space"):
        add()

    assert files(folder) == []
    assert not Letter.objects.exists()


@pytest.mark.django_db
def test_a_row_is_written_when_its_file_is_on_the_disk_already(folder, monkeypatch):
    seen = []
    save = Letter.save

    def look(self, **kwargs):
        seen.append([file.read_bytes() for file in files(folder)])
        save(self, **kwargs)

    monkeypatch.setattr(Letter, "save", look)
    add()

    assert seen == [[PDF]]


@pytest.mark.django_db
def test_a_lost_file_comes_back_when_the_letter_is_added_again(folder):
    referral = make_referral()
    letter = add(referral=referral).letter
    files(folder)[0].unlink()

    again = add(referral=referral)

    assert not again.added
    assert files(folder)[0].read_bytes() == PDF
    assert [row[1] for row in trail(letter)] == ["letter.added", "letter.restored"]


class Pieces(ContentFile):
    """A file that notes the largest piece that was read of it."""

    largest = 0

    def read(self, size=-1):
        piece = self.file.read(size)
        self.largest = max(self.largest, len(piece))
        return piece


@pytest.mark.django_db
def test_a_letter_is_read_in_pieces():
    data = PDF + bytes(5_000_000) + b"%%EOF"
    file = Pieces(data)

    add_letter(file=file, name="a", referral=make_referral(), by=make_user(), now=NOW)

    assert 0 < file.largest <= 65_536


# --- The database's own rules ---------------------------------------------------------
@pytest.mark.django_db
@pytest.mark.parametrize(
    ("rule", "changes"),
    [
        ("letter_is_of_a_kind_we_keep", {"content_type": "text/html"}),
        ("letter_has_1_byte_to_10_megabytes", {"size": 0}),
        ("letter_has_1_byte_to_10_megabytes", {"size": MOST_BYTES + 1}),
        ("letter_is_kept_once", {}),
    ],
)
def test_the_database_refuses_a_row_that_is_no_letter(rule, changes):
    letter = make_letter()
    fresh = {"pk": None, "key": uuid.uuid4()}
    other = {} if rule == "letter_is_kept_once" else {"sha256": "0" * 64}
    for name, value in {**fresh, **other, **changes}.items():
        setattr(letter, name, value)
    letter._state.adding = True

    with pytest.raises(IntegrityError, match=f'"{rule}"'):
        letter.save()


@pytest.mark.django_db
def test_the_database_lets_nobody_change_a_letter():
    letter = make_letter()
    with pgtrigger.ignore("referrals.Letter:letter_stays_as_it_came"):
        assert Letter.objects.filter(pk=letter.pk).update(name="a.pdf") == 1

    with pytest.raises(InternalError, match="Cannot update"):
        Letter.objects.filter(pk=letter.pk).update(name="another.pdf")


@pytest.mark.django_db
def test_the_demos_letter_is_a_pdf_whose_table_leads_to_each_object():
    data = demo.pdf(demo.LINES)

    assert add(data).letter.kind == "PDF"
    begin = int(re.search(rb"startxref\n(\d+)\n%%EOF\n$", data)[1])
    assert data[begin:].startswith(b"xref\n0 6\n")
    places = re.findall(rb"(\d{10}) 00000 n \n", data)
    for number, place in enumerate(places, start=1):
        assert data[int(place) :].startswith(b"%d 0 obj\n" % number)
    length, words = re.search(rb"/Length (\d+)>>stream\n(.*)\nendstream", data).groups()
    assert int(length) == len(words)
