"""Writing: drafts begin, are saved and handed on; nobody's work is lost."""

from __future__ import annotations

import pytest

from services import actions
from services.models import Version
from tests.editing import make_draft, make_submitted
from tests.factories import HOUR, NOW, make_page, make_text
from tests.trail import trail
from tests.versions import TEXT, acts, save, texts_of

pytestmark = pytest.mark.django_db


def test_a_draft_begins_with_the_words_that_readers_see(writer):
    read = make_page(title="Sleep", other_words="rest")

    draft = actions.begin_draft(article=read.article, language="en", by=writer, now=NOW)

    assert texts_of(draft) == texts_of(read)
    assert (draft.number, draft.status, draft.source) == (2, "draft", None)
    assert acts(draft) == [(writer.pk, "version.begun")]


def test_one_version_of_a_text_is_in_work_at_a_time(writer, reader):
    draft = make_draft(by=writer)

    with pytest.raises(actions.InWork, match=writer.name) as refusal:
        actions.begin_draft(article=draft.article, language="en", by=reader, now=NOW)
    assert refusal.value.version == draft


def test_a_translation_begins_with_the_english_and_remembers_it(writer):
    read = make_page(title="Sleep")

    draft = actions.begin_draft(article=read.article, language="es", by=writer, now=NOW)

    assert (draft.title, draft.source, draft.number) == ("Sleep", read, 1)


def test_a_newer_translation_begins_with_the_older_and_remembers_todays_english(writer):
    english = make_page(title="Sleep")
    make_text(english.article, language="es", title="Dormir")

    draft = actions.begin_draft(
        article=english.article, language="es", by=writer, now=NOW
    )

    assert (draft.title, draft.source) == ("Dormir", english)


def test_what_is_not_published_in_english_is_not_translated(writer):
    draft = actions.begin_article(
        kind="page", slug="new", texts=TEXT, by=writer, now=NOW
    )

    with pytest.raises(actions.NoEnglish):
        actions.begin_draft(article=draft.article, language="es", by=writer, now=NOW)


def test_a_text_that_was_taken_back_begins_with_its_last_words(writer):
    read = make_page(title="Sleep")
    actions.retire(version=read, reason="Wrong.", by=writer, now=NOW)

    draft = actions.begin_draft(article=read.article, language="en", by=writer, now=NOW)

    assert draft.title == "Sleep"


def test_what_is_saved_names_the_fields_and_who(writer, reader):
    draft = make_draft(by=writer)

    saved = save(draft, reader, now=NOW + HOUR, title="Better", note="Plainer")

    saved.refresh_from_db()
    assert (saved.title, saved.note) == ("Better", "Plainer")
    assert (saved.changed_by, saved.changed_at) == (reader, NOW + HOUR)
    assert trail(saved)[-1] == (reader.pk, "version.changed", None, "title,note")


def test_a_stale_save_is_refused_with_who_and_nothing_of_it_is_kept(writer, reader):
    draft = make_draft(by=writer)
    save(draft, reader, now=NOW + HOUR, title="Theirs")

    with pytest.raises(actions.Stale, match=reader.name) as refusal:
        save(draft, writer, seen=NOW, title="Mine")

    assert "11 a.m." in str(refusal.value)
    assert refusal.value.version.title == "Theirs"
    assert Version.objects.get(pk=draft.pk).title == "Theirs"


def test_the_same_words_sent_twice_are_kept_once(writer):
    draft = make_draft(by=writer)

    for _ in range(2):
        save(draft, writer, seen=NOW, now=NOW + HOUR, title="Once")

    assert [action for _, action in acts(draft)].count("version.changed") == 1


def test_only_a_draft_is_written_in(writer):
    waits = make_submitted(by=writer)

    with pytest.raises(actions.WrongState, match="Waiting for a second person"):
        save(waits, writer, title="Late")


@pytest.mark.parametrize("name", ["title", "summary", "body"])
def test_a_text_with_a_part_missing_is_not_handed_on(name, writer):
    draft = make_draft(by=writer)
    save(draft, writer, **{name: ""})

    with pytest.raises(actions.Unfinished) as refusal:
        actions.submit(version=draft, by=writer, now=NOW)
    assert refusal.value.field == name


def test_a_draft_is_handed_on_once_however_often_the_button_is_pressed(writer):
    draft = make_draft(by=writer)

    for _ in range(2):
        assert actions.submit(version=draft, by=writer, now=NOW).status == "in-review"

    assert acts(draft).count((writer.pk, "version.submitted")) == 1
