"""The second person's page: what changed, when it is published, who reviewed it."""

from __future__ import annotations

import re

import pytest

from services import actions
from services.models import Version
from tests.editing import LATER, address, make_submitted, page_of, seen_in
from tests.factories import DAY, NOW
from tests.typed import assert_safe
from tests.versions import save

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("on_the_day")]


def test_a_second_person_sees_what_changed_and_approves_at_once(second, writer):
    waits = make_submitted(by=writer, words="Newer words.", body="Older words.")

    answer = second.get(address("approve", waits.pk))
    page = re.sub(r"<span class=.visually-hidden.>.*?</span>", "", page_of(answer))
    sent = {"when": "now", "medical": "none", "seen": seen_in(answer)}
    done = second.post(address("approve", waits.pk), sent)

    assert "<del>Older </del><ins>Newer </ins>words." in page
    assert done["Location"] == address("editing")
    assert Version.objects.get(pk=waits.pk).status == "active"


def test_a_time_is_the_clinics_and_the_review_is_kept_with_the_text(second, writer):
    waits = make_submitted(by=writer)
    sent = LATER | {"seen": waits.changed_at.isoformat()}

    assert second.post(address("approve", waits.pk), sent).status_code == 302

    waits.refresh_from_db()
    assert waits.status == "approved"
    assert waits.publish_at.isoformat() == "2026-10-20T13:30:00+00:00"
    assert (waits.reviewed_by, str(waits.next_review)) == ("Dr. Testwell", "2027-10-01")


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"when": ""}, "when"),
        ({"clock": ""}, "clock"),
        ({"clock": "25:00"}, "clock"),
        ({"day_month": "", "day_day": "", "day_year": ""}, "day"),
        ({"medical": "keep"}, "medical"),  # there is no review to keep
        ({"reviewed_by": ""}, "reviewed_by"),
        ({"reviewed_on_year": "2030"}, "reviewed_on"),
        ({"next_review_year": "2026"}, "next_review"),
    ],
)
def test_each_fault_of_an_approval_is_said_at_its_field(changes, field, second, writer):
    waits = make_submitted(by=writer)
    sent = LATER | {"seen": waits.changed_at.isoformat()} | changes

    answer = second.post(address("approve", waits.pk), sent)

    assert answer.status_code == 422
    assert f'id="id_{field}_error"' in assert_safe(answer)
    assert Version.objects.get(pk=waits.pk).status == "in-review"


def test_whoever_wrote_it_cannot_approve_it_by_a_form_of_their_own(editor, writer):
    waits = make_submitted(by=writer)
    sent = {"when": "now", "medical": "none", "seen": waits.changed_at.isoformat()}

    answer = editor.post(address("approve", waits.pk), sent)

    assert answer.status_code == 409
    assert "Ask a second person" in assert_safe(answer)
    assert Version.objects.get(pk=waits.pk).status == "in-review"


def test_nothing_is_approved_by_what_was_changed_meanwhile(second, writer):
    waits = make_submitted(by=writer)
    seen = seen_in(second.get(address("approve", waits.pk)))
    draft = actions.send_back(version=waits, reason="x", by=writer, now=NOW)
    save(draft, writer, now=NOW + DAY, body="Other words.")
    actions.submit(version=draft, by=writer, now=NOW + DAY)

    sent = {"when": "now", "medical": "none", "seen": seen}
    answer = second.post(address("approve", waits.pk), sent)

    assert answer.status_code == 409
    assert "after you opened it" in assert_safe(answer)
