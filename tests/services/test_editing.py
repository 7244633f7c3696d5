"""The editors' pages: each step by its form, and nothing typed is lost."""

from __future__ import annotations

import pytest
from django.test import Client
from django.urls import reverse

from massage_portal.accounts.roles import Role
from services.editing import forms
from services.models import TEXTS, Article, Version
from tests.editing import (
    LATER,
    address,
    make_draft,
    make_submitted,
    page_of,
    seen_in,
    signed_in,
)
from tests.factories import (
    DAY,
    NOW,
    TODAY,
    make_page,
    make_technique,
    make_text,
    make_user,
)
from tests.typed import LONG, NEVER_TAKEN, ODD, SCRIPT, assert_refused_at, assert_safe
from tests.versions import acts, approve, save

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("on_the_day")]


def typed(version, **changes):
    texts = {name: getattr(version, name) for name in TEXTS}
    return texts | {"note": "", "then": "save"} | changes


def test_the_list_shows_what_is_in_work_and_each_row_its_next_step(second, writer):
    draft = make_draft(by=writer, title="A draft")
    waits = make_submitted(by=writer, title="To be read")

    page = page_of(second.get(address("editing")))

    for version, name in ((draft, "edit"), (waits, "approve")):
        assert f'href="{address(name, version.pk)}"' in page
    assert "Go on writing" in page
    assert "Read and approve" in page


def test_the_writer_is_not_asked_to_approve_their_own(editor, writer):
    waits = make_submitted(by=writer)

    assert "Read and approve" not in page_of(editor.get(address("editing")))
    page = page_of(editor.get(address("approve", waits.pk)))
    assert "A second person must read it" in page
    assert 'name="when"' not in page


def test_the_queue_tells_the_lead_how_many_texts_wait_for_them(writer):
    lead, scheduler = make_user(Role.LEAD), make_user(Role.SCHEDULER)
    make_draft(by=writer)
    make_submitted(by=lead)  # their own: a second person reads it
    queue = reverse("appointments:queue")

    assert "your approval" not in page_of(signed_in(lead).get(queue))
    make_submitted(by=writer)
    told = f'<a href="{address("editing")}">1 text waits for your approval</a>'
    assert told in page_of(signed_in(lead).get(queue))
    assert "your approval" not in page_of(signed_in(scheduler).get(queue))


def test_the_list_shows_what_is_overdue_and_what_is_due_soon(editor):
    review = {"reviewed_by": "Dr. T", "reviewed_on": TODAY - 400 * DAY}
    for title, due in (("Late", TODAY), ("Soon", TODAY + 30 * DAY)):
        make_page(title.lower(), title=title, next_review=due, **review)
    make_page("fine", title="Far off", next_review=TODAY + 31 * DAY, **review)
    make_page("never", title="Not yet")

    page = page_of(editor.get(address("editing"), {"show": "review"}))

    late, soon = page.split("Due within 30 days")[1:]
    assert ">Late<" in late
    assert ">Not yet<" in late
    assert ">Soon<" in soon
    assert "Far off" not in page


def test_the_list_shows_what_is_not_translated_and_what_is_older(editor, writer):
    one, other, done = (make_page(slug, title=slug) for slug in ("one", "two", "six"))
    make_text(other.article, language="es", source=None)
    make_text(done.article, language="es", source=done)

    page = page_of(editor.get(address("editing"), {"show": "translations"}))

    assert ">one<" in page
    assert "Older than the English" in page
    assert ">six<" not in page
    editor.post(address("begin_draft", one.article.pk, "es"))
    assert [v.title for v in Version.objects.owed_in("es")] == ["two"]


@pytest.mark.parametrize("filters", [{}, {"kind": "page"}, {"q": "slee"}])
def test_every_text_can_be_found(filters, editor):
    make_page(title="Sleep")
    make_technique(name="Bare")

    page = page_of(editor.get(address("editing"), {"show": "all"} | filters))

    assert ">Sleep<" in page


@pytest.mark.parametrize("odd", ["kind=poem", "language=x", "page=x", "q=%00", "q=%"])
def test_a_filter_that_makes_no_sense_does_no_harm(odd, editor):
    make_page()
    assert editor.get(f"{address('editing')}?show=all&{odd}").status_code == 200


def test_a_draft_is_begun_saved_and_handed_on_without_script(editor, writer):
    article = make_page(title="Sleep").article

    begun = editor.post(address("begin_draft", article.pk, "en"))
    draft = Version.objects.in_work().get()
    assert begun["Location"] == address("edit", draft.pk)
    sent = typed(draft, body="## More\n\nWords.", then="submit")
    sent["seen"] = seen_in(editor.get(begun["Location"]))
    answer = editor.post(begun["Location"], sent)

    assert answer["Location"] == address("approve", draft.pk)
    draft.refresh_from_db()
    assert (draft.status, draft.body) == ("in-review", "## More\n\nWords.")
    assert acts(draft)[-1] == (writer.pk, "version.submitted")


def test_beginning_twice_leads_to_the_one_draft(editor):
    article = make_page().article
    for _ in range(2):
        answer = editor.post(address("begin_draft", article.pk, "en"), follow=True)

    assert "has begun a new version" in page_of(answer)
    assert Version.objects.in_work().count() == 1


def test_a_stale_save_keeps_what_was_typed_and_shows_both(editor, writer):
    draft = make_draft(by=writer)
    seen = seen_in(editor.get(address("edit", draft.pk)))
    save(draft, make_user(Role.EDITOR), now=NOW + DAY, body="Their words.")

    answer = editor.post(
        address("edit", draft.pk), typed(draft, body="My words.", seen=seen)
    )

    page = assert_safe(answer)
    assert answer.status_code == 409
    assert "<del>" in page
    assert "My words.</textarea>" in page
    assert Version.objects.get(pk=draft.pk).body == "Their words."
    again = typed(draft, body="My words.", seen=seen_in(answer))
    assert editor.post(address("edit", draft.pk), again).status_code == 302
    assert Version.objects.get(pk=draft.pk).body == "My words."


def test_a_save_pressed_twice_is_one_save(editor, writer):
    draft = make_draft(by=writer)
    sent = typed(draft, title="T", seen=seen_in(editor.get(address("edit", draft.pk))))

    answers = [editor.post(address("edit", draft.pk), sent) for _ in range(2)]

    assert [answer.status_code for answer in answers] == [302, 302]
    assert [what for _who, what in acts(draft)].count("version.changed") == 1


def test_what_is_handed_on_already_takes_no_more_words_and_loses_none(editor, writer):
    waits = make_submitted(by=writer)

    answer = editor.post(address("edit", waits.pk), typed(waits, body="Late words."))

    assert answer.status_code == 409
    assert "Late words.</textarea>" in assert_safe(answer)
    assert editor.get(address("edit", waits.pk)).status_code == 302


@pytest.mark.parametrize("seen", ["x", "2026-13-45T00:00", "2026-10-14T10:00"])
def test_a_page_with_a_broken_time_asks_to_be_sent_again(seen, editor, writer):
    draft = make_draft(by=writer)
    answer = editor.post(address("edit", draft.pk), typed(draft, title="T", seen=seen))
    assert answer.status_code == 422
    assert "open too long" in assert_safe(answer)


@pytest.mark.parametrize("field", ["title", "summary"])
@pytest.mark.parametrize("odd", ODD)
def test_odd_words_are_refused_at_their_field_or_shown_as_text(
    field, odd, editor, writer
):
    draft = make_draft(by=writer)
    sent = typed(draft, seen=draft.changed_at.isoformat(), **{field: ODD[odd]})
    answer = editor.post(address("edit", draft.pk), sent)

    if odd in NEVER_TAKEN:
        assert_refused_at(answer, field, ODD[odd].replace("\0", "\0"))
    else:
        assert answer.status_code == 302
        assert_safe(editor.get(address("approve", draft.pk)))


def test_ten_thousand_letters_and_html_are_text_and_no_more(editor, writer):
    draft = make_draft(by=writer)
    body = f"{LONG} {SCRIPT} <img src=x onerror=alert(1)> [a](javascript:alert(1))"
    sent = typed(draft, body=body, seen=draft.changed_at.isoformat())
    assert editor.post(address("edit", draft.pk), sent).status_code == 302

    for name in ("edit", "approve", "preview"):
        page = assert_safe(editor.get(address(name, draft.pk)))
        assert "<img src" not in page
        assert 'href="javascript' not in page
    too_long = sent | {"body": "x" * (forms.LONGEST_BODY + 1)}
    assert_refused_at(editor.post(address("edit", draft.pk), too_long), "body", "x")


@pytest.mark.parametrize(
    ("name", "make", "state"),
    [
        ("send_back", make_submitted, "draft"),
        ("discard", make_draft, "discarded"),
        ("retire", lambda by: make_page(), "retired"),
    ],
)
def test_a_step_back_asks_why_and_is_taken(name, make, state, second, writer):
    version = make(by=writer)
    page = address(name, version.pk)
    assert page_of(second.get(page))
    assert Version.objects.get(pk=version.pk).status != state  # a look changes nothing

    assert_refused_at(second.post(page, {"reason": " "}), "reason", "")
    for _ in range(2):
        assert second.post(page, {"reason": "Not true."}).status_code == 302

    version.refresh_from_db()
    assert (version.status, version.reason) == (state, "Not true.")
    assert "Not true." in page_of(second.get(address("text", version.article_id, "en")))
    if state != "draft":
        assert second.get(page).status_code == 302


def test_a_step_that_comes_too_late_is_refused_in_words(second, writer):
    waits = make_submitted(by=writer)
    approve(waits, make_user(Role.LEAD))

    answer = second.post(address("send_back", waits.pk), {"reason": "Wait"})

    assert answer.status_code == 409
    assert "Somebody may have been faster" in assert_safe(answer)


def test_the_versions_of_a_text_are_listed_compared_and_restored(editor, writer):
    waits = make_submitted(by=writer, words="Newer words.", body="Older words.")
    approve(waits, make_user(Role.LEAD))
    where = (waits.article_id, "en")
    old = Version.objects.of_text(waits.article, "en").get(number=1)

    assert "Replaced or taken back" in page_of(editor.get(address("text", *where)))
    for numbers in ({"a": 1, "b": 2}, {"a": 2, "b": 1}):
        page = page_of(editor.get(address("compare", *where), numbers))
        assert "From version 1 to version 2" in page
        assert "<ins>" in page
    for odd in ({}, {"a": 1, "b": 1}, {"a": "x", "b": "²"}, {"a": "9" * 40}):
        assert editor.get(address("compare", *where), odd).status_code == 302
    answer = editor.post(address("restore", old.pk), follow=True)
    assert "Older words.</textarea>" in page_of(answer)


def test_what_is_not_there_is_not_found(editor):
    article = make_page().article
    for place in (
        address("approve", 999),
        address("text", 999, "en"),
        address("text", article.pk, "xx"),
        address("compare", article.pk, "xx"),
    ):
        assert editor.get(place).status_code == 404
    assert editor.post(address("begin_draft", article.pk, "xx")).status_code == 404


def test_a_page_is_begun_by_its_form_and_a_taken_address_is_said_there(editor):
    make_page("taken")
    sent = {
        **{"kind": "page", "title": "T", "summary": "S", "body": "B"},
        **{"slug": "Back-Pain"},
    }
    assert page_of(editor.get(address("new_article")))

    assert_refused_at(
        editor.post(address("new_article"), sent | {"slug": "taken"}), "slug", "taken"
    )
    for odd in ("a b", "é", "x" * 51, "../a"):
        answer = editor.post(address("new_article"), sent | {"slug": odd})
        assert_refused_at(answer, "slug", odd)
    for _ in range(2):
        assert editor.post(address("new_article"), sent).status_code == 302
    assert Article.objects.get(slug="back-pain").versions.get().status == "draft"


def test_an_article_moves_by_its_form(editor):
    article = make_page("old").article
    make_page("taken")
    page = address("move", article.pk)

    assert 'value="old"' in page_of(editor.get(page))
    assert_refused_at(editor.post(page, {"slug": "taken"}), "slug", "taken")
    assert_refused_at(editor.post(page, {"slug": "safety"}), "slug", "safety")
    assert editor.post(page, {"slug": "new"}).status_code == 302
    assert "old" in page_of(editor.get(address("text", article.pk, "en")))


def test_a_medical_review_is_recorded_by_its_form(second):
    read = make_page()
    sent = {name: LATER[name] for name in LATER if name.startswith(("rev", "next"))}
    page = address("record_review", read.pk)
    assert page_of(second.get(page))

    assert second.post(page, sent).status_code == 302

    read.refresh_from_db()
    assert read.reviewed_by == "Dr. Testwell"
    assert "Dr. Testwell" in page_of(Client().get(read.get_absolute_url()))


def test_the_admin_leads_to_editing_and_changes_no_text(editor, writer):
    read = make_page()
    change = reverse("admin:services_version_change", args=[read.pk])

    page = page_of(editor.get(change))
    assert f'href="{address("approve", read.pk)}"' in page
    assert "<textarea" not in page
    assert editor.post(change, {"title": "Around it"}).status_code == 403
    listed = editor.get(
        reverse("admin:services_version_changelist"), {"overdue": "yes"}
    )
    assert change in page_of(listed)


def test_the_admin_sets_the_order_of_articles_and_no_address(editor):
    article = make_page("a").article
    change = reverse("admin:services_article_change", args=[article.pk])

    assert address("text", article.pk, "en") in page_of(editor.get(change))
    assert editor.post(change, {"position": 4, "slug": "b"}).status_code == 302

    article.refresh_from_db()
    assert (article.position, article.slug) == (4, "a")


def test_an_editor_begins_at_the_list_and_a_lead_finds_it_in_the_menu(editor):
    assert editor.get(reverse("start"))["Location"] == address("editing")
    lead = signed_in(make_user(Role.LEAD))
    assert f'href="{address("editing")}"' in page_of(
        lead.get(reverse("appointments:queue"))
    )
    assert "Go on writing" not in page_of(lead.get(address("editing")))


def test_the_list_asks_no_more_for_more_rows(
    editor, writer, django_assert_max_num_queries
):
    for _ in range(6):
        make_draft(by=writer)
        make_submitted(by=writer)
    with django_assert_max_num_queries(25):
        editor.get(address("editing"))
