"""Letters kept with a referral: on the disk, in the database and on the page."""

from __future__ import annotations

import os
import uuid
from datetime import timedelta
from pathlib import Path

import pgtrigger
import pytest
from django.core.files.base import ContentFile
from django.core.files.uploadedfile import SimpleUploadedFile, TemporaryUploadedFile
from django.db import IntegrityError, InternalError
from django.test import Client
from django.urls import reverse

from massage_portal.accounts.roles import Role
from referrals import actions
from referrals.actions import NotALetter, add_letter, letters
from referrals.models import Letter
from referrals.models.letter import MOST_BYTES, private_storage
from tests.factories import (
    NOW,
    make_letter,
    make_patient,
    make_referral,
    make_user,
)
from tests.papers import JPEG, KEPT, PDF, REFUSED
from tests.threads import together
from tests.trail import trail

YEARS = timedelta(days=366)


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    """Letters of each test lie in a folder of its own; the clock stands at NOW."""
    monkeypatch.setitem(private_storage().__dict__, "location", str(tmp_path))
    monkeypatch.setattr("django.utils.timezone.now", lambda: NOW)
    return tmp_path


def files(folder: Path) -> list[Path]:
    return [path for path in sorted(folder.rglob("*")) if path.is_file()]


def add(data=PDF, name="letter.pdf", **fields):
    values = {"now": NOW}
    for key, make in {"referral": make_referral, "by": make_user}.items():
        if key not in fields:
            fields[key] = make()
    return add_letter(file=ContentFile(data), name=name, **values | fields)


@pytest.fixture
def staff():
    client = Client()
    client.user = make_user(Role.STAFF)
    client.force_login(client.user)
    return client


def sent(name="letter.pdf", data=PDF):
    return {"letter": SimpleUploadedFile(name, data, content_type="text/html")}


def page_of(referral):
    return reverse("referrals:letters", args=[referral.pk])


def address(letter):
    return reverse("referrals:letter", args=[letter.referral_id, letter.key])


# --- Kept -----------------------------------------------------------------------------
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


# --- The page -------------------------------------------------------------------------
@pytest.mark.django_db
def test_a_letter_is_added_on_the_page_of_the_referral_and_listed_there(staff):
    referral = make_referral()
    page = staff.get(f"/referrals/{referral.pk}/").content.decode()
    assert f'action="{page_of(referral)}"' in page
    assert 'enctype="multipart/form-data"' in page
    assert "No letter is kept with this referral." in page

    answer = staff.post(page_of(referral), sent("Brief \u202eanna.pdf"), follow=True)

    letter = Letter.objects.get()
    page = answer.content.decode()
    assert answer.redirect_chain == [(f"/referrals/{referral.pk}/", 302)]
    assert "The letter is added." in page
    assert f'<a href="{address(letter)}" download><bdi>Brief anna.pdf</bdi></a>' in page
    assert f"Added by <bdi>{staff.user.name}</bdi>" in page


@pytest.mark.django_db
def test_a_letter_sent_twice_says_that_it_is_here_already(staff):
    referral = make_referral()
    staff.post(page_of(referral), sent("first.pdf"))

    answer = staff.post(page_of(referral), sent("second.pdf"), follow=True)

    assert "This letter is here already, as “first.pdf”." in answer.content.decode()
    assert Letter.objects.count() == 1


@pytest.mark.django_db
@pytest.mark.parametrize("what", [*REFUSED, "no file", "no upload at all"])
def test_a_refused_file_is_told_at_its_field(staff, what):
    referral = make_referral()
    data, words = REFUSED.get(what, (b"", "Choose a file."))
    form = sent("letter.pdf", data) if what in REFUSED else {}
    if what == "no upload at all":
        form = {"letter": "just words"}

    answer = staff.post(page_of(referral), form)

    page = answer.content.decode()
    assert answer.status_code == 422
    assert 'id="id_letter_error"' in page
    assert 'href="#id_letter"' in page
    assert "<title>Error: Letters" in page
    assert words in page
    assert not Letter.objects.exists()


@pytest.mark.django_db
def test_a_large_upload_goes_to_the_disk_and_is_moved_from_there(
    staff, folder, monkeypatch
):
    taken = []

    def look(**kwargs):
        taken.append((type(kwargs["file"]), kwargs["file"].temporary_file_path()))
        return add_letter(**kwargs)

    monkeypatch.setattr(actions, "add_letter", look)
    data = PDF + bytes(4_000_000) + b"%%EOF"

    staff.post(page_of(make_referral()), sent(data=data))

    ((kind, path),) = taken
    assert kind is TemporaryUploadedFile
    assert not os.path.exists(path)
    assert files(folder)[0].stat().st_size == len(data)


@pytest.mark.django_db
def test_those_who_only_read_see_the_letters_and_no_form():
    letter = make_letter()
    scheduler = Client()
    scheduler.force_login(make_user(Role.SCHEDULER))

    page = scheduler.get(f"/referrals/{letter.referral_id}/").content.decode()

    assert address(letter) in page
    assert "Add a letter" not in page
    assert scheduler.post(page_of(letter.referral), sent()).status_code == 403


# --- The download ---------------------------------------------------------------------
@pytest.mark.django_db
def test_a_letter_is_sent_as_a_download_that_can_do_nothing_and_is_recorded(staff):
    data = JPEG + bytes(300_000) + b"\xff\xd9"
    letter = make_letter(data=data, name="Jos\u00e9.html")

    answer = staff.get(address(letter))

    assert answer.status_code == 200
    assert answer.streaming
    pieces = list(answer.streaming_content)
    assert max(map(len, pieces)) <= 65_536
    assert b"".join(pieces) == data
    wanted = {
        "Content-Type": "image/jpeg",
        "Content-Length": str(len(data)),
        "Content-Disposition": 'attachment; filename="Jose.jpg"; '
        "filename*=UTF-8''Jos%C3%A9.jpg",
        "X-Content-Type-Options": "nosniff",
        "Content-Security-Policy": "default-src 'none'; sandbox; "
        "frame-ancestors 'none'",
        "Cache-Control": "no-store",
    }
    assert {name: answer[name] for name in wanted} == wanted
    row = (staff.user.pk, "letter.seen", letter.patient_id, "")
    assert trail(letter)[1:] == [row]


@pytest.mark.django_db
def test_a_letter_is_found_only_through_its_own_referral(staff):
    letter, other = make_letter(), make_referral()
    absent = reverse("referrals:letter", args=[letter.referral_id, uuid.uuid4()])
    wrong = reverse("referrals:letter", args=[other.pk, letter.key])

    assert [staff.get(path).status_code for path in (absent, wrong)] == [404, 404]
    assert len(trail(letter)) == 1


@pytest.mark.django_db
def test_a_patient_cannot_read_letters_not_even_their_own():
    patient = make_patient()
    letter = make_letter(referral=make_referral(patient=patient))
    client = Client()
    client.force_login(patient.user)

    assert client.get(address(letter)).status_code == 403
    assert not Letter.objects.visible_to(patient.user).exists()


@pytest.mark.django_db
def test_no_address_of_the_web_leads_to_the_file(client, staff):
    letter = make_letter()
    for path in (letter.file.name, letter.key, letter.key.hex):
        for base in ("/", "/static/", "/media/", "/letters/"):
            assert staff.get(f"{base}{path}").status_code == 404


@pytest.mark.django_db
def test_a_lost_file_is_told_in_words_and_logged_without_names(staff, folder, caplog):
    letter = make_letter(name="Juniper Testwell.pdf")
    files(folder)[0].unlink()

    answer = staff.get(address(letter))

    assert answer.status_code == 404
    assert "This letter cannot be read" in answer.content.decode()
    (line,) = [one for one in caplog.records if "letter_missing" in str(one.msg)]
    assert line.levelname == "ERROR"
    assert "Juniper" not in str(line.msg)
    assert "letter.seen" not in [row[1] for row in trail(letter)]
