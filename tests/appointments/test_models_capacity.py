"""What the database itself refuses of therapists, rooms, hours and time off."""

from __future__ import annotations

from datetime import date, time, timedelta

import pytest
from django.db import IntegrityError, transaction

from appointments.models import HolidayCalendar, TimeOff, WorkingHours
from appointments.models.hours import Weekday
from tests.factories import (
    DAY,
    HOUR,
    NOW,
    TODAY,
    make_location,
    make_room,
    make_technique,
    make_therapist,
)

pytestmark = pytest.mark.django_db

MINUTE = timedelta(minutes=1)


def make_hours(**fields):
    if "therapist" not in fields:
        fields["therapist"] = make_therapist(hours=None)
    values = {
        "weekday": Weekday.MONDAY,
        "starts": time(8),
        "ends": time(12),
        "valid_from": date(2020, 1, 1),
    }
    return WorkingHours.objects.create(**values | fields)


def make_time_off(starts_at, ends_at, *, therapist=None):
    therapist = therapist or make_therapist(hours=None)
    return TimeOff.objects.create(
        therapist=therapist, starts_at=starts_at, ends_at=ends_at
    )


def test_a_room_is_known_by_its_name_within_its_location():
    here, there = make_location(), make_location()
    make_room(location=here, name="Quiet room")
    assert make_room(location=there, name="Quiet room").pk
    assert make_room(location=here, name="Bright room").pk

    with pytest.raises(IntegrityError, match='"room_name_is_unique_in_its_location"'):
        make_room(location=here, name="Quiet room")


@pytest.mark.parametrize("ends", [time(8), time(7, 59)])
def test_working_hours_end_after_they_start(ends):
    assert make_hours(starts=time(8), ends=time(8, 1)).pk

    with pytest.raises(IntegrityError, match='"working_hours_end_after_they_start"'):
        make_hours(starts=time(8), ends=ends)


def test_working_hours_may_be_valid_for_one_day_and_never_backward():
    assert make_hours(valid_from=TODAY, valid_until=TODAY).pk
    assert make_hours(valid_from=TODAY, valid_until=None).pk

    with pytest.raises(IntegrityError, match='"working_hours_period_runs_forward"'):
        make_hours(valid_from=TODAY, valid_until=TODAY - DAY)


def test_a_week_has_seven_days():
    kept = [make_hours(weekday=day).weekday for day in Weekday]
    assert kept == [0, 1, 2, 3, 4, 5, 6]

    with pytest.raises(IntegrityError, match='"working_hours_weekday_is_known"'):
        make_hours(weekday=7)


@pytest.mark.parametrize("ends_at", [NOW, NOW - MINUTE])
def test_time_off_lasts_and_does_not_run_backward(ends_at):
    assert make_time_off(NOW, NOW + MINUTE).pk

    with pytest.raises(IntegrityError, match='"time_off_ends_after_it_starts"'):
        make_time_off(NOW, ends_at)


@pytest.mark.parametrize(
    ("starts_at", "ends_at"),
    [
        pytest.param(NOW, NOW + HOUR, id="the same"),
        pytest.param(NOW + 59 * MINUTE, NOW + 2 * HOUR, id="its last minute"),
        pytest.param(NOW - HOUR, NOW + MINUTE, id="its first minute"),
        pytest.param(NOW - HOUR, NOW + 2 * HOUR, id="around it"),
        pytest.param(NOW + MINUTE, NOW + 2 * MINUTE, id="inside it"),
    ],
)
def test_the_same_time_off_is_entered_once(starts_at, ends_at):
    first = make_time_off(NOW, NOW + HOUR)

    with pytest.raises(IntegrityError, match='"time_off_is_entered_once"'):
        make_time_off(starts_at, ends_at, therapist=first.therapist)


def test_time_off_passes_back_to_back_and_for_another_therapist():
    """The other half of time_off_is_entered_once."""
    first = make_time_off(NOW, NOW + HOUR)
    make_time_off(NOW + HOUR, NOW + 2 * HOUR, therapist=first.therapist)
    make_time_off(NOW - HOUR, NOW, therapist=first.therapist)
    make_time_off(NOW, NOW + HOUR)

    assert TimeOff.objects.filter(therapist=first.therapist).count() == 3
    assert TimeOff.objects.count() == 4


def test_a_refused_time_off_leaves_the_others_alone():
    first = make_time_off(NOW, NOW + HOUR)

    with pytest.raises(IntegrityError), transaction.atomic():
        make_time_off(NOW, NOW + HOUR, therapist=first.therapist)

    assert list(TimeOff.objects.all()) == [first]


@pytest.mark.parametrize("ends", [time(8), time(7, 59)])
def test_extra_hours_end_after_they_start(ends):
    extra = make_therapist(hours=None).extra_hours
    assert extra.create(day=TODAY, starts=time(8), ends=time(8, 1)).pk

    with pytest.raises(IntegrityError, match='"extra_hours_end_after_they_start"'):
        extra.create(day=TODAY, starts=time(8), ends=ends)


def test_a_closure_may_last_one_day_and_never_runs_backward():
    closures = make_location().closures
    assert closures.create(first_day=TODAY, last_day=TODAY, reason="Paint").pk

    with pytest.raises(IntegrityError, match='"closure_runs_forward"'):
        closures.create(first_day=TODAY, last_day=TODAY - DAY, reason="Paint")


def test_a_holiday_is_worked_once_in_each_place():
    calendars = [
        HolidayCalendar.objects.create(location=make_location(), country="US")
        for _ in range(2)
    ]
    for calendar in calendars:
        assert calendar.worked.create(day=TODAY).pk

    with pytest.raises(IntegrityError, match='"holiday_worked_is_entered_once"'):
        calendars[0].worked.create(day=TODAY)


def test_a_therapist_has_one_certificate_for_a_technique():
    technique = make_technique()
    therapist, other = make_therapist(hours=None), make_therapist(hours=None)
    for one in (therapist, other):
        assert one.certifications.create(technique=technique).pk
    assert therapist.certifications.create(technique=make_technique()).pk

    with pytest.raises(IntegrityError, match='"certification_is_entered_once"'):
        therapist.certifications.create(technique=technique, valid_until=TODAY)
