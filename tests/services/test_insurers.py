"""Insurers: found as people type them, imported whole or not at all."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.core.management import CommandError, call_command
from django.db import IntegrityError
from django.db.models.deletion import ProtectedError

from massage_portal.accounts.roles import Role
from massage_portal.audit.models import AuditEvent
from massage_portal.demo.insurers import spreadsheet
from services.actions import import_insurers, load_content
from services.insurers_csv import BadFile
from services.models import Insurer
from tests.factories import NOW, TODAY, make_insurer, make_referral, make_user
from tests.trail import trail
from tests.typed import ODD, assert_safe

pytestmark = pytest.mark.django_db
PAGE = "/insurance/"
HEAD = "name,in_network,needs_referral,needs_authorization,known_since"
GOOD = "Fictional Mutual,yes,no,yes,2026-10-01"


@pytest.fixture
def some():
    """Three insurers that patients may find, and one out of use."""
    make_insurer(name="Fictional Mutual of Sampleton", synonyms="FMS, Old Fabled")
    make_insurer(name="Pretend Health Plan of Ejemplo del Río", synonyms="PHP")
    make_insurer(name="Mutual Pretend")
    make_insurer(name="Fictional Gone", active=False)


def names(text):
    return [one.name for one in Insurer.objects.matching(text)]


def test_two_insurers_cannot_have_one_name_in_any_case():
    make_insurer(name="Fictional Mutual")

    with pytest.raises(IntegrityError, match='"insurer_name_is_unique"'):
        make_insurer(name="FICTIONAL mutual")


def test_an_insurer_has_a_name():
    with pytest.raises(IntegrityError, match='"insurer_has_a_name"'):
        make_insurer(name="")


def test_an_insurer_that_a_referral_names_cannot_be_deleted():
    insurer = make_insurer()
    make_referral(insurer=insurer)

    with pytest.raises(ProtectedError):
        insurer.delete()


@pytest.mark.parametrize(
    ("typed", "found"),
    [
        ("sampleton", "Fictional Mutual of Sampleton"),
        ("SAMPLETON fict", "Fictional Mutual of Sampleton"),
        ("fms", "Fictional Mutual of Sampleton"),
        ("fabled mutual", "Fictional Mutual of Sampleton"),
        ("rio", "Pretend Health Plan of Ejemplo del Río"),
        ("RÍO plan", "Pretend Health Plan of Ejemplo del Río"),
        ("sampelton", "Fictional Mutual of Sampleton"),
        ("fictoinal mutaul", "Fictional Mutual of Sampleton"),
        ("ejmplo", "Pretend Health Plan of Ejemplo del Río"),
    ],
)
def test_an_insurer_is_found_by_its_words_and_by_misspelled_ones(some, typed, found):
    assert names(typed)[:1] == [found]


@pytest.mark.parametrize("typed", ["", " ", "gone", "zzzz", "%", "_", "100%", "\0"])
def test_nothing_is_found_for_no_words_for_others_and_for_what_is_out_of_use(
    some, typed
):
    assert names(typed) == []


def test_the_best_hit_comes_first_and_likeness_only_counts_where_words_fail(some):
    assert names("mutual") == ["Mutual Pretend", "Fictional Mutual of Sampleton"]
    assert names("mutaul")[:1] == ["Mutual Pretend"]

    make_insurer(name="Mutaul")

    assert names("mutaul") == ["Mutaul"]


def test_a_whole_name_finds_one_insurer_in_any_case(some):
    named = Insurer.objects.named

    assert named("mutual PRETEND").get().name == "Mutual Pretend"
    assert not named("Mutual").exists()
    assert not named("Fictional Gone").exists()


def visible(answer):
    return " ".join(answer.content.decode().split())


def test_the_page_says_in_words_what_an_insurer_needs_and_since_when(client):
    make_insurer(
        name="Fictional Mutual",
        needs_referral=True,
        needs_authorization=True,
        in_network=True,
        known_since=TODAY,
        note="Ask for the blue form.",
    )

    page = visible(client.get(PAGE, {"q": "mutual"}))

    for words in (
        "1 insurance company",
        "In our network",
        "You need one from a Mayo Clinic provider, whatever your insurer says.",
        "Your insurer also wants a referral of its own.",
        "Needed: your insurer must approve massage therapy before your first visit.",
        "Known since</dt><dd>Oct. 14, 2026",
        "Ask for the blue form.",
    ):
        assert words in page, words


def test_the_referral_is_needed_whatever_the_insurer_says(client):
    make_insurer(name="Fictional Mutual")

    page = visible(client.get(PAGE, {"q": "mutual"}))

    assert "You need one from a Mayo Clinic provider" in page
    assert "Your insurer asks for no other." in page
    assert "Not in our network." in page
    assert "Not needed" in page


def test_when_nothing_is_found_the_page_says_what_to_ask_and_whom(client, some):
    page = visible(client.get(PAGE, {"q": "zzzz"}))

    assert "We do not have that company on our list" in page
    assert page.count("?</li>") == 3
    found = page[page.index('id="found"') : page.index("</main>")]
    assert 'href="tel:' in found


def test_before_anything_is_typed_the_page_only_asks(client, some):
    page = visible(client.get(PAGE))

    assert "on our list" not in page
    assert "Mutual" not in page
    assert page.count('type="search"') == 1


def test_htmx_gets_the_hits_alone_and_caches_keep_the_two_apart(client, some):
    whole = client.get(PAGE, {"q": "mutual"})
    part = client.get(PAGE, {"q": "mutual"}, headers={"HX-Request": "true"})

    assert "<html" in whole.content.decode()
    assert "<html" not in part.content.decode()
    assert "2 insurance companies" in part.content.decode()
    assert "HX-Request" in whole["Vary"]
    assert "HX-Request" in part["Vary"]
    assert 'data-hx-trigger="input changed delay:250ms"' in whole.content.decode()


def test_of_many_hits_ten_are_shown_and_the_page_says_so(client):
    for number in range(11):
        make_insurer(name=f"Fictional {number}")

    page = visible(client.get(PAGE, {"q": "fictional"}))

    assert "10 insurance companies" in page
    assert "There are more." in page


@pytest.mark.parametrize("typed", ODD.values(), ids=ODD.keys())
@pytest.mark.parametrize("headers", [{}, {"HX-Request": "true"}])
def test_odd_text_does_no_harm_and_a_refusal_is_seen(client, some, typed, headers):
    answer = client.get(PAGE, {"q": typed}, headers=headers)

    page = assert_safe(answer)
    assert (answer.status_code == 422) == ('class="error"' in page)


def test_the_page_is_led_to_from_each_foot_and_from_how_to_get_an_appointment(client):
    load_content(by=None, now=NOW)

    assert client.get("/").content.decode().count('href="/insurance/"') == 1
    page = client.get("/getting-an-appointment/").content.decode()
    assert page.count('href="/insurance/"') == 2


def bring(*lines, **more):
    data = "\n".join([HEAD, *lines]).encode()
    return import_insurers(data=data, **{"by": None, "now": NOW} | more)


def counts(result):
    return result.added, result.changed, result.same, result.written


def test_a_file_adds_changes_and_leaves_insurers_by_name_in_any_case():
    kept = make_insurer(name="Kept")
    changed = make_insurer(name="Fictional mutual", note="Ours.")
    make_insurer(name="Same", known_since=TODAY)

    result = bring(GOOD, "New,no,no,no,2026-10-01", "Same,no,no,no,2026-10-14")

    assert counts(result) == (1, 1, 1, True)
    changed.refresh_from_db()
    assert (changed.name, changed.note) == ("Fictional Mutual", "Ours.")
    assert (changed.in_network, changed.needs_authorization) == (True, True)
    assert Insurer.objects.filter(pk=kept.pk, name="Kept").exists()
    assert Insurer.objects.count() == 4


def test_a_name_that_comes_twice_is_an_update_of_its_first_row():
    result = bring(GOOD, GOOD.replace("yes", "no"), GOOD.replace("yes", "no").upper())

    assert counts(result) == (1, 2, 0, True)
    assert Insurer.objects.get().in_network is False


def test_the_same_file_again_changes_nothing():
    bring(GOOD)

    assert counts(bring(GOOD)) == (0, 0, 1, True)


def test_one_bad_row_and_nothing_of_the_file_is_written():
    before = make_insurer(name="Fictional Mutual")

    result = bring(GOOD, "New,no,no,no,2026-10-01", "Bad,?,no,no,2026-10-01")

    assert counts(result) == (1, 1, 0, False)
    assert [str(one)[:28] for one in result.refused] == ['line 4, column "in_network":']
    assert Insurer.objects.get() == before
    assert Insurer.objects.get().in_network is False
    assert not AuditEvent.objects.filter(action="insurers.imported").exists()


def test_a_dry_run_counts_and_writes_nothing():
    assert counts(bring(GOOD, dry_run=True)) == (1, 0, 0, False)
    assert not Insurer.objects.exists()
    assert not AuditEvent.objects.filter(record_type="services.insurer").exists()


def test_an_import_leaves_a_trail_of_each_row_and_of_the_whole():
    editor, old = make_user(Role.EDITOR), make_insurer(name="Fictional Mutual")

    bring(GOOD, "New,no,no,no,2026-10-01", by=editor)

    new = Insurer.objects.get(name="New")
    assert trail(new) == [(editor.pk, "content.added", None, "")]
    fields = "in_network,known_since,needs_authorization"
    assert trail(old) == [(editor.pk, "content.changed", None, fields)]
    whole = [(editor.pk, "insurers.imported", None, "added 1, changed 1, same 0")]
    assert trail(Insurer(pk=0)) == whole


def test_progress_is_told_row_by_row():
    told = []
    bring(GOOD, GOOD, progress=lambda done, total: told.append((done, total)))

    assert told == [(1, 2), (2, 2)]


def test_the_day_is_the_clinic_s_own():
    """At one in the morning, UTC, it is still the day before in Rochester."""
    night = NOW.replace(hour=1)
    day = (TODAY - timedelta(days=1)).isoformat()

    assert bring(f"A,no,no,no,{day}", now=night).written
    assert not bring(f"B,no,no,no,{TODAY}", now=night).written


def test_the_demo_has_300_insurers_all_of_them_plainly_invented():
    result = import_insurers(data=spreadsheet(TODAY), by=None, now=NOW)

    assert counts(result) == (300, 0, 0, True)
    assert names("fictional mutual of sampleton")[0] == "Fictional Mutual of Sampleton"
    assert not Insurer.objects.exclude(note__contains="invented").exists()


def run(tmp_path, capsys, *lines, **options):
    """Run the command on a file of these lines; return what it says."""
    file = tmp_path / "insurers.csv"
    file.write_text("\n".join([HEAD, *lines]), encoding="utf-8")
    call_command("import_insurers", file, **options)
    return capsys.readouterr()


def test_the_command_imports_says_so_and_keeps_the_outcome(tmp_path, capsys):
    kept = tmp_path / "outcome.txt"

    said = run(tmp_path, capsys, GOOD, result=kept)

    assert said.out == "added 1, changed 0, same 0, refused 0: written\n"
    assert kept.read_text() == said.out
    assert Insurer.objects.count() == 1


def test_the_command_shows_its_progress_every_500_rows_and_at_the_end(tmp_path, capsys):
    lines = [f"Fictional {n},yes,no,no,2026-10-01" for n in range(1001)]

    said = run(tmp_path, capsys, *lines, dry_run=True)

    assert said.err.splitlines() == [
        "500 of 1,001 rows",
        "1,000 of 1,001 rows",
        "1,001 of 1,001 rows",
    ]
    assert said.out.endswith("nothing written\n")
    assert not Insurer.objects.exists()


def test_the_command_fails_on_a_refused_row_and_names_it(tmp_path, capsys):
    kept = tmp_path / "outcome.txt"

    with pytest.raises(CommandError, match="nothing is imported"):
        run(tmp_path, capsys, GOOD, "Bad,?,no,no,2026-10-01", result=kept)

    assert 'line 3, column "in_network": write yes or no, not "?"' in kept.read_text()
    assert not Insurer.objects.exists()


def test_the_command_says_what_is_wrong_with_a_file_and_never_overwrites_it(
    tmp_path, capsys
):
    file = tmp_path / "insurers.csv"
    with pytest.raises(CommandError, match="No such file"):
        call_command("import_insurers", file)
    with pytest.raises(CommandError, match="no rows"):
        run(tmp_path, capsys)
    with pytest.raises(CommandError, match="the file itself"):
        run(tmp_path, capsys, GOOD, result=file)
    assert GOOD in file.read_text()
    with pytest.raises(BadFile):
        import_insurers(data=b"", by=None, now=NOW)


def test_the_command_acts_for_an_editor_and_for_nobody_else(tmp_path, capsys):
    editor, staff = make_user(Role.EDITOR), make_user(Role.STAFF)

    run(tmp_path, capsys, GOOD, by=editor.email)

    assert trail(Insurer.objects.get())[0][0] == editor.pk
    for email in (staff.email, "nobody@example.org"):
        with pytest.raises(CommandError, match="may not change insurers"):
            run(tmp_path, capsys, GOOD, by=email)


def test_an_editor_adds_an_insurer_by_the_admin_and_it_leaves_a_trail(client):
    client.force_login(make_user(Role.EDITOR))
    form = {"name": "Fictional Mutual", "known_since": "2026-10-01", "active": "on"}

    answer = client.post("/admin/services/insurer/add/", form)

    assert answer.status_code == 302
    assert trail(Insurer.objects.get())[0][1] == "content.added"
    again = client.post("/admin/services/insurer/add/", form)
    assert "An insurer of this name is listed already." in again.content.decode()
