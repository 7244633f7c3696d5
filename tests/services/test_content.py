"""The content a new clinic begins with: added once, never overwritten."""

from __future__ import annotations

import re
import shutil

import pgtrigger
import pytest
from django.core.management import CommandError, call_command

from massage_portal.audit.models import AuditEvent
from services.actions import BadContent, content, load_content
from services.actions.content import CONTENT
from services.codes import Meaning
from services.models import (
    OWN_ADDRESS,
    Article,
    Condition,
    FormerAddress,
    Location,
    Precaution,
    PrecautionVersion,
    Publication,
    Synonym,
    Technique,
    Version,
    Wording,
)
from tests.factories import NOW

pytestmark = pytest.mark.django_db
ALL = [
    Article,
    Condition,
    Technique,
    Location,
    Version,
    Precaution,
    Wording,
    Publication,
    Synonym,
]
PARTS = {"Condition", "Technique", "Location"}  # rows of articles counted already
GOOD = '+++\ntitle = "A"\nsummary = "B"\nevidence = "weak"\n+++\nText.\n'


def rows():
    return {
        model.__name__: list(model.objects.order_by("pk").values()) for model in ALL
    }


@pytest.fixture
def folder(tmp_path):
    """A copy of the content, to be spoiled."""
    return shutil.copytree(CONTENT, tmp_path / "content")


def load(folder=CONTENT):
    return load_content(folder=folder, by=None, now=NOW)


def test_a_new_clinic_begins_with_all_it_needs():
    added = load()

    found = rows()
    assert added == sum(len(found[name]) for name in found if name not in PARTS)
    assert all(found.values())
    pages = Article.objects.of_kind("page")
    assert set(OWN_ADDRESS) <= set(pages.values_list("slug", flat=True))
    assert Technique.objects.offered().count() == 8
    giving = Location.objects.filter(gives_massage=True)
    assert [place.name for place in giving] == ["Rochester"]
    meanings = set(Precaution.objects.values_list("meaning", flat=True))
    assert meanings == set(Meaning.values)
    text = Version.objects.active().get(article__slug="fibromyalgia", language="en")
    assert text.title == "Fibromyalgia"


def test_every_text_and_safety_question_is_there_in_spanish_too():
    load()

    for row in Version.objects.read_in("es"):
        assert row.language == "es", row
        assert row.source.language == "en"
    assert {row.told_in for row in Precaution.objects.for_patients("es")} == {"es"}


def test_all_that_was_added_is_on_the_trail():
    added = load()
    kept = AuditEvent.objects.filter(action="content.added", at=NOW, actor="system")
    assert kept.count() == added


def test_a_second_load_adds_nothing():
    load()
    before = rows()

    assert load() == 0

    assert rows() == before


def test_what_an_editor_changed_or_took_out_of_use_stays_so():
    load()
    moved = Condition.objects.get(slug="cancer")
    FormerAddress.objects.create(article=moved, kind="condition", slug="cancer")
    Condition.objects.filter(pk=moved.pk).update(evidence="good", slug="tumors")
    with pgtrigger.ignore("services.Version:version_text_is_kept"):
        Version.objects.filter(article__slug="tumors").update(body="Mine.")
    Technique.objects.filter(slug="chair").update(active=False)
    Precaution.objects.update(question="As the clinical lead asks it?")
    Publication.objects.filter(pmid="20347836").delete()
    before = rows()

    assert load() == 0

    assert rows() == before


def test_what_is_missing_is_added_again_and_nothing_else():
    load()
    with pgtrigger.ignore("services.Version:version_is_kept"):
        Version.objects.filter(article__slug="cancer", language="es").delete()
    with pgtrigger.ignore("services.PrecautionVersion:precaution_version_is_kept"):
        PrecautionVersion.objects.filter(precaution__code="dvt-now").delete()
    Precaution.objects.filter(code="dvt-now").delete()

    assert load() == 3  # the text, the question, and its Spanish

    assert Version.objects.active().filter(article__slug="cancer").count() == 2
    assert Precaution.objects.filter(code="dvt-now").exists()


TEXTS = [
    pytest.param("No head at all.\n", "between two", id="no head"),
    pytest.param("", "between two", id="empty"),
    pytest.param('+++\nname = "A"\n', "between two", id="a head without an end"),
    pytest.param("+++\nname = A\n+++\nText.\n", "Invalid value", id="no TOML"),
    pytest.param(GOOD.replace("weak", "best"), "evidence", id="unknown evidence"),
    pytest.param(GOOD.replace("title", "color"), "color", id="unknown field"),
    pytest.param(GOOD.replace('"A"', '""'), "title", id="empty title"),
    pytest.param(GOOD.replace("Text.", ""), "body", id="empty text"),
    pytest.param(GOOD.replace('"A"', f'"{"A" * 121}"'), "title", id="too long"),
    pytest.param(GOOD.encode() + b"\xff", "UTF-8", id="not UTF-8"),
]


@pytest.mark.parametrize(("text", "fault"), TEXTS)
def test_a_bad_text_names_its_file_and_nothing_at_all_is_added(folder, text, fault):
    text = text.encode() if isinstance(text, str) else text
    (folder / "en" / "conditions" / "broken.md").write_bytes(text)

    with pytest.raises(BadContent, match=rf"broken\.md: .*{re.escape(fault)}"):
        load(folder)

    assert not any(rows().values())
    assert not AuditEvent.objects.filter(action="content.added").exists()


def test_a_good_text_among_them_is_added(folder):
    """So each text above is refused for its own fault alone."""
    (folder / "en" / "conditions" / "sound.md").write_text(GOOD)

    load(folder)

    assert Version.objects.get(article__slug="sound").body == "Text."


LISTS = [
    pytest.param("row = 7\n", "row", id="a number for the rows"),
    pytest.param("row = [7]\n", "row", id="a number for a row"),
    pytest.param("[[row]\n", "Expected", id="no TOML"),
    pytest.param('[[row]]\nslug = "a"\ncolor = "red"\n', "color", id="unknown field"),
    pytest.param('[[row]]\nslug = "a"\n', "city", id="fields missing"),
    pytest.param(b"\xff\xfe", "UTF-8", id="not UTF-8"),
    pytest.param(None, "No such file", id="no file"),
]


@pytest.mark.parametrize(("text", "fault"), LISTS)
def test_a_bad_list_names_its_file_and_nothing_at_all_is_added(folder, text, fault):
    path = folder / "locations.toml"
    if text is None:
        path.unlink()
    else:
        path.write_bytes(text.encode() if isinstance(text, str) else text)

    with pytest.raises(BadContent, match=rf"locations\.toml: .*{re.escape(fault)}"):
        load(folder)

    assert not any(rows().values())


def test_the_command_says_how_much_was_added_and_names_a_bad_file(
    folder, capsys, monkeypatch
):
    call_command("load_content")
    call_command("load_content")
    first, second = capsys.readouterr().out.splitlines()
    assert re.fullmatch(r"[1-9]\d+ rows of content added", first)
    assert second == "0 rows of content added"

    def refuse(**_):
        raise BadContent("cancer.md: it is spoiled")

    monkeypatch.setattr(
        "services.management.commands.load_content.load_content", refuse
    )
    with pytest.raises(CommandError, match=r"cancer\.md: it is spoiled"):
        call_command("load_content")


def test_the_text_under_the_head_may_itself_have_a_line_of_pluses(tmp_path):
    path = tmp_path / "a.md"
    path.write_text("+++\na = 1\n+++\nabove\n+++\nbelow\n")
    assert content.read(path) == {"slug": "a", "a": 1, "body": "above\n+++\nbelow"}
