"""What the database itself refuses of articles and versions, rule by rule."""

from __future__ import annotations

import pytest
from django.db import IntegrityError, InternalError, ProgrammingError

from massage_portal.accounts.roles import Role
from services.codes import TRANSITIONS, VersionStatus
from services.models import (
    TEXTS,
    Article,
    Condition,
    FormerAddress,
    Location,
    Synonym,
    Technique,
    Version,
    Wording,
)
from tests.factories import (
    DAY,
    NOW,
    TODAY,
    make_page,
    make_precaution,
    make_text,
    make_user,
)

pytestmark = pytest.mark.django_db
REFUSED = (IntegrityError, InternalError, ProgrammingError)


def refuses(name):
    return pytest.raises(REFUSED, match=rf'["_]{name}["_]')


def in_state(status, **fields):
    """Return a version in the state, with what the state needs."""
    needs = {
        VersionStatus.ACTIVE: {"active_from": NOW},
        VersionStatus.APPROVED: {"approved_at": NOW, "publish_at": NOW},
    }
    values = {"active_from": None} | needs.get(status, {})
    return make_text(status=status, **values | fields)


def test_an_address_belongs_to_one_article_of_its_kind():
    Article.objects.create(kind="page", slug="a")
    assert Condition.objects.create(kind="condition", slug="a", evidence="weak").pk

    with refuses("article_address_is_unique"):
        Article.objects.create(kind="page", slug="a")


def test_an_article_is_of_a_known_kind():
    with refuses("article_kind_is_known"):
        Article.objects.create(kind="poem", slug="a")


@pytest.mark.parametrize(
    ("model", "fields", "rule"),
    [
        (Condition, {"evidence": "weak"}, "condition_is_of_its_kind"),
        (Technique, {"name": "T"}, "technique_is_of_its_kind"),
        (Location, {"name": "L", "time_zone": "UTC"}, "location_is_of_its_kind"),
    ],
)
def test_a_row_of_a_kind_has_an_article_of_that_kind(model, fields, rule):
    right = rule.partition("_")[0]
    assert model.objects.create(kind=right, slug="right", **fields).pk

    with refuses(rule):
        model.objects.create(kind="page", slug="wrong", **fields)


def test_a_former_address_leads_to_one_article():
    first, second = (Article.objects.create(kind="page", slug=s) for s in "ab")
    FormerAddress.objects.create(kind="page", slug="old", article=first)
    assert FormerAddress.objects.create(kind="condition", slug="old", article=first)

    with refuses("former_address_leads_to_one"):
        FormerAddress.objects.create(kind="page", slug="old", article=second)


def test_the_versions_of_a_text_are_numbered_each_once():
    article = make_page().article
    assert make_text(article, language="es", number=1).pk

    with refuses("version_number_is_unique"):
        make_text(article, status=VersionStatus.RETIRED, number=1)


def test_one_version_of_a_text_is_read():
    article = make_page().article
    with refuses("version_one_is_read"):
        make_text(article, number=2)


@pytest.mark.parametrize("second", ["draft", "in-review", "approved"])
def test_one_version_of_a_text_is_in_work(second):
    article = make_page().article
    draft = {"status": "draft", "active_from": None}
    make_text(article, number=2, **draft)
    assert make_text(article, language="es", number=2, **draft).pk

    with refuses("version_one_is_in_work"):
        in_state(VersionStatus(second), article=article, number=3)


def test_a_version_is_in_a_known_state():
    with refuses("version_status_is_known"):
        make_text(status="lost")


def test_whoever_wrote_or_changed_a_text_does_not_approve_it():
    one, two, three = (make_user(Role.EDITOR) for _ in range(3))
    assert make_text(created_by=one, changed_by=two, approved_by=three).pk
    assert make_text(approved_by=three).pk

    with refuses("version_is_approved_by_another"):
        make_text(created_by=one, changed_by=two, approved_by=one)


def test_whoever_changed_it_last_does_not_approve_it():
    one, two = make_user(), make_user()
    with refuses("version_is_approved_by_another"):
        make_text(created_by=one, changed_by=two, approved_by=two)


@pytest.mark.parametrize("missing", ["approved_at", "publish_at"])
def test_what_is_approved_says_when_it_was_and_when_it_is_published(missing):
    with refuses("version_approved_has_its_time"):
        in_state(VersionStatus.APPROVED, **{missing: None})


@pytest.mark.parametrize("odd", [{"active_from": None}, {"retired_at": NOW}])
def test_what_is_read_says_since_when_and_is_not_taken_back(odd):
    with refuses("version_read_has_its_time"):
        make_text(**odd)


@pytest.mark.parametrize("odd", [{"reviewed_by": "Dr. T"}, {"reviewed_on": TODAY}])
def test_a_review_says_who_and_when(odd):
    with refuses("version_review_is_whole"):
        make_text(**odd)


@pytest.mark.parametrize(
    "odd",
    [
        {"next_review": TODAY},
        {"reviewed_by": "Dr. T", "reviewed_on": TODAY, "next_review": TODAY},
        {"reviewed_by": "Dr. T", "reviewed_on": TODAY, "next_review": TODAY - DAY},
    ],
)
def test_the_next_review_comes_after_the_last(odd):
    with refuses("version_next_review_is_later"):
        make_text(**odd)


STEPS = [(old, new) for old in VersionStatus for new in VersionStatus if old != new]


@pytest.mark.parametrize(("old", "new"), STEPS)
def test_only_legal_steps_are_taken(old, new):
    times = {"active_from": NOW, "approved_at": NOW, "publish_at": NOW}
    version = make_text(status=old, **times)

    def take():
        Version.objects.filter(pk=version.pk).update(status=new)

    if new in TRANSITIONS[old]:
        take()
    else:
        with refuses("legal_version_changes"):
            take()


@pytest.mark.parametrize("status", VersionStatus)
def test_no_version_is_ever_deleted(status):
    version = in_state(status)
    with refuses("version_is_kept"):
        version.delete()


@pytest.mark.parametrize("status", [s for s in VersionStatus if s != "draft"])
@pytest.mark.parametrize("name", [*TEXTS, "language", "number"])
def test_the_words_of_what_is_no_draft_stay_as_they_are(status, name):
    version = in_state(status)
    with refuses("version_text_is_kept"):
        Version.objects.filter(pk=version.pk).update(
            **{name: 9 if name == "number" else "x"}
        )


def test_what_is_said_about_a_version_may_change_and_the_words_of_a_draft_too():
    read, draft = make_text(), in_state(VersionStatus.DRAFT)

    assert Version.objects.filter(pk=read.pk).update(
        reviewed_by="Dr. T", reviewed_on=TODAY, note="n", reason="r"
    )
    assert Version.objects.filter(pk=draft.pk).update(title="x", body="y")


def test_a_question_has_one_wording_in_each_language():
    one, two = make_precaution(), make_precaution()
    for question in (one, two):
        Wording.objects.create(precaution=question, language="es", plain="x")
    assert Wording.objects.create(precaution=one, language="ar", plain="x").pk

    with refuses("wording_is_one_per_language"):
        Wording.objects.create(precaution=one, language="es", plain="y")


def test_the_same_words_are_listed_once():
    Synonym.objects.create(words="lymphedema, lymphoedema")
    with pytest.raises(IntegrityError):
        Synonym.objects.create(words="lymphedema, lymphoedema")
