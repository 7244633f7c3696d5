"""A patient arrives, is checked in and seen, or is missed; the wrong mark is undone."""

from __future__ import annotations

from datetime import timedelta
from functools import partial

import pytest
from django.db import IntegrityError

from appointments import actions
from appointments.codes import Ending, EntryStatus, Missed, Status
from appointments.models import Appointment
from referrals.codes import Status as ReferralStatus
from tests.appointments.sound import REMINDED, faults
from tests.factories import (
    DAY,
    HOUR,
    TODAY,
    at,
    make_appointment,
    make_entry,
    make_referral,
    opening_at,
)
from tests.trail import trail
from tests.turns import ANY_TURN

pytestmark = pytest.mark.django_db
NINE = at(TODAY + 2 * DAY, "09:00")
EARLY = NINE - timedelta(minutes=10)
TOMORROW = at(TODAY + 3 * DAY, "00:00")


def booking(*, sessions=1):
    """Return a visit that is booked at nine."""
    referral = make_referral(sessions=sessions)
    entry = make_entry(referral=referral, status=EntryStatus.IN_PROGRESS)
    return make_appointment(entry=entry, starts_at=NINE)


def on(visit, now=NINE):
    """Return each act on a visit by its therapist, ready to be done."""
    who = {"appointment": visit, "by": visit.therapist.user, "now": now}
    missed = partial(actions.record_visit, outcome=Status.NOSHOW, **who)
    return {
        "arrive": partial(actions.arrive, **who),
        "check in": partial(actions.check_in, **who),
        "came": partial(actions.record_visit, outcome=Status.FULFILLED, **who),
        "missed": missed,
        "our mistake": partial(missed, because=Missed.CLINIC),
        "undo": partial(actions.undo_mark, **who),
    }


def steps(subject):
    return [change for _who, _what, _whose, change in trail(subject) if ">" in change]


def test_a_patient_arrives_is_checked_in_and_seen_and_each_press_counts_once():
    visit = booking()

    for name, now in (("arrive", EARLY), ("check in", EARLY), ("came", NINE)):
        on(visit, now)[name]()
        on(visit, now + timedelta(minutes=1))[name]()

    visit.refresh_from_db()
    told = ["booked>arrived", "arrived>checked-in", "checked-in>fulfilled"]
    assert steps(visit) == told
    assert (visit.arrived_at, visit.checked_in_at) == (EARLY, EARLY)
    assert faults(NINE, but=REMINDED) == {}
    on(visit)["arrive"]()  # a page that was left open
    assert steps(visit) == told


def test_who_is_checked_in_at_once_has_arrived_too():
    visit = on(booking(), EARLY)["check in"]()

    assert (visit.status, visit.arrived_at) == (Status.CHECKED_IN, EARLY)


@pytest.mark.parametrize("now", [NINE - DAY, TOMORROW])
@pytest.mark.parametrize("act", ["arrive", "check in"])
def test_nobody_arrives_on_another_day(act, now):
    with pytest.raises(actions.NotToday, match="not today"):
        on(booking(), now)[act]()


@pytest.mark.parametrize("act", ["arrive", "check in"])
@pytest.mark.parametrize("status", [Status.CANCELLED, Status.NOSHOW, Status.PROPOSED])
def test_who_is_not_expected_does_not_arrive(act, status):
    visit = make_appointment(status=status, starts_at=NINE)

    with pytest.raises(actions.TooEarly, match="already recorded"):
        on(visit)[act]()


def test_who_is_here_was_not_missed():
    visit = on(booking())["arrive"]()

    with pytest.raises(actions.TooEarly, match="undo it first"):
        on(visit)["missed"]()


def test_why_a_visit_was_missed_can_be_said_later_but_not_whose_fault_it_was():
    visit = on(booking())["missed"]()
    assert visit.missed_because == Missed.NOT_SAID

    on(visit)["missed"](because=Missed.ILL)
    on(visit)["missed"]()  # a second press, of a page that knows no reason

    visit.refresh_from_db()
    assert visit.missed_because == Missed.ILL
    reason = trail(visit)[-1]
    assert (reason[1], reason[3]) == ("visit.reason_given", "")  # no health data there
    with pytest.raises(actions.TooEarly, match="Undo"):
        on(visit)["our mistake"]()


def test_a_visit_missed_by_our_mistake_is_not_used_up():
    visit = booking(sessions=2)
    clock = visit.entry.received_at

    on(visit)["our mistake"]()
    on(visit)["our mistake"]()

    entry = visit.entry
    entry.refresh_from_db()
    assert (entry.status, entry.received_at) == (EntryStatus.ACCEPTED, clock)
    assert entry.referral.waitlist_entries.count() == 1
    opening = opening_at(visit.therapist, visit.room, NINE + DAY)
    what = {"by": visit.therapist.user, "now": NINE, "terms": ANY_TURN}
    actions.book(entry=entry, opening=opening, **what)
    assert faults(NINE, but=REMINDED) == {}
    assert not Appointment.objects.visits_over().exists()
    visit.refresh_from_db()
    assert (visit.status, visit.missed_by_patient) == (Status.NOSHOW, False)


@pytest.mark.parametrize("act", ["arrive", "check in", "came", "missed", "our mistake"])
def test_the_wrong_visit_marked_is_booked_again_on_the_same_day(act):
    visit = booking(sessions=2)
    on(visit)[act]()

    again = on(visit, NINE + HOUR)["undo"]()

    assert on(visit, NINE + HOUR)["undo"]() == again  # pressed twice
    visit.refresh_from_db()
    again.entry.refresh_from_db()
    assert visit.status == Status.ENTERED_IN_ERROR
    assert (again.status, again.replaces) == (Status.BOOKED, visit)
    assert (again.starts_at, again.room) == (NINE, visit.room)
    assert again.entry.status == EntryStatus.IN_PROGRESS
    assert not again.entry.referral.waitlist_entries.open().filter(session=2).exists()
    assert steps(visit)[-1].endswith(">entered-in-error")
    assert steps(again) == [">booked"]
    assert faults(NINE + HOUR, but=REMINDED) == {}
    on(again, NINE + HOUR)["came"]()
    assert again.entry.referral.waitlist_entries.open().get().session == 2
    assert faults(NINE + HOUR, but=REMINDED) == {}


def test_undoing_the_last_visit_opens_the_referral_again():
    visit = booking()
    referral = visit.entry.referral
    on(visit)["came"]()

    again = on(visit)["undo"]()

    referral.refresh_from_db()
    assert referral.status == ReferralStatus.ACTIVE
    assert steps(referral) == ["active>completed", "completed>active"]
    on(again)["missed"]()
    referral.refresh_from_db()
    assert referral.status == ReferralStatus.COMPLETED
    assert faults(NINE, but=REMINDED) == {}


def test_what_was_recorded_on_another_day_is_not_undone():
    visit = booking()
    on(visit)["came"]()

    with pytest.raises(actions.NotUndoable, match="only what was recorded today"):
        on(visit, TOMORROW)["undo"]()
    assert on(visit, TOMORROW - HOUR)["undo"]().status == Status.BOOKED


def test_a_visit_on_which_something_was_built_is_not_undone():
    visit = booking(sessions=2)
    on(visit)["came"]()
    later = visit.entry.referral.waitlist_entries.get(session=2)
    opening = opening_at(visit.therapist, visit.room, NINE + 21 * DAY)
    who = {"by": visit.therapist.user, "now": NINE}
    actions.book(entry=later, opening=opening, terms=ANY_TURN, **who)

    with pytest.raises(actions.NotUndoable, match="next visit of this plan is booked"):
        on(visit)["undo"]()
    missed = booking()
    on(missed)["our mistake"]()
    actions.withdraw(entry=missed.entry, **who)
    with pytest.raises(actions.NotUndoable, match="gone on since"):
        on(missed)["undo"]()


def test_a_time_or_a_diagnosis_that_is_taken_meanwhile_is_not_given_twice():
    visit = booking(sessions=2)
    on(visit)["missed"]()
    make_appointment(therapist=visit.therapist, room=visit.room, starts_at=NINE)
    with pytest.raises(actions.NotUndoable, match="taken by another visit"):
        on(visit)["undo"]()

    last = booking()
    on(last)["came"]()
    old = last.entry.referral
    make_referral(patient=old.patient, diagnosis=old.diagnosis)
    with pytest.raises(actions.NotUndoable, match="same diagnosis"):
        on(last)["undo"]()
    last.refresh_from_db()
    assert last.status == Status.FULFILLED


@pytest.mark.parametrize("status", [Status.BOOKED, Status.CANCELLED, Status.FULFILLED])
def test_where_nobody_recorded_anything_there_is_nothing_to_undo(status):
    with pytest.raises(actions.NotUndoable):
        on(make_appointment(status=status, starts_at=NINE))["undo"]()


def test_the_database_takes_a_reason_only_of_a_missed_visit():
    visit = make_appointment(status=Status.NOSHOW, missed_because=Missed.FORGOT)
    assert visit.pk
    name = "appointment_only_a_missed_visit_says_why"

    with pytest.raises(IntegrityError, match=name):
        make_appointment(missed_because=Missed.FORGOT)


def test_the_database_takes_no_reason_that_it_does_not_know():
    with pytest.raises(IntegrityError, match="only_a_missed_visit_says_why"):
        make_appointment(status=Status.NOSHOW, missed_because="rain")


def test_the_database_calls_only_a_canceled_visit_late():
    assert make_appointment(status=Status.CANCELLED, late=True).pk
    name = "appointment_only_a_canceled_visit_is_late"

    with pytest.raises(IntegrityError, match=name):
        make_appointment(late=True)


@pytest.mark.parametrize("act", ["arrive", "check in", "came", "missed"])
def test_an_offer_of_another_time_ends_with_the_visit_and_is_no_bar_to_an_undo(act):
    visit = booking()
    times = {"starts_at": NINE + 3 * DAY, "replaces": visit, "entry": visit.entry}
    offer = make_appointment(status=Status.PROPOSED, held_until=NINE, **times)

    on(visit)[act]()

    offer.refresh_from_db()
    ending = Ending.WITHDRAWN if act in ("arrive", "check in") else Ending.LAPSED
    assert (offer.status, offer.ending) == (Status.CANCELLED, ending)
    assert on(visit)["undo"]().replaces == visit
    assert faults(NINE, but=REMINDED) == {}
