"""Staff send a spreadsheet of referrals by a page, and larger ones by a command."""

from __future__ import annotations

import importlib
import io

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import CommandError, call_command

from massage_portal.accounts.roles import Role
from massage_portal.spreadsheet import BadFile
from referrals import actions
from referrals.models import Patient, Referral
from tests.factories import NOW, make_user
from tests.referrals.sheets import line, make_records, numbered, sheet

PAGE = "/referrals/import/"
module = importlib.import_module("referrals.actions.import_referrals")


def nothing_is_kept():
    return not Referral.objects.exists() and not Patient.objects.exists()


@pytest.fixture
def staff(db):
    """Someone who may import, and the records that a good line speaks of."""
    make_records()
    return make_user(Role.STAFF)


def send(client, data=None, name="referrals.csv", **pressed):
    file = SimpleUploadedFile(name, sheet() if data is None else data)
    return client.post(PAGE, {"file": file, **pressed})


@pytest.fixture
def desk(client, staff, monkeypatch):
    """A client of someone who may import; the clock stands at NOW."""
    monkeypatch.setattr("django.utils.timezone.now", lambda: NOW)
    client.force_login(staff)
    return client


def test_the_page_names_the_columns_and_the_list_leads_to_it(desk):
    drawn = desk.get(PAGE).content.decode()

    assert "<code>record_number</code> *" in drawn
    assert 'accept=".csv,.txt"' in drawn
    assert 'enctype="multipart/form-data"' in drawn
    assert f'href="{PAGE}"' in desk.get("/referrals/").content.decode()


def test_a_check_says_what_would_be_and_keeps_nothing(desk):
    answer = send(desk)

    assert answer.status_code == 200
    assert "Referrals to add: 1. There already: 0. New patients: 1." in (
        answer.content.decode()
    )
    assert nothing_is_kept()


def test_take_it_in_takes_it_in_and_pressed_twice_makes_one(desk):
    for words in (
        "added as drafts: 1. There already: 0",
        "drafts: 0. There already: 1",
    ):
        answer = send(desk, take="Take it in")
        assert answer.status_code == 302
        assert words in desk.get(answer["Location"]).content.decode()

    assert Referral.objects.count() == 1


def test_a_bad_file_is_not_taken_in_and_its_first_50_faults_are_shown(desk):
    lines = [line(npi="x", given_name="<b>Ana</b>")] * 60

    answer = send(desk, sheet(*lines), take="Take it in")

    drawn = answer.content.decode()
    assert answer.status_code == 422
    assert "Nothing was taken in" in drawn
    assert "Lines refused: 60." in drawn
    assert drawn.count("is no valid NPI") == 50
    assert nothing_is_kept()


def test_the_result_is_a_file_that_no_spreadsheet_runs(desk):
    answer = send(desk, sheet(line(priority="\u200b'=1"), line()), download="x")

    assert answer.status_code == 200
    assert answer["Content-Type"] == "text/csv; charset=utf-8"
    assert "attachment" in answer["Content-Disposition"]
    head, row = answer.content.decode("utf-8-sig").splitlines()
    assert head == "Line,Column,What is wrong,How to mend it"
    assert row.startswith("2,priority,")
    good = send(desk, download="x")
    assert (good.status_code, b"Referrals to add: 1." in good.content) == (200, True)
    assert nothing_is_kept()


ODD = {
    "nothing": b"",
    "no rows": sheet().splitlines()[0],
    "a million columns": b"a," * 1_000_000,
    "an unclosed quote": sheet('"T-1,x'),
    "a ragged row": sheet("T-1,x"),
    "two header rows": sheet(sheet().splitlines()[0].decode()),
    "a NUL": sheet(line(given_name="A\0")),
    "half of UTF-16": b"\xff\xfea",
    "a workbook": b"PK\x03\x04" + b"\0" * 500,
    "noise": bytes(range(256)) * 100,
    "a long name": sheet(line(given_name="x" * 10_000)),
    "formulas": sheet(line(given_name="=cmd|' /C calc'!A0")),
    "an override": sheet(line(given_name="A\u202e")),
    "an impossible date": sheet(line(birth_date="1985-02-30")),
}


@pytest.mark.parametrize("data", ODD.values(), ids=ODD)
@pytest.mark.parametrize("pressed", ["check", "take", "download"])
def test_a_file_that_is_none_is_refused_in_words(desk, data, pressed):
    answer = send(desk, data, **{pressed: "x"})

    assert answer.status_code == (200 if b"Line," in answer.content else 422)
    assert any(
        word in answer.content for word in (b'class="error', b"refused", b"Line,")
    )
    assert nothing_is_kept()


@pytest.mark.parametrize("name", ["letter.pdf", "referrals.xlsx", "csv"])
def test_a_file_of_another_kind_is_refused_at_its_field(desk, name):
    answer = send(desk, name=name)

    assert answer.status_code == 422
    assert "whose name ends in .csv, .txt" in answer.content.decode()
    assert 'id="id_file_error"' in answer.content.decode()


@pytest.mark.parametrize("data", [{}, {"file": "text"}])
def test_no_file_is_asked_for(desk, data):
    answer = desk.post(PAGE, data)

    assert answer.status_code == 422
    assert "Choose a file." in answer.content.decode()


def test_a_file_that_is_too_large_or_too_long_is_sent_to_the_command(desk):
    too_large = send(desk, sheet() + b"\n" * 5_000_000)
    too_long = send(desk, sheet(*numbered(5_001)))

    for answer in (too_large, too_long):
        assert answer.status_code == 413
        assert "import_referrals" in answer.content.decode()
    assert nothing_is_kept()


def test_a_file_that_lies_on_disk_is_read_from_there(desk):
    """Above 2.5 MB an upload is never whole in memory."""
    lines = [line(reference="L-1", reason="x" * 1_900)] * 1_400

    answer = send(desk, sheet(*lines), take="x")

    assert answer.status_code == 302
    assert Referral.objects.count() == 1


def test_a_script_shows_that_the_file_is_read_and_leads_on_to_the_drafts(desk):
    page = desk.get(PAGE).content.decode()
    assert '<progress id="busy" aria-label="Reading the file">' in page
    assert page.count('data-hx-indicator="#busy"') == 2  # a download is no swap

    desk.defaults["HTTP_HX_REQUEST"] = "true"
    answer = send(desk, take="x")

    assert answer.status_code == 200
    assert answer["HX-Redirect"] == "/referrals/?show=all&state=draft"
    assert Referral.objects.count() == 1


def test_while_another_file_is_taken_in_the_page_says_so(desk, monkeypatch):
    def busy():
        raise actions.ImportBusy("Another file is being taken in.")

    monkeypatch.setattr(module, "_wait_for_other_imports", busy)

    answer = send(desk, take="x")

    assert answer.status_code == 409
    assert "Another file is being taken in." in answer.content.decode()


@pytest.mark.parametrize("role", sorted(set(Role) - {Role.STAFF, Role.LEAD}))
def test_nobody_else_imports(client, db, role):
    client.force_login(make_user(role))

    assert send(client, take="x").status_code == 403


def run(tmp_path, data=None, **options):
    file = tmp_path / "referrals.csv"
    file.write_bytes(sheet() if data is None else data)
    out, err = io.StringIO(), io.StringIO()
    try:
        call_command("import_referrals", file, stdout=out, stderr=err, **options)
    except CommandError as fault:
        return out.getvalue(), err.getvalue(), str(fault)
    return out.getvalue(), err.getvalue(), ""


@pytest.fixture
def lead(staff, monkeypatch):
    monkeypatch.setattr("django.utils.timezone.now", lambda: NOW)
    return make_user(Role.LEAD)


def test_the_command_imports_shows_a_bar_and_keeps_the_result(lead, tmp_path):
    kept = tmp_path / "result.csv"

    out, err, fault = run(tmp_path, by=lead.email, result=kept)

    said = "added 1, same 0, patients added 1, refused 0: written"
    assert (out, fault) == (f"{said}\n", "")
    assert err == f"[{'#' * 30}] 100%, 1 rows\n"
    assert said in kept.read_text("utf-8-sig")
    assert Referral.objects.get().recorded_by == lead


def test_the_command_in_a_dry_run_keeps_nothing(lead, tmp_path):
    out, _err, _fault = run(tmp_path, by=lead.email, dry_run=True)

    assert out.endswith("nothing written\n")
    assert nothing_is_kept()


def test_the_command_fails_on_a_refused_line_and_writes_each_to_the_result(
    lead, tmp_path
):
    kept = tmp_path / "result.csv"

    out, _err, fault = run(
        tmp_path, sheet(line(), line(npi="x")), by=lead.email, result=kept
    )

    assert fault == "nothing is imported: correct these rows and try again"
    assert out.startswith('line 3, column "npi": "x" is no valid NPI. Write the ten')
    assert kept.read_text("utf-8-sig").splitlines()[1].startswith("3,npi,")
    assert nothing_is_kept()


def test_the_command_says_what_is_wrong_with_a_file_and_who_may_not(lead, tmp_path):
    cases = [
        ({"data": b"x"}, "is no heading"),
        ({"by": ""}, "say who imports"),
        ({"by": make_user(Role.SCHEDULER).email}, "may not import referrals"),
        ({"result": tmp_path / "referrals.csv"}, "the file itself"),
    ]
    for options, words in cases:
        _out, _err, fault = run(tmp_path, **{"by": lead.email} | options)
        assert words in fault
    with pytest.raises(CommandError, match="No such file"):
        call_command("import_referrals", tmp_path / "none.csv", by=lead.email)
    with pytest.raises(BadFile):
        actions.import_referrals(file=io.BytesIO(b""), by=lead, now=NOW)
    assert nothing_is_kept()
