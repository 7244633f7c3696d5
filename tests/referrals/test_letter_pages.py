"""The page that takes letters, and the download."""

from __future__ import annotations

import os
import uuid
from pathlib import Path

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile, TemporaryUploadedFile
from django.test import Client
from django.urls import reverse

from massage_portal.accounts.roles import Role
from referrals import actions
from referrals.actions import add_letter
from referrals.models import Letter
from tests.factories import (
    make_letter,
    make_patient,
    make_referral,
    make_user,
)
from tests.papers import JPEG, PDF, REFUSED
from tests.trail import trail
from tests.typed import ODD, assert_safe

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("folder")]


def files(folder: Path) -> list[Path]:
    return [path for path in sorted(folder.rglob("*")) if path.is_file()]


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


def test_a_letter_is_added_on_the_page_of_the_referral_and_listed_there(staff):
    referral = make_referral()
    page = staff.get(f"/referrals/{referral.pk}/").content.decode()
    assert f'href="{page_of(referral)}"' in page
    assert "No letter is kept with this referral." in page
    assert (
        'enctype="multipart/form-data"' in staff.get(page_of(referral)).content.decode()
    )

    answer = staff.post(page_of(referral), sent("Brief \u202eanna.pdf"), follow=True)

    letter = Letter.objects.get()
    page = answer.content.decode()
    assert answer.redirect_chain == [(f"/referrals/{referral.pk}/", 302)]
    assert "The letter is added." in page
    assert f'<a href="{address(letter)}" download><bdi>Brief anna.pdf</bdi></a>' in page
    assert f"Added by <bdi>{staff.user.name}</bdi>" in page


def test_a_letter_sent_twice_says_that_it_is_here_already(staff):
    referral = make_referral()
    staff.post(page_of(referral), sent("first.pdf"))

    answer = staff.post(page_of(referral), sent("second.pdf"), follow=True)

    assert "This letter is here already, as “first.pdf”." in answer.content.decode()
    assert Letter.objects.count() == 1


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


def test_those_who_only_read_see_the_letters_and_no_form():
    letter = make_letter()
    scheduler = Client()
    scheduler.force_login(make_user(Role.SCHEDULER))

    page = scheduler.get(f"/referrals/{letter.referral_id}/").content.decode()

    assert address(letter) in page
    assert "Add a letter" not in page
    assert scheduler.post(page_of(letter.referral), sent()).status_code == 403


# --- The download ---------------------------------------------------------------------
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


def test_a_letter_is_found_only_through_its_own_referral(staff):
    letter, other = make_letter(), make_referral()
    absent = reverse("referrals:letter", args=[letter.referral_id, uuid.uuid4()])
    wrong = reverse("referrals:letter", args=[other.pk, letter.key])

    assert [staff.get(path).status_code for path in (absent, wrong)] == [404, 404]
    assert len(trail(letter)) == 1


def test_a_patient_cannot_read_letters_not_even_their_own():
    patient = make_patient()
    letter = make_letter(referral=make_referral(patient=patient))
    client = Client()
    client.force_login(patient.user)

    assert client.get(address(letter)).status_code == 403
    assert not Letter.objects.visible_to(patient.user).exists()


def test_no_address_of_the_web_leads_to_the_file(client, staff):
    letter = make_letter()
    for path in (letter.file.name, letter.key, letter.key.hex):
        for base in ("/", "/static/", "/media/", "/letters/"):
            assert staff.get(f"{base}{path}").status_code == 404


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


@pytest.mark.parametrize("what", ODD)
def test_no_odd_name_of_a_file_breaks_a_page_or_the_download(staff, what):
    referral = make_referral()
    name = ODD[what].replace("\r\n", "%0D%0A")  # as browsers write it

    answer = staff.post(page_of(referral), sent(f"{name}.pdf"), follow=True)

    assert_safe(answer)
    letter = Letter.objects.get()
    assert letter.name.endswith(".pdf")
    assert letter.name.isprintable()
    download = staff.get(address(letter))
    assert b"".join(download.streaming_content) == PDF
    assert download["Content-Disposition"].startswith("attachment; ")
