"""Whoever waits for what nobody can give any more is told, and seen by staff."""

from __future__ import annotations

from datetime import timedelta

import pytest

from appointments import actions
from appointments.actions.ask import Availability
from appointments.codes import Status
from appointments.lost_wish import Lost
from appointments.models import WaitlistEntry
from appointments.models.wish import lost_wish_of
from massage_portal.accounts.roles import Role
from massage_portal.outbox.models import Message
from tests.appointments.pages import signed_in, url
from tests.factories import (
    DAY,
    HOUR,
    NOW,
    TODAY,
    make_appointment,
    make_entry,
    make_location,
    make_patient,
    make_referral,
    make_therapist,
    make_user,
)
from tests.letters import EXAMPLES
from tests.mails import body, write
from tests.trail import owed, voided

pytestmark = pytest.mark.django_db
KIND = "appointments.wish_lost"


@pytest.fixture(autouse=True)
def clock(monkeypatch):
    monkeypatch.setattr("django.utils.timezone.now", lambda: NOW)


def gone():
    return make_therapist(active=False)


def elsewhere():
    return make_therapist(location=make_location(gives_massage=False))


def together(therapist):
    return {"therapist": therapist, "location": therapist.location}


LOST = {
    "the last day": (Lost.DAY, lambda: {"latest": TODAY - DAY}),
    "the therapist": (Lost.THERAPIST, lambda: {"therapist": gone()}),
    "the therapist's place": (Lost.THERAPIST, lambda: {"therapist": elsewhere()}),
    "the place": (
        Lost.PLACE,
        lambda: {"location": make_location(gives_massage=False)},
    ),
    "both, apart": (
        Lost.APART,
        lambda: {"therapist": make_therapist(), "location": make_location()},
    ),
}
STANDS = {
    "nothing": dict,
    "today": lambda: {"latest": TODAY},
    "a therapist": lambda: {"therapist": make_therapist()},
    "a place": lambda: {"location": make_location()},
    "both": lambda: together(make_therapist()),
}


@pytest.fixture(params=LOST)
def lost(request):
    _what, fields = LOST[request.param]
    return make_entry(**fields())


@pytest.mark.parametrize("which", LOST)
def test_a_wish_is_over_by_the_rule_and_by_the_read_alike(which):
    what, fields = LOST[which]
    entry = make_entry(**fields())
    assert lost_wish_of(entry, today=TODAY) == what
    assert list(WaitlistEntry.objects.wishes_lost(NOW)) == [entry]


@pytest.mark.parametrize("which", STANDS)
def test_a_wish_that_can_be_met_is_not_over(which):
    entry = make_entry(**STANDS[which]())
    assert lost_wish_of(entry, today=TODAY) is None
    assert not WaitlistEntry.objects.wishes_lost(NOW).exists()


@pytest.mark.parametrize(
    ("which", "said"),
    [
        ("the last day", "their last day is over"),
        ("the therapist", "their therapist gives no massage"),
        ("the place", "their place gives no massage"),
        ("both, apart", "their therapist works at another place"),
    ],
)
def test_the_board_marks_whose_wish_is_over(which, said):
    make_entry(**LOST[which][1]())
    make_entry()
    page = signed_in(make_user(Role.SCHEDULER)).get(url("queue"))
    assert page.content.decode().count(said) == 1


@pytest.mark.parametrize(
    ("which", "said"),
    [
        ("the last day", "The last day that you gave us"),
        ("the therapist", "who gives no massage here any more"),
        ("the place", "where we give no massage any more"),
        ("both, apart", "works at another place now"),
    ],
)
def test_the_patient_reads_it_in_place_of_a_promise(which, said):
    entry = make_entry(**LOST[which][1]())
    page = signed_in(entry.patient.user).get(url("standing", entry.pk))
    words = page.content.decode()
    assert said in words
    assert "We aim to see you by" not in words
    assert "We look for a time for you" not in words


def test_staff_on_the_telephone_read_what_to_ask(lost):
    page = signed_in(make_user(Role.SCHEDULER)).get(url("caller", lost.patient_id))
    words = page.content.decode()
    assert "so no time is offered. Ask" in words


# --- What is sent ---------------------------------------------------------------------


def test_the_patient_is_asked_anew_once_for_each_wish(lost):
    for hours in range(3):
        actions.tell_of_lost_wishes(now=NOW + hours * HOUR)
    assert owed(lost) == [(KIND, NOW)]
    Message.objects.update(sent_at=NOW)
    lost.latest = TODAY + DAY
    lost.therapist = lost.location = None
    lost.save()
    actions.tell_of_lost_wishes(now=NOW + DAY)
    assert owed(lost) == []
    actions.tell_of_lost_wishes(now=NOW + 2 * DAY)
    assert owed(lost) == [(KIND, NOW + 2 * DAY)]


def test_whoever_has_no_account_is_called():
    referral = make_referral(patient=make_patient(account=False))
    make_entry(referral=referral, latest=TODAY - DAY)
    actions.tell_of_lost_wishes(now=NOW)
    assert Message.objects.get().recipient is None


def _offered(entry):
    make_appointment(status=Status.PROPOSED, entry=entry)


def _referral_over(entry):
    entry.referral.valid_until = TODAY - DAY
    entry.referral.save()


@pytest.mark.parametrize("changed", [_offered, _referral_over])
def test_nobody_is_asked_who_has_an_offer_or_lacks_more(changed):
    entry = make_entry(latest=TODAY - DAY)
    changed(entry)
    actions.tell_of_lost_wishes(now=NOW)
    assert owed(entry) == []


def test_a_fault_with_one_keeps_nobody_else_from_being_asked(monkeypatch):
    first, second = (make_entry(latest=TODAY - DAY) for _ in range(2))
    tell = actions.wait.tell

    def at_fault(kind, subject, **what):
        if subject.pk == first.pk:
            raise ValueError
        tell(kind, subject, **what)

    monkeypatch.setattr("appointments.actions.wait.tell", at_fault)
    assert actions.tell_of_lost_wishes(now=NOW) == 1
    assert owed(first) == []
    assert owed(second) == [(KIND, NOW)]


def test_nobody_whose_wish_is_over_reads_that_times_are_short(lost):
    lost.received_at = NOW - 100 * DAY
    lost.save()
    assert actions.tell_of_waits(now=NOW) == 0


def test_whoever_says_anew_when_they_can_come_is_asked_no_more(lost):
    actions.tell_of_lost_wishes(now=NOW)
    actions.change_availability(
        entry=lost,
        availability=Availability(latest=TODAY + 30 * DAY),
        version=lost.version,
        by=lost.patient.user,
        now=NOW + HOUR,
    )
    assert owed(lost) == []
    assert voided(lost) == [KIND]


def test_a_word_that_is_not_true_any_more_is_not_sent():
    subject, to, _key = EXAMPLES[KIND]()
    assert "tell us again" in body(write(KIND, subject, to), "plain")
    subject.latest = TODAY + timedelta(days=1)
    subject.save()
    assert write(KIND, subject, to) is None
