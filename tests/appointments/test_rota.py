"""What free time follows from, read from the database: hours, days, skills, rooms."""

from __future__ import annotations

from datetime import date, time

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from appointments import actions
from appointments.codes import EntryStatus, Status
from appointments.models import (
    Appointment,
    ExtraHours,
    HolidayCalendar,
    Policy,
    Supply,
    Therapist,
    TimeOff,
)
from massage_portal.accounts.roles import Role
from tests.factories import (
    DAY,
    HOUR,
    NOW,
    TODAY,
    at,
    certify,
    make_appointment,
    make_clinic,
    make_closure,
    make_entry,
    make_referral,
    make_room,
    make_technique,
    make_therapist,
    make_user,
    opening_at,
)
from tests.turns import ANY_TURN

pytestmark = pytest.mark.django_db
TOMORROW = TODAY + DAY
THANKSGIVING = date(2026, 11, 26)
CLOSED = "The place is closed that day. Please choose another."


def supply(first=TOMORROW, last=None, **asked):
    policy = Policy.objects.in_force(NOW)
    return Supply(now=NOW, policy=policy, first=first, last=last or first, **asked)


def found(technique=None, **asked):
    some = supply(**asked).openings(technique)
    return [f"{one.local_start:%d %H:%M}" for one in some]


@pytest.fixture
def one():
    """One therapist who works from 08:00 to 09:00 each day, and one room."""
    place, (therapist,), (room,) = make_clinic(hours=("08:00", "09:00"))
    return place, therapist, room


def test_extra_hours_count_on_their_day_and_join_the_weekly_ones(one):
    for starts, ends in [(9, 10), (20, 21)]:
        ExtraHours.objects.create(
            therapist=one[1], day=TOMORROW, starts=time(starts), ends=time(ends)
        )
    assert found(last=TOMORROW + DAY) == [
        *("15 08:00", "15 08:30", "15 09:00", "15 20:00"),
        "16 08:00",
    ]


def test_a_closure_takes_both_its_ends_and_only_its_place(one):
    _, (elsewhere,), _ = make_clinic(hours=("08:00", "09:00"))
    make_closure(one[0], TOMORROW, TOMORROW + DAY)
    ExtraHours.objects.create(
        therapist=one[1], day=TOMORROW, starts=time(9), ends=time(10)
    )
    some = supply(first=TODAY, last=TODAY + 3 * DAY).openings(None)
    mine = [o.local_start.date() for o in some if o.therapist == one[1].pk]
    assert mine == [TODAY + 3 * DAY]  # today's hours are over
    assert sum(o.therapist == elsewhere.pk for o in some) == 3


def test_public_holidays_are_closed_unless_worked(one):
    calendar = HolidayCalendar.objects.create(location=one[0], country="US")
    around = {"first": THANKSGIVING - DAY, "last": THANKSGIVING + DAY}
    assert found(**around) == ["25 08:00", "27 08:00"]
    calendar.worked.create(day=THANKSGIVING)
    assert found(**around) == ["25 08:00", "26 08:00", "27 08:00"]
    make_closure(one[0], THANKSGIVING)  # closed after all
    assert found(**around) == ["25 08:00", "27 08:00"]


def test_a_holiday_kept_on_the_last_day_of_the_year_before_is_closed(one):
    """January 1, 2028 is a Saturday, so offices close the Friday before."""
    HolidayCalendar.objects.create(location=one[0], country="US")
    eve = date(2027, 12, 31)
    assert found(first=eve - DAY, last=eve) == ["30 08:00"]


def test_a_technique_counts_until_its_certificate_ends(one):
    technique = make_technique(minutes=50)
    held = certify(one[1], technique, until=TOMORROW)
    assert found(technique, last=TOMORROW + DAY) == ["15 08:00"]
    assert found(None, last=TOMORROW + DAY) == ["15 08:00", "16 08:00"]
    able = Therapist.objects.who_can
    assert list(able(technique, on=TOMORROW)) == [one[1]]
    assert list(able(technique, on=TOMORROW + DAY)) == []
    assert list(able(None, on=TOMORROW + DAY)) == [one[1]]
    held.valid_until = None
    held.save()
    assert list(able(technique, on=TOMORROW + 9999 * DAY)) == [one[1]]


def test_a_room_that_is_fit_for_something_else_is_no_room(one):
    technique, other = make_technique(minutes=50), make_technique(minutes=50)
    certify(one[1], technique)
    one[2].techniques.set([other])
    assert found(technique) == []
    assert found(None) == ["15 08:00"]
    one[2].techniques.add(technique)
    assert found(technique) == ["15 08:00"]


def test_a_place_or_a_therapist_can_be_asked_for_alone(one):
    place, (first, second), _ = make_clinic(therapists=2, hours=("08:00", "09:00"))
    both = {o.therapist for o in supply(location=place.pk).openings(None)}
    assert both == {first.pk, second.pk}
    (only,) = supply(therapist=second.pk).openings(None)
    assert only.therapist == second.pk


def test_every_kind_of_row_in_any_number_is_read_by_one_query():
    for _ in range(3):
        place, (therapist,), (room,) = make_clinic(techniques=[make_technique()])
        make_closure(place, TOMORROW + DAY)
        calendar = HolidayCalendar.objects.create(location=place, country="US")
        calendar.worked.create(day=THANKSGIVING)
        room.techniques.add(make_technique())
        start = at(TOMORROW, "10:00")
        TimeOff.objects.create(
            therapist=therapist, starts_at=start, ends_at=start + HOUR
        )
        ExtraHours.objects.create(
            therapist=therapist, day=TOMORROW, starts=time(13), ends=time(14)
        )
    asked_for = supply(last=TOMORROW + 60 * DAY)
    with CaptureQueriesContext(connection) as seen:
        assert len(asked_for.openings(None)) > 100
    assert len(seen) == 1


def test_what_is_left_of_a_week_is_told_in_visits_and_minutes():
    """Two therapists of four hours share one room, which holds four visits a day."""
    _, (first, _), (room,) = make_clinic(therapists=2)
    make_appointment(therapist=first, room=room, starts_at=at(TOMORROW, "08:00"))
    weeks = supply(last=TOMORROW + 4 * DAY).capacity()  # Thursday to Monday
    mondays = [TODAY - 2 * DAY, TODAY + 5 * DAY]
    assert [week.monday for week in weeks] == mondays
    assert [week.visits for week in weeks] == [3 + 4 + 4 + 4, 4]
    assert [week.minutes for week in weeks] == [4 * 480 - 60, 480]


# --- what an offer, a booking and an answer refuse ------------------------------------


def asked(one, act, *, technique=None):
    referral = make_referral(technique=technique)
    opening = opening_at(one[1], one[2], at(TOMORROW, "08:00"))
    return act(
        entry=make_entry(referral=referral),
        opening=opening,
        by=make_user(Role.SCHEDULER),
        now=NOW,
        terms=ANY_TURN,
    )


@pytest.mark.parametrize("act", [actions.offer, actions.book])
def test_a_day_on_which_the_place_is_closed_is_refused_with_the_reason(one, act):
    make_closure(one[0], TOMORROW)
    with pytest.raises(actions.TimeTaken) as refusal:
        asked(one, act)
    assert str(refusal.value) == CLOSED
    assert not Appointment.objects.exists()


@pytest.mark.parametrize("act", [actions.offer, actions.book])
def test_a_certificate_that_ends_the_day_before_is_refused_with_the_reason(one, act):
    technique = make_technique(minutes=50)
    held = certify(one[1], technique, until=TODAY)
    with pytest.raises(actions.TimeTaken, match="not certified for this kind"):
        asked(one, act, technique=technique)
    held.valid_until = TOMORROW
    held.save()
    assert asked(one, act, technique=technique).pk


def close(one, made):
    make_closure(one[0], made.local_start.date())


def end_certificate(one, made):
    one[1].certifications.update(valid_until=TODAY)


def send_away(one, made):
    TimeOff.objects.create(
        therapist=one[1], starts_at=made.starts_at, ends_at=made.ends_at
    )


@pytest.mark.parametrize("happens", [close, end_certificate, send_away])
def test_an_offer_that_capacity_overtook_is_not_accepted(one, happens):
    technique = make_technique(minutes=50)
    certify(one[1], technique)
    made = asked(one, actions.offer, technique=technique)
    happens(one, made)
    with pytest.raises(actions.OfferGone, match="our hours have changed"):
        actions.accept(appointment=made, by=made.patient.user, now=NOW)
    made.refresh_from_db()
    assert made.status == Status.PROPOSED
    assert made.entry.status == EntryStatus.ACCEPTED


def test_what_was_accepted_before_stays_booked(one):
    made = asked(one, actions.offer)
    actions.accept(appointment=made, by=made.patient.user, now=NOW)
    close(one, made)
    again = actions.accept(appointment=made, by=made.patient.user, now=NOW)
    assert again.status == Status.BOOKED


def test_a_booking_takes_the_next_room_if_the_first_is_full_and_none_that_is_unfit():
    place, (first, second), (room, other) = make_clinic(therapists=2, rooms=2)
    technique = make_technique(minutes=50)
    other.techniques.add(make_technique())
    third = make_room(location=place)
    for therapist in (first, second):
        certify(therapist, technique)
        asked((place, therapist, room), actions.book, technique=technique)
    rooms = Appointment.objects.order_by("pk").values_list("room", flat=True)
    assert list(rooms) == [room.pk, third.pk]


def test_a_lapsed_offer_gives_way_and_one_elsewhere_is_left_alone(one):
    stale = {"status": Status.PROPOSED, "held_until": NOW, "offered_at": NOW - HOUR}
    start = at(TOMORROW, "08:00")
    here = make_appointment(therapist=one[1], room=one[2], starts_at=start, **stale)
    there = make_appointment(therapist=make_therapist(), starts_at=start, **stale)
    assert asked(one, actions.book).status == Status.BOOKED
    here.refresh_from_db()
    there.refresh_from_db()
    assert (here.status, there.status) == (Status.CANCELLED, Status.PROPOSED)
