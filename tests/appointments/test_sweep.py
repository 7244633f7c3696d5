"""Beat's part: offers lapse, and freed time goes to whom waiting harms most."""

from __future__ import annotations

from datetime import time, timedelta

import pytest

from appointments import actions
from appointments.actions import sweep
from appointments.codes import Ending, EntryStatus, Status
from appointments.models import Appointment, Policy, Supply
from massage_portal.accounts.roles import Role
from massage_portal.audit.models import AuditEvent
from referrals.codes import Status as ReferralStatus
from tests.factories import (
    DAY,
    HOUR,
    NOW,
    TODAY,
    at,
    make_appointment,
    make_clinic,
    make_diagnosis,
    make_entry,
    make_patient,
    make_policy,
    make_referral,
    make_technique,
    make_therapist,
    make_user,
    opening_at,
)
from tests.trail import owed, trail, voided
from tests.turns import AGREED

pytestmark = pytest.mark.django_db

FRIDAY = TODAY + 2 * DAY
FRIDAY_9 = at(FRIDAY, "09:00")
SECOND = timedelta(seconds=1)


@pytest.fixture
def opening():
    _, [therapist], [room] = make_clinic()
    return opening_at(therapist, room, FRIDAY_9)


@pytest.fixture
def held(opening):
    """An offer of Friday at 9, to a patient who has waited for forty days."""
    entry = make_entry(waited_days=40)
    return actions.offer(entry=entry, opening=opening, by=None, now=NOW)


def free(held, *, now=NOW + HOUR):
    """Let the patient decline, so that the time is owed to the next."""
    return actions.decline(appointment=held, by=held.patient.user, now=now)


def pass_on(*, now=NOW + 2 * HOUR):
    return actions.offer_freed_times(now=now)


def test_an_offer_lapses_when_its_hold_is_over(held):
    assert actions.lapse_offers(now=held.held_until) == 1

    held.refresh_from_db()
    assert (held.status, held.ending) == (Status.CANCELLED, Ending.LAPSED)
    assert held.ended_at == held.held_until
    assert held.reoffer_owed


def test_the_system_itself_stands_in_the_trail_for_a_lapse(held):
    actions.lapse_offers(now=held.held_until)

    assert trail(held)[-1] == (
        None,
        "appointment.lapsed",
        held.patient_id,
        "proposed>cancelled",
    )
    assert AuditEvent.objects.get(action="appointment.lapsed").actor == "system"
    assert owed(held) == []
    assert voided(held) == ["appointments.offer", "appointments.lapsing"]


def test_who_lets_an_offer_lapse_keeps_their_place(held):
    actions.lapse_offers(now=held.held_until)

    entry = held.entry
    entry.refresh_from_db()
    assert entry.status == EntryStatus.ACCEPTED
    assert entry.received_at == NOW - 40 * DAY


def test_an_offer_does_not_lapse_a_second_too_early(held):
    assert actions.lapse_offers(now=held.held_until - SECOND) == 0

    held.refresh_from_db()
    assert held.status == Status.PROPOSED


def test_an_offer_whose_visit_has_begun_lapses_and_frees_nothing():
    begun = make_appointment(
        status=Status.PROPOSED, starts_at=NOW, held_until=NOW + HOUR
    )

    assert actions.lapse_offers(now=NOW) == 1

    begun.refresh_from_db()
    assert (begun.ending, begun.reoffer_owed) == (Ending.LAPSED, False)


def test_a_booking_never_lapses(held):
    actions.accept(appointment=held, by=held.patient.user, now=NOW)

    assert actions.lapse_offers(now=NOW + 30 * DAY) == 0


def _declined(held):
    free(held)


def _taken_back(held):
    scheduler = make_user(Role.SCHEDULER)
    actions.withdraw_offer(appointment=held, by=scheduler, now=NOW + HOUR)


def _lapsed(held):
    actions.lapse_offers(now=held.held_until)


def _cancelled(held):
    user = held.patient.user
    actions.accept(appointment=held, by=user, now=NOW + HOUR)
    actions.cancel(appointment=held, ending=Ending.BY_PATIENT, by=user, now=NOW + HOUR)


@pytest.mark.parametrize("freed", [_declined, _taken_back, _lapsed, _cancelled])
def test_freed_time_is_offered_to_the_next_whom_waiting_harms_most(freed, held):
    make_entry(waited_days=3)
    next_in_line = make_entry(waited_days=20)
    make_entry(waited_days=10)
    freed(held)
    now = NOW + DAY

    [made] = pass_on(now=now)

    assert made.entry == next_in_line
    assert made.status == Status.PROPOSED
    assert (made.starts_at, made.therapist_id) == (FRIDAY_9, held.therapist_id)
    assert trail(made) == [
        (None, "appointment.offered", next_in_line.patient_id, ">proposed")
    ]
    assert owed(made)[0] == ("appointments.offer", now)
    held.refresh_from_db()
    assert not held.reoffer_owed


def test_harm_decides_and_not_the_length_of_the_wait(held):
    make_entry(waited_days=20, target_days=42)
    urgent = make_entry(waited_days=4, target_days=3)
    free(held)

    [made] = pass_on()

    assert made.entry == urgent


@pytest.mark.parametrize("freed", [_declined, _lapsed, _cancelled])
def test_a_time_is_never_offered_again_to_who_had_it(freed, held):
    freed(held)

    assert pass_on(now=NOW + DAY) == []

    held.refresh_from_db()
    assert not held.reoffer_owed
    assert held.entry.appointments.count() == 1


def test_a_time_two_have_turned_down_goes_to_the_third(held):
    second = make_entry(waited_days=30)
    third = make_entry(waited_days=1)
    free(held)
    [to_second] = pass_on()
    free(to_second, now=NOW + 3 * HOUR)

    [to_third] = pass_on(now=NOW + 4 * HOUR)

    assert (to_second.entry, to_third.entry) == (second, third)


def test_freed_time_is_passed_on_once(held):
    make_entry()
    make_entry()
    free(held)

    assert len(pass_on()) == 1
    assert pass_on() == []


@pytest.mark.parametrize(
    ("before", "offered"),
    [
        pytest.param(4 * HOUR, 1, id="just in time"),
        pytest.param(4 * HOUR - SECOND, 0, id="a second late"),
        pytest.param(-HOUR, 0, id="past"),
    ],
)
def test_freed_time_is_not_offered_at_shorter_notice_than_policy_allows(
    before, offered, held
):
    make_policy(quiet_from=time(0, 0), quiet_until=time(0, 0))  # it is 5 in the morning
    make_entry(notice_hours=0)
    free(held)

    assert len(pass_on(now=FRIDAY_9 - before)) == offered

    held.refresh_from_db()
    assert not held.reoffer_owed


def test_policy_decides_the_shortest_notice(held):
    make_policy(notice_hours=12)
    make_entry(notice_hours=0)
    free(held)

    assert pass_on(now=FRIDAY_9 - 11 * HOUR) == []


def _other_therapist():
    return make_therapist(location=make_clinic()[0])


def _technique():
    return make_technique()  # for which nobody here is certified


CANNOT = {
    "on other weekdays only": lambda: {"weekdays": "MTWR"},
    "not before Saturday": lambda: {"earliest": FRIDAY + DAY},
    "not after Thursday": lambda: {"latest": FRIDAY - DAY},
    "with another therapist only": lambda: {"therapist": _other_therapist()},
    "at longer notice": lambda: {"notice_hours": 72},
    "not with this referral": lambda: {
        "referral": make_referral(valid_until=FRIDAY - DAY)
    },
    "by a technique not given here": lambda: {
        "referral": make_referral(technique=_technique())
    },
    "not waiting any more": lambda: {"status": EntryStatus.IN_PROGRESS},
    "not triaged yet": lambda: {"status": EntryStatus.REQUESTED, "category": None},
}


@pytest.mark.parametrize("why", CANNOT)
def test_who_cannot_use_the_time_is_passed_over(why, held):
    unable = make_entry(waited_days=35, **CANNOT[why]())
    able = make_entry(waited_days=2)
    free(held)

    [made] = pass_on()

    assert made.entry == able
    assert not unable.appointments.exists()


@pytest.mark.parametrize("status", [ReferralStatus.REVOKED, ReferralStatus.ON_HOLD])
def test_nothing_is_proposed_to_who_has_no_referral_in_force(status, opening):
    unable = make_entry(waited_days=35, referral=make_referral(status=status))
    able = make_entry(waited_days=2)
    supply = Supply.ahead(now=NOW, policy=Policy.objects.in_force(NOW))

    assert supply.next_proposal().entry == able
    offered = supply.first_in_line_for(
        therapist=opening.therapist, starts_at=opening.starts_at
    )
    assert unable not in [proposal.entry for proposal in offered]


def test_who_has_an_offer_to_answer_is_passed_over(held):
    busy = make_entry(waited_days=35)
    make_appointment(status=Status.PROPOSED, entry=busy, starts_at=NOW + 5 * DAY)
    able = make_entry(waited_days=2)
    free(held)

    [made] = pass_on()

    assert made.entry == able


def test_who_is_elsewhere_at_that_time_is_passed_over(held):
    patient = make_patient()
    back = make_diagnosis("M54.50", "Low back pain, unspecified")
    other = make_referral(patient=patient, diagnosis=back)
    booked = make_entry(referral=other, status=EntryStatus.IN_PROGRESS)
    make_appointment(entry=booked, starts_at=FRIDAY_9)
    unable = make_entry(waited_days=35, referral=make_referral(patient=patient))
    able = make_entry(waited_days=2)
    free(held)

    [made] = pass_on()

    assert made.entry == able
    assert not unable.appointments.exists()


def test_who_withdraws_at_that_very_moment_is_passed_over(held, monkeypatch):
    quick, next_in_line = make_entry(waited_days=35), make_entry(waited_days=2)
    free(held)

    def offer_late(**asked):
        if asked["entry"] == quick:
            actions.withdraw(entry=quick, by=quick.patient.user, now=NOW)
        return actions.offer(**asked)

    monkeypatch.setattr(sweep, "offer", offer_late)

    [made] = pass_on()

    assert made.entry == next_in_line
    assert not quick.appointments.exists()


def test_a_time_taken_and_freed_again_meanwhile_goes_to_the_first(held, monkeypatch):
    first, _second = make_entry(waited_days=35), make_entry(waited_days=2)
    scheduler = make_user(Role.SCHEDULER)
    other = make_entry(earliest=FRIDAY + DAY)  # not in line for it
    free(held)
    tried = []

    def offer_as_another_books(**asked):
        tried.append(asked["entry"])
        if len(tried) > 1:
            return actions.offer(**asked)
        ours = {"by": scheduler, "now": asked["now"]}
        said = {"terms": AGREED}
        visit = actions.book(entry=other, opening=asked["opening"], **said, **ours)
        try:
            return actions.offer(**asked)
        finally:  # once it is refused
            actions.cancel(appointment=visit, ending=Ending.BY_CLINIC, **ours)

    monkeypatch.setattr(sweep, "offer", offer_as_another_books)

    [made] = pass_on()

    assert tried == [first, first]
    assert made.entry == first


def test_whom_only_the_last_look_refuses_keeps_no_time_from_the_others(
    held, monkeypatch
):
    odd, next_in_line = make_entry(waited_days=35), make_entry(waited_days=2)
    free(held)

    def refuse_one(**asked):
        if asked["entry"] == odd:
            raise actions.TimeTaken("It is taken.")
        return actions.offer(**asked)

    monkeypatch.setattr(sweep, "offer", refuse_one)

    [made] = pass_on()

    assert made.entry == next_in_line


def test_two_freed_times_go_to_two_patients(held):
    scheduler = make_user(Role.SCHEDULER)
    at_10 = opening_at(held.therapist, held.room, at(FRIDAY, "10:00"))
    booked = actions.book(
        entry=make_entry(waited_days=1), opening=at_10, by=scheduler, now=NOW
    )
    next_in_line = make_entry(waited_days=35)
    free(held, now=NOW + HOUR)
    actions.cancel(
        appointment=booked, ending=Ending.BY_CLINIC, by=scheduler, now=NOW + 2 * HOUR
    )

    first, second = pass_on(now=NOW + 3 * HOUR)

    assert (first.starts_at, first.entry) == (FRIDAY_9, next_in_line)
    # Who declined 9 o'clock still waits, has waited longest, and can use 10 o'clock.
    assert (second.starts_at, second.entry) == (at_10.starts_at, held.entry)


def test_time_that_nobody_can_use_stays_an_opening(held, opening):
    free(held)
    pass_on()
    entry = make_entry()

    actions.offer(entry=entry, opening=opening, by=None, now=NOW + 3 * HOUR)

    assert Appointment.objects.holding_time().get().entry == entry
