"""A visit that is over and not recorded, or recorded wrongly: what its pages say."""

from __future__ import annotations

from datetime import timedelta

import pytest

from appointments import actions
from appointments.codes import EntryStatus, Status
from appointments.models import VisitNote
from massage_portal.accounts.roles import Role
from massage_portal.audit.record import record
from massage_portal.tokens import sign
from tests.appointments.notes import make_note
from tests.appointments.pages import signed_in, url
from tests.appointments.test_note import a_visit
from tests.factories import (
    DAY,
    HOUR,
    NOW,
    make_appointment,
    make_entry,
    make_referral,
    make_user,
)

pytestmark = pytest.mark.django_db
MINUTE = timedelta(minutes=1)


@pytest.fixture(autouse=True)
def clock(monkeypatch):
    """The views' clock stands at NOW."""
    monkeypatch.setattr("django.utils.timezone.now", lambda: NOW)


@pytest.mark.parametrize(
    ("starts_at", "says_over", "links"),
    [
        (NOW - 3 * HOUR, True, False),
        (NOW - MINUTE, False, False),
        (NOW + DAY, False, True),
    ],
    ids=["over", "begun", "ahead"],
)
def test_a_visit_is_changed_only_while_it_is_ahead_and_over_once_it_has_ended(
    starts_at, says_over, links
):
    entry = make_entry(status=EntryStatus.IN_PROGRESS)
    visit = make_appointment(entry=entry, starts_at=starts_at)
    patient = signed_in(entry.patient.user)
    desk = signed_in(make_user(Role.SCHEDULER))
    pages = {
        patient.get(url("standing", entry.pk)).text: url("cancel", visit.pk),
        patient.get(url("offer", visit.pk)).text: url("ask_to_move", visit.pk),
        desk.get(url("caller", entry.patient_id)).text: url("propose", entry.pk),
        patient.get(url("answer", sign("offer", visit.pk))).text: "",
    }

    for page, link in pages.items():
        assert ("This visit is over" in page) == says_over
        assert ("Your visit is booked" in page) <= (not says_over)
        assert not link or (f'href="{link}"' in page) == links


def test_a_note_stays_in_sight_of_its_author_after_an_undo_and_can_be_signed():
    visit = a_visit(starts_at=NOW - HOUR)
    author = visit.therapist.user
    own = signed_in(author)
    note = make_note(visit)
    who = {"by": author, "now": NOW}

    for _twice in range(2):  # undone, marked again, and undone again
        marked = visit.entry.appointments.get(status=Status.BOOKED)
        actions.arrive(appointment=marked, **who)
        again = actions.undo_mark(appointment=marked, **who)

    assert url("note", visit.pk) in own.get(url("visit", again.pk)).text
    assert list(VisitNote.objects.to_sign(author)) == [note]
    typed = {"words": note.words, "seen": "1", "sign": "on"}
    assert "<form" in own.get(url("note", visit.pk)).text
    assert own.post(url("note", visit.pk), typed).status_code == 302
    assert not VisitNote.objects.to_sign(author).exists()
    with pytest.raises(actions.NotWritable):  # nothing had been begun on this one
        actions.write_note(appointment=marked, words="New", sign=True, seen=0, **who)


def test_a_planned_visit_that_an_undo_took_off_the_line_is_not_laid_on_the_patient():
    entry = make_entry(
        referral=make_referral(sessions=2), status=EntryStatus.IN_PROGRESS
    )
    visit = make_appointment(entry=entry, starts_at=NOW - HOUR)
    who = {"by": visit.therapist.user, "now": NOW}
    done = actions.record_visit(appointment=visit, outcome=Status.FULFILLED, **who)
    planned = entry.referral.waitlist_entries.get(session=2)
    actions.undo_mark(appointment=done, **who)

    page = signed_in(entry.patient.user).get(url("standing", planned.pk)).text

    assert "This request is withdrawn." in page
    assert "You withdrew" not in page


def test_what_nobody_did_the_portal_did_by_itself():
    visit = a_visit(starts_at=NOW - HOUR)
    record("appointment.offered", visit, by=None, at=NOW, change=">proposed")

    page = signed_in(make_user(Role.SCHEDULER)).get(url("visit", visit.pk)).text

    assert ">The portal itself<" in page
    assert ">system<" not in page
