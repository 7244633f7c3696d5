"""Free time and who can use it, read from the database."""

from __future__ import annotations

from datetime import time, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from appointments import actions
from appointments.codes import HOLDING_TIME, EntryStatus, Status
from appointments.models import Appointment, Policy, Supply, TimeOff, WorkingHours
from appointments.models.turns import in_greater_need
from massage_portal.accounts.roles import Role
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
    make_location,
    make_patient,
    make_policy,
    make_referral,
    make_room,
    make_technique,
    make_therapist,
    make_user,
)

pytestmark = pytest.mark.django_db
TOMORROW = TODAY + DAY
MINUTE = timedelta(minutes=1)


def supply(*, first=TOMORROW, last=TOMORROW, now=NOW, **asked):
    policy = Policy.objects.in_force(now)
    return Supply(now=now, policy=policy, first=first, last=last, **asked)


def ahead(now=NOW):
    return Supply.ahead(now=now, policy=Policy.objects.in_force(now))


def clocks(some):
    return [f"{opening.local_start:%H:%M}" for opening in some]


def make_visit(therapist, room, clock, *, day=TOMORROW, **fields):
    """Return an appointment of an hour with its turnover, that holds its time."""
    return make_appointment(
        therapist=therapist, room=room, starts_at=at(day, clock), **fields
    )


def make_offer(therapist, room, clock, *, held=True, **fields):
    until = NOW + HOUR if held else NOW
    return make_visit(
        therapist,
        room,
        clock,
        status=Status.PROPOSED,
        offered_at=NOW - DAY,
        held_until=until,
        **fields,
    )


@pytest.fixture
def one():
    """One therapist who works from 08:00 to 10:00, and one room."""
    _, (therapist,), (room,) = make_clinic(hours=("08:00", "10:00"))
    return therapist, room


# --- what is free ---------------------------------------------------------------------


def test_openings_are_working_hours_in_the_local_time_of_the_place(one):
    some = supply().openings(None)
    assert clocks(some) == ["08:00", "08:30", "09:00"]
    assert some[0].starts_at == at(TOMORROW, "08:00")
    assert (some[0].therapist, some[0].room) == (one[0].pk, one[1].pk)


def test_time_off_and_visits_are_taken_out(one):
    TimeOff.objects.create(
        therapist=one[0],
        starts_at=at(TOMORROW, "08:00"),
        ends_at=at(TOMORROW, "08:30"),
    )
    assert clocks(supply().openings(None)) == ["08:30", "09:00"]
    make_visit(*one, "09:00")
    assert clocks(supply().openings(None)) == []


@pytest.mark.parametrize("status", HOLDING_TIME)
def test_every_state_that_holds_time_fills_it(one, status):
    held = {"held_until": NOW + HOUR} if status == Status.PROPOSED else {}
    make_visit(*one, "08:00", status=status, **held)
    assert clocks(supply().openings(None)) == ["09:00"]


@pytest.mark.parametrize(
    "status", [Status.CANCELLED, Status.NOSHOW, Status.ENTERED_IN_ERROR]
)
def test_a_visit_that_will_not_be_leaves_its_time_free(one, status):
    make_visit(*one, "08:00", status=status)
    assert clocks(supply().openings(None)) == ["08:00", "08:30", "09:00"]


def test_an_offer_fills_its_time_until_its_hold_ends_though_nobody_swept(one):
    offer = make_offer(*one, "08:00")
    end = offer.held_until
    assert clocks(supply(now=end - MINUTE).openings(None)) == ["09:00"]
    assert clocks(supply(now=end).openings(None)) == ["08:00", "08:30", "09:00"]
    assert Appointment.objects.get().status == Status.PROPOSED


def test_a_room_taken_by_a_colleague_is_not_free():
    _, (first, second), (room,) = make_clinic(therapists=2, hours=("08:00", "09:00"))
    assert [o.therapist for o in supply().openings(None)] == [first.pk, second.pk]
    make_visit(first, room, "08:00")
    assert supply().openings(None) == []


def test_a_visit_elsewhere_does_not_fill_this_room(one):
    place = make_location()
    make_visit(make_therapist(location=place), make_room(location=place), "08:00")
    found = [o for o in supply().openings(None) if o.therapist == one[0].pk]
    assert clocks(found) == ["08:00", "08:30", "09:00"]


def test_only_rooms_in_use_and_therapists_who_work_count(one):
    therapist, room = one
    room.active = False
    room.save()
    assert supply().openings(None) == []
    room.active, therapist.active = True, False
    room.save()
    therapist.save()
    assert supply().openings(None) == []


def test_a_place_that_gives_no_massage_has_no_openings(one):
    place = one[0].location
    place.gives_massage = False
    place.save()
    assert supply().openings(None) == []


def test_a_technique_names_who_is_certified_and_how_long_a_visit_lasts(one):
    long = make_technique(minutes=80)
    assert supply().openings(long) == []
    one[0].techniques.add(long)
    some = supply().openings(long)
    assert clocks(some) == ["08:00", "08:30"]
    assert {o.ends_at - o.starts_at for o in some} == {80 * MINUTE}


def test_policy_says_how_long_a_visit_and_its_turnover_last(one):
    make_policy(visit_minutes=25, turnover_minutes=5)
    some = supply().openings(None)
    assert clocks(some) == ["08:00", "08:30", "09:00", "09:30"]
    assert some[0].blocked_until - some[0].starts_at == 30 * MINUTE


def test_hours_count_on_the_first_and_on_the_last_day_of_their_validity(one):
    hours = WorkingHours.objects.filter(therapist=one[0])
    hours.update(valid_from=TOMORROW, valid_until=TOMORROW + DAY)
    some = supply(first=TODAY, last=TODAY + 9 * DAY).openings(None)
    assert {o.local_start.date() for o in some} == {TOMORROW, TOMORROW + DAY}


def test_nothing_that_has_begun_is_an_opening(one):
    some = supply(first=TODAY, last=TODAY, now=at(TODAY, "08:30")).openings(None)
    assert clocks(some) == ["08:30", "09:00"]


def test_one_therapist_can_be_asked_for_alone():
    _, (first, second), _ = make_clinic(therapists=2, rooms=2)
    assert {o.therapist for o in supply(therapist=second.pk).openings(None)} == {
        second.pk
    }
    assert {o.therapist for o in supply().openings(None)} == {first.pk, second.pk}


def test_times_are_offered_from_today_as_far_ahead_as_policy_says(one):
    make_policy(ahead_days=3)
    early = at(TODAY, "00:30")
    days = {o.local_start.date() for o in ahead(now=early).openings(None)}
    assert days == {TODAY + number * DAY for number in range(4)}


def queries_for(therapists):
    asked = supply(last=TOMORROW + 6 * DAY)
    with CaptureQueriesContext(connection) as seen:
        found = asked.openings(None)
    assert {o.therapist for o in found} == {one.pk for one in therapists}
    return len(seen)


def test_the_clinics_size_does_not_change_the_one_query():
    def grow(number):
        _, staff, rooms = make_clinic(
            therapists=number, rooms=number, techniques=[make_technique()]
        )
        for therapist, room in zip(staff, rooms, strict=True):
            make_visit(therapist, room, "08:00")
            off = at(TOMORROW, "10:00")
            TimeOff.objects.create(
                therapist=therapist, starts_at=off, ends_at=off + HOUR
            )
        return staff

    first = grow(1)
    assert queries_for(first) == 1
    assert queries_for(first + grow(7)) == 1


# --- who comes next -------------------------------------------------------------------


def proposed(now=NOW):
    proposal = ahead(now).next_proposal()
    return proposal and (proposal.entry, f"{proposal.opening.local_start:%d %H:%M}")


def test_the_first_in_line_is_proposed_the_soonest_time(one):
    make_entry(waited_days=5)
    first = make_entry(waited_days=20)
    assert proposed() == (first, "15 08:00")


def test_whoever_can_use_nothing_is_passed_over_for_the_next_in_line(one):
    make_entry(waited_days=30, therapist=make_therapist(hours=None))
    make_entry(waited_days=29, weekdays="M", latest=TODAY + 2 * DAY)
    make_entry(waited_days=28, from_time=time(12, 0))
    late = make_entry(waited_days=20, from_time=time(8, 30))
    make_entry(waited_days=10)
    assert proposed() == (late, "15 08:30")


def test_whoever_has_an_open_offer_is_not_proposed_another(one):
    answering = make_entry(waited_days=20)
    make_offer(*one, "08:00", entry=answering)
    following = make_entry(waited_days=10)
    assert proposed() == (following, "15 09:00")


def test_once_an_offer_lapsed_its_patient_is_first_again_but_not_for_that_time(one):
    first = make_entry(waited_days=20)
    make_offer(*one, "08:00", held=False, entry=first)
    make_entry(waited_days=10)
    assert proposed() == (first, "15 08:30")


def test_a_time_that_was_turned_down_is_proposed_to_the_next_in_line_only(one):
    first, second = make_entry(waited_days=20), make_entry(waited_days=10)
    offer = make_offer(*one, "08:00", entry=first)
    actions.decline(appointment=offer, by=first.patient.user, now=NOW)
    assert proposed() == (first, "15 08:30")
    first.status = EntryStatus.CANCELLED
    first.save()
    assert proposed() == (second, "15 08:00")


def test_a_patient_is_not_proposed_a_time_at_which_they_are_elsewhere():
    """Such an offer could never be made, and would hold up everyone behind it."""
    _, (first, _), (room, _) = make_clinic(therapists=2, rooms=2)
    patient = make_patient()
    back = make_diagnosis("M54.50", "Low back pain")
    make_visit(
        first,
        room,
        "08:00",
        entry=make_entry(
            referral=make_referral(patient=patient, diagnosis=back),
            status=EntryStatus.IN_PROGRESS,
        ),
    )
    entry = make_entry(referral=make_referral(patient=patient))
    proposal = ahead().next_proposal()
    assert proposal.entry == entry
    assert proposal.opening.local_start.hour == 9
    made = actions.offer(
        entry=entry, opening=proposal.opening, by=make_user(Role.SCHEDULER), now=NOW
    )
    assert made.status == Status.PROPOSED


def test_the_notice_is_the_longer_of_the_patients_and_the_clinics(one):
    make_policy(notice_hours=20)
    careful = make_entry(waited_days=20, notice_hours=48)
    assert proposed() == (careful, "17 08:00")  # the 16th from 10:00 on, so none
    quick = make_entry(waited_days=25, notice_hours=0)
    assert proposed(at(TODAY, "12:30")) == (quick, "15 08:30")


def test_the_referral_must_cover_the_day(one):
    over = make_referral(valid_until=TODAY)
    make_entry(referral=over, waited_days=40)
    later = make_referral(valid_from=TOMORROW + DAY)
    entry = make_entry(referral=later, waited_days=20)
    assert proposed() == (entry, "16 08:00")


def test_only_a_therapist_certified_for_the_referrals_technique_is_proposed(one):
    technique = make_technique()
    make_entry(referral=make_referral(technique=technique), waited_days=30)
    second = make_entry(waited_days=20)
    assert proposed()[0] == second


def test_with_nobody_waiting_or_nothing_free_there_is_no_proposal(one):
    assert proposed() is None
    make_entry(weekdays="M", latest=TODAY + 2 * DAY)
    assert proposed() is None


def test_far_down_the_line_somebody_is_still_found_with_no_more_queries(one):
    plan = make_referral(sessions=60)
    never = {"weekdays": "M", "latest": TODAY + 2 * DAY}
    for session in range(1, 56):
        make_entry(referral=plan, session=session, waited_days=50, **never)
    with CaptureQueriesContext(connection) as nobody:
        assert ahead().next_proposal() is None
    last = make_entry(waited_days=1)
    with CaptureQueriesContext(connection) as somebody:
        assert ahead().next_proposal().entry == last
    assert len(somebody) == len(nobody)


def test_for_an_entry_the_first_few_times_it_can_use_are_found(one):
    entry = make_entry(from_time=time(8, 30))
    assert clocks(ahead().for_entry(entry)) == ["08:30"]
    some = ahead().for_entry(entry, most=3)
    assert clocks(some) == ["08:30", "09:00", "08:30"]


# --- who can use one time -------------------------------------------------------------


def line_for(therapist, clock, day=TOMORROW):
    some = supply(first=day, last=day).first_in_line_for(
        therapist=therapist.pk, starts_at=at(day, clock)
    )
    return [proposal.entry for proposal in some]


def test_a_freed_time_goes_down_the_line_of_those_who_can_use_it(one):
    third, first = make_entry(waited_days=3), make_entry(waited_days=20)
    make_entry(waited_days=30, from_time=time(10, 0))
    make_offer(*one, "09:00", entry=make_entry(waited_days=25))
    second = make_entry(waited_days=10)
    assert line_for(one[0], "08:00") == [first, second, third]


def test_a_freed_time_does_not_return_to_whoever_had_it(one):
    had = make_entry(waited_days=20)
    make_visit(*one, "08:00", entry=had, status=Status.CANCELLED)
    following = make_entry(waited_days=10)
    assert line_for(one[0], "08:00") == [following]
    assert line_for(one[0], "08:30") == [had, following]


def test_a_time_that_is_taken_is_nobodys(one):
    make_entry(waited_days=20)
    make_visit(*one, "08:00")
    assert line_for(one[0], "08:00") == []
    assert line_for(one[0], "08:15") == []


def test_a_time_of_one_therapist_is_not_another_therapists():
    _, (first, second), _ = make_clinic(therapists=2, rooms=2)
    entry = make_entry(therapist=second)
    assert line_for(first, "08:00") == []
    assert line_for(second, "08:00") == [entry]


def test_those_in_greater_need_who_could_use_a_time_are_counted(one):
    make_entry(waited_days=40)
    make_entry(waited_days=35, from_time=time(12, 0))
    mine = make_entry(waited_days=20)
    make_entry(waited_days=5)
    here = ahead()
    opening = here.for_entry(mine)[0]
    assert in_greater_need(mine, [opening], supply=here) == [1]
