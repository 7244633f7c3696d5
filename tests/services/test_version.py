"""Publishing: every step of a version, who may take it, and what refuses it."""

from __future__ import annotations

from datetime import timedelta

import pytest

from massage_portal.accounts.roles import Role
from services import actions, tasks
from services.actions import publish
from services.codes import TRANSITIONS, VersionStatus
from services.models import Version, Word
from tests.editing import make_draft, make_submitted
from tests.factories import (
    DAY,
    HOUR,
    NOW,
    TODAY,
    make_condition,
    make_page,
    make_text,
    make_user,
)
from tests.trail import trail
from tests.versions import REVIEW, TEXT, acts, approve, save, states

pytestmark = pytest.mark.django_db


def test_neither_the_writer_nor_the_last_to_change_it_approves(writer, reader):
    draft = make_draft(by=writer)
    save(draft, reader, title="Changed")
    waits = actions.submit(version=draft, by=writer, now=NOW)

    for same in (writer, reader):
        with pytest.raises(actions.TheSamePerson):
            approve(waits, same)
    assert approve(waits, make_user(Role.LEAD)).status == VersionStatus.ACTIVE


def test_an_approved_text_replaces_the_one_that_was_read(
    writer, reader, django_capture_on_commit_callbacks, monkeypatch
):
    dropped = []
    monkeypatch.setattr(
        "services.actions.version.drop_pages", lambda: dropped.append(1)
    )
    waits = make_submitted(by=writer, words="An unheardofword stands here.")
    with django_capture_on_commit_callbacks(execute=True):
        approve(waits, reader)

    made = Version.objects.get(pk=waits.pk)
    old = Version.objects.of_text(made.article, "en").get(number=1)
    assert (made.status, made.active_from, made.publish_at) == ("active", NOW, NOW)
    assert (old.status, old.retired_at) == ("retired", NOW)
    assert Word.objects.filter(word="unheardofword").exists()
    assert dropped == [1]
    assert acts(old) == [(reader.pk, "version.replaced")]
    assert [change for *_who, change in trail(made)][-2:] == [
        "in-review>approved",
        "approved>active",
    ]


def test_an_approval_is_of_the_words_that_were_read(writer, reader):
    waits = make_submitted(by=writer)
    draft = actions.send_back(version=waits, reason="No.", by=reader, now=NOW)
    save(draft, writer, now=NOW + HOUR, body="Other words.")
    actions.submit(version=draft, by=writer, now=NOW + HOUR)

    with pytest.raises(actions.Stale):
        approve(waits, reader, seen=waits.changed_at)


def test_approving_twice_is_no_fault_and_a_second_approver_is_told(writer, reader):
    waits = make_submitted(by=writer)

    assert approve(waits, reader) == approve(waits, reader)
    with pytest.raises(actions.WrongState, match="Published"):
        approve(waits, make_user(Role.LEAD))


def test_the_medical_review_is_new_kept_or_none(writer, reader):
    kept = make_submitted(
        by=writer, reviewed_by="Dr. Old", reviewed_on=TODAY, next_review=TODAY + DAY
    )

    made = approve(kept, reader, keep_review=True)
    new = approve(make_submitted(by=writer), reader, review=REVIEW)
    none = approve(make_submitted(by=writer), reader)

    assert (made.reviewed_by, made.next_review) == ("Dr. Old", TODAY + DAY)
    assert (new.reviewed_by, new.reviewed_on) == ("Dr. Testwell", TODAY - 3 * DAY)
    assert (none.reviewed_by, none.reviewed_on) == ("", None)


@pytest.mark.parametrize(
    ("review", "field"),
    [
        (actions.Review("Dr. T", None), "reviewed_on"),
        (actions.Review("", TODAY), "reviewed_by"),
        (actions.Review("", None, TODAY + DAY), "reviewed_by"),
        (actions.Review("Dr. T", TODAY + DAY), "reviewed_on"),
        (actions.Review("Dr. T", TODAY, TODAY), "next_review"),
    ],
)
def test_a_review_that_is_not_whole_is_refused_at_its_field(
    review, field, writer, reader
):
    waits = make_submitted(by=writer)

    with pytest.raises(actions.BadReview) as refusal:
        approve(waits, reader, review=review)
    assert refusal.value.field == field
    assert Version.objects.get(pk=waits.pk).status == "in-review"


def test_what_has_a_time_waits_for_it_and_beat_publishes_it_once(
    writer, reader, monkeypatch
):
    waits = make_submitted(by=writer)
    approve(waits, reader, publish_at=NOW + HOUR)

    assert actions.publish_due(now=NOW + HOUR - timedelta(seconds=1)) == []
    monkeypatch.setattr("django.utils.timezone.now", lambda: NOW + HOUR)
    tasks.publish_due()

    assert actions.publish_due(now=NOW + 2 * HOUR) == []
    made = Version.objects.get(pk=waits.pk)
    assert (made.status, made.active_from) == ("active", NOW + HOUR)
    assert acts(made)[-1] == (None, "version.published")


@pytest.mark.parametrize("publish_at", [None, NOW - DAY, NOW])
def test_a_time_that_is_past_means_at_once(publish_at, writer, reader):
    waits = make_submitted(by=writer)
    assert approve(waits, reader, publish_at=publish_at).status == "active"


def test_what_was_sent_back_or_published_meanwhile_is_passed_over(writer, reader):
    """A beat has read what is due, and then somebody else is faster."""
    back, made = (make_submitted(by=writer) for _ in range(2))
    for waits in (back, made):
        approve(waits, reader, publish_at=NOW + HOUR)
    actions.send_back(version=back, reason="Wait", by=reader, now=NOW)
    actions.publish_due(now=NOW + HOUR)

    for waits in (back, made):
        found = publish._publish(waits.pk, waits.article_id, now=NOW + HOUR)
        assert found is None
    assert states(back.article) == [(2, "draft"), (1, "active")]


def test_one_text_that_fails_keeps_no_other_from_being_published(
    writer, reader, monkeypatch
):
    first, second = (make_submitted(by=writer) for _ in range(2))
    for waits in (first, second):
        approve(waits, reader, publish_at=NOW + HOUR)

    def fail(version):
        if version == first.pk:
            raise RuntimeError

    monkeypatch.setattr("services.actions.version.add_words", fail)
    assert actions.publish_due(now=NOW + HOUR) == [second]
    assert states(first.article) == [(2, "approved"), (1, "active")]


def test_what_is_sent_back_is_a_draft_that_nobody_has_approved(writer, reader):
    waits = make_submitted(by=writer)
    approve(waits, reader, publish_at=NOW + DAY, review=REVIEW)

    for _ in range(2):
        back = actions.send_back(version=waits, reason="A fault", by=reader, now=NOW)

    back.refresh_from_db()
    assert (back.status, back.reason, back.approved_by) == ("draft", "A fault", None)
    assert (back.publish_at, back.reviewed_by) == (None, "")
    assert acts(back).count((reader.pk, "version.sent_back")) == 1


def test_what_is_taken_back_is_gone_at_once_with_its_translations(writer, reader):
    read = make_page()
    spanish = make_text(read.article, language="es")
    draft = actions.begin_draft(article=read.article, language="es", by=writer, now=NOW)
    actions.submit(version=draft, by=writer, now=NOW)
    approve(draft, reader, publish_at=NOW + DAY)

    for _ in range(2):
        actions.retire(version=read, reason="Not true", by=writer, now=NOW)

    assert states(read.article) == [(1, "retired")]
    assert states(read.article, "es") == [(2, "draft"), (1, "retired")]
    assert acts(spanish) == [(writer.pk, "version.retired")]
    assert not Version.objects.read_in("es").exists()


def test_a_translation_alone_may_be_taken_back(writer):
    read = make_page()
    spanish = make_text(read.article, language="es")

    actions.retire(version=spanish, reason="Not true", by=writer, now=NOW)

    assert list(Version.objects.read_in("es")) == [read]


def test_a_page_that_the_portal_leads_to_is_not_taken_back(writer):
    with pytest.raises(actions.Fixed):
        actions.retire(version=make_page("safety"), reason="x", by=writer, now=NOW)


def test_a_translation_is_not_approved_while_its_english_is_gone(writer, reader):
    read = make_page()
    draft = actions.begin_draft(article=read.article, language="es", by=writer, now=NOW)
    actions.submit(version=draft, by=writer, now=NOW)
    actions.retire(version=read, reason="Wrong", by=writer, now=NOW)

    with pytest.raises(actions.NoEnglish):
        approve(draft, reader)


def test_what_is_given_up_is_kept_and_what_is_read_cannot_be(writer):
    waits = make_submitted(by=writer)

    for _ in range(2):
        gone = actions.discard(version=waits, by=writer, now=NOW)

    assert gone.status == VersionStatus.DISCARDED
    with pytest.raises(actions.WrongState):
        actions.discard(version=make_page("read"), by=writer, now=NOW)


def test_an_older_version_comes_back_as_a_draft_to_be_read_again(writer, reader):
    waits = make_submitted(by=writer)
    approve(waits, reader)
    old = Version.objects.of_text(waits.article, "en").get(number=1)

    draft = actions.restore(version=old, by=writer, now=NOW)

    assert (draft.number, draft.status, draft.body) == (3, "draft", old.body)
    assert draft.note == "Restored from version 1."
    with pytest.raises(actions.InWork):
        actions.restore(version=old, by=reader, now=NOW)


def test_what_readers_see_need_not_be_restored(writer):
    with pytest.raises(actions.WrongState):
        actions.restore(version=make_page(), by=writer, now=NOW)


def test_a_published_text_is_reviewed_again(writer):
    read = make_page()

    for _ in range(2):
        actions.record_review(version=read, review=REVIEW, by=writer, now=NOW)

    read.refresh_from_db()
    assert read.reviewed_by == "Dr. Testwell"
    assert acts(read) == [(writer.pk, "version.reviewed")]
    with pytest.raises(actions.BadReview):
        actions.record_review(version=read, review=actions.Review(), by=writer, now=NOW)
    with pytest.raises(actions.WrongState):
        actions.record_review(
            version=make_draft(by=writer), review=REVIEW, by=writer, now=NOW
        )


def test_a_condition_is_begun_with_its_draft_once(writer, reader):
    make_condition(position=7)
    new = {"kind": "condition", "slug": "cramps", "texts": TEXT, "now": NOW}

    draft = actions.begin_article(**new, evidence="some", by=writer)

    assert actions.begin_article(**new, by=writer) == draft
    assert (draft.title, draft.status) == ("New", "draft")
    assert draft.article.condition.evidence == "some"
    assert draft.article.position == 8
    with pytest.raises(actions.AddressTaken) as refusal:
        actions.begin_article(**new, by=reader)
    assert refusal.value.field == "slug"


def test_every_legal_step_has_an_action_here():
    """Whoever adds a step must add its tests to this file."""
    assert sum(len(steps) for steps in TRANSITIONS.values()) == 8
