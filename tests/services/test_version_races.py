"""Two who publish at once: one text is read, and nobody meets a constraint."""

from __future__ import annotations

from functools import partial

import pytest

from massage_portal.accounts.roles import Role
from massage_portal.audit.models import AuditEvent
from services import actions
from services.models import Version
from tests.editing import make_submitted
from tests.factories import HOUR, NOW, make_page, make_user
from tests.threads import errors, together, won

pytestmark = pytest.mark.usefixtures("committed")
ROUNDS = 5


def published(version):
    return AuditEvent.objects.filter(
        action="version.published", record_id=str(version.pk)
    ).count()


def approval(version, **how):
    values = {"seen": version.changed_at, "now": NOW, "by": make_user(Role.LEAD)}
    return partial(actions.approve, version=version, **values | how)


def test_of_two_who_approve_at_once_one_is_told_kindly():
    for _ in range(ROUNDS):
        waits = make_submitted(by=make_user(Role.EDITOR))
        outcomes = together(approval(waits), approval(waits))

        assert len(won(outcomes)) == 1
        assert {type(error) for error in errors(outcomes)} == {actions.WrongState}
        assert published(waits) == 1


def test_two_beats_publish_each_text_once():
    writer = make_user(Role.EDITOR)
    for _ in range(ROUNDS):
        due = [make_submitted(by=writer) for _ in range(4)]
        for waits in due:
            approval(waits, publish_at=NOW + HOUR)()
        beat = partial(actions.publish_due, now=NOW + HOUR)

        assert errors(together(beat, beat, beat)) == []
        beat()  # what two beats passed over for each other is still due

        assert [published(waits) for waits in due] == [1, 1, 1, 1]


def test_two_who_begin_a_draft_at_once_get_one():
    article = make_page().article
    outcomes = together(
        *(
            partial(
                actions.begin_draft,
                article=article,
                language="en",
                by=make_user(Role.EDITOR),
                now=NOW,
            )
            for _ in range(4)
        )
    )

    assert len(won(outcomes)) == 1
    assert {type(error) for error in errors(outcomes)} == {actions.InWork}
    assert Version.objects.in_work().count() == 1


def test_of_two_articles_that_take_one_address_at_once_one_is_told():
    editor = make_user(Role.EDITOR)
    pages = [make_page(f"from-{number}").article for number in range(3)]

    outcomes = together(
        *(
            partial(actions.move, article=page, slug="there", by=editor, now=NOW)
            for page in pages
        )
    )

    assert len(won(outcomes)) == 1
    assert {type(error) for error in errors(outcomes)} == {actions.AddressTaken}
