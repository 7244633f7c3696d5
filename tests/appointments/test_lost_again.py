"""Who was asked anew about a lost wish, and is still without an answer, is not lost."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from appointments import actions
from appointments.actions.ask import Availability
from appointments.models import WaitlistEntry
from massage_portal.accounts.roles import Role
from massage_portal.outbox.models import Message
from tests.appointments.pages import signed_in, url
from tests.factories import (
    DAY,
    HOUR,
    NOW,
    TODAY,
    make_category,
    make_entry,
    make_patient,
    make_referral,
    make_therapist,
    make_user,
)
from tests.letters import EXAMPLES
from tests.mails import write
from tests.trail import owed, voided

pytestmark = pytest.mark.django_db
KIND = "appointments.wish_lost"


@pytest.fixture(autouse=True)
def clock(monkeypatch):
    monkeypatch.setattr("django.utils.timezone.now", lambda: NOW)


def ask(when):
    return actions.tell_of_lost_wishes(now=when)


def told(entry):
    return [kind for kind, _due in owed(entry)].count(KIND)


# --- Told again -----------------------------------------------------------------------


@pytest.mark.parametrize("account", [True, False])
def test_what_triage_withdrew_is_owed_again(account):
    referral = make_referral(patient=make_patient(account=account))
    entry = make_entry(referral=referral, latest=TODAY - DAY)
    by = make_user(Role.SCHEDULER)
    for n in range(2):
        assert ask(NOW + n * DAY) == 1
        entry.refresh_from_db()
        entry = actions.ask_information(
            entry=entry, question="Which days?", version=entry.version, by=by, now=NOW
        )
        actions.triage(
            entry=entry,
            category=make_category(),
            version=entry.version,
            by=by,
            now=NOW + n * DAY + HOUR,
        )
        assert voided(entry).count(KIND) == n + 1
    assert ask(NOW + 2 * DAY) == 1
    assert told(entry) == 1


def test_a_wish_that_came_back_and_is_lost_once_more_is_told_again():
    therapist = make_therapist()
    entry = make_entry(therapist=therapist)
    for days, active in ((0, False), (10, True), (40, False)):
        therapist.active = active
        therapist.save()
        assert ask(NOW + days * DAY) == (0 if active else 1)
        Message.objects.filter(sent_at=None).update(sent_at=NOW + days * DAY)
    assert Message.objects.filter(kind=KIND).count() == 2
    assert list(WaitlistEntry.objects.with_lost_wish(NOW)) == [entry]


@pytest.mark.parametrize(("days", "again"), [(29, 0), (31, 1)])
def test_who_has_not_answered_for_a_month_is_asked_once_more(days, again):
    make_entry(latest=TODAY - DAY)
    ask(NOW)
    Message.objects.update(sent_at=NOW)
    assert ask(NOW + days * DAY) == again


def test_another_wish_is_told_of_at_once():
    entry = make_entry(latest=TODAY - DAY)
    ask(NOW)
    Message.objects.update(sent_at=NOW)
    entry.latest = TODAY + DAY
    entry.save()
    assert ask(NOW + DAY) == 0
    assert ask(NOW + 2 * DAY) == 1


def test_an_answer_that_can_no_more_be_met_withdraws_nothing():
    entry = make_entry(therapist=make_therapist(active=False))
    ask(NOW)
    actions.change_availability(
        entry=entry,
        availability=Availability(weekdays="MWF", therapist=entry.therapist),
        version=entry.version,
        by=entry.patient.user,
        now=NOW + HOUR,
    )
    assert told(entry) == 1
    assert voided(entry) == []


# --- Page and mail agree --------------------------------------------------------------


def test_who_is_beyond_their_cover_reads_of_that_alone():
    referral = make_referral(received_at=NOW - 40 * DAY, valid_until=TODAY + 20 * DAY)
    entry = make_entry(
        referral=referral,
        earliest=TODAY + 30 * DAY,
        therapist=make_therapist(active=False),
    )
    assert ask(NOW) == 0
    page = signed_in(entry.patient.user).get(url("standing", entry.pk))
    assert "who gives no massage here any more" not in page.content.decode()


@pytest.mark.parametrize("over", ["cover", "referral"])
def test_a_word_that_came_to_be_the_lesser_trouble_is_not_sent(over):
    subject, to, _key = EXAMPLES[KIND]()
    assert write(KIND, subject, to) is not None
    WaitlistEntry.objects.filter(pk=subject.pk).update(latest=None)
    subject.therapist = make_therapist(active=False)
    subject.latest = None
    subject.earliest = TODAY + 200 * DAY if over == "cover" else None
    subject.save()
    if over == "referral":
        subject.referral.valid_until = TODAY - DAY
        subject.referral.save()
    assert write(KIND, subject, to) is None


# --- What it costs --------------------------------------------------------------------


def test_whoever_was_asked_costs_no_lock_and_no_statement():
    for _ in range(3):
        make_entry(latest=TODAY - DAY)
    assert ask(NOW) == 3
    with CaptureQueriesContext(connection) as asked:
        assert ask(NOW + HOUR) == 0
    assert len(asked) == 1
