"""What the last 90 days say of the clinic."""

from __future__ import annotations

import io
from datetime import timedelta

import pytest
from django.core.management import CommandError, call_command

from appointments.codes import EntryStatus, Missed, Status
from appointments.models import Closure, TimeOff
from appointments.models.rates import clinic_rates
from appointments.simulation.model import BadRates, Category
from tests.factories import (
    DAY,
    HOUR,
    NOW,
    make_appointment,
    make_category,
    make_clinic,
    make_closure,
    make_entry,
    make_request,
)

pytestmark = pytest.mark.django_db
WEDNESDAY = NOW - 7 * DAY
SUNDAY = NOW - 10 * DAY


def visit(status, number, clinic, **fields):
    """Return a visit of one hour, on a day of its own."""
    _place, [therapist], [room] = clinic
    return make_appointment(
        status=status,
        entry=fields.pop("entry", None) or make_entry(waited_days=200),
        therapist=therapist,
        room=room,
        starts_at=NOW - (number + 1) * DAY,
        **fields,
    )


@pytest.fixture
def clinic():
    """Four hours each day; 8 visits made, 1 missed, 1 canceled; 5 of 6 weekdays."""
    found = make_clinic()
    for number in range(8):
        visit(Status.FULFILLED, number, found)
    visit(Status.NOSHOW, 8, found)
    visit(Status.CANCELLED, 9, found)
    urgent = make_category(name="urgent", target_days=3)
    routine = make_category(name="routine", target_days=42)
    for at, category, need in [
        (WEDNESDAY, urgent, 40),
        *[(WEDNESDAY, routine, 0)] * 4,
        (SUNDAY, routine, 0),
    ]:
        make_entry(category=category, received_at=at, need_score=need)
    return found


def test_categories_are_those_that_people_came_in(clinic):
    rates = clinic_rates(now=NOW).rates

    assert rates.categories == (
        Category("urgent", 3, 1 / 6, need_score=40),
        Category("routine", 42, 5 / 6, need_score=0),
    )
    assert rates.weekend == pytest.approx((1 / 2) / (5 / 5))


def test_what_was_declined_withdrawn_unread_or_long_ago_is_no_demand(clinic):
    before = clinic_rates(now=NOW)
    for status in (EntryStatus.REJECTED, EntryStatus.CANCELLED):
        make_entry(status=status, received_at=WEDNESDAY)
    make_request()
    make_entry(waited_days=91)
    make_entry(waited_days=-3)  # the next visit of a plan

    assert clinic_rates(now=NOW) == before


def test_lengths_no_shows_and_cancellations_are_shares_of_times(clinic):
    visit(Status.FULFILLED, 11, clinic, blocked_until=NOW - 12 * DAY + DAY / 16)
    visit(Status.NOSHOW, 12, clinic, missed_because=Missed.CLINIC)  # not theirs

    rates = clinic_rates(now=NOW).rates

    assert rates.lengths == ((60, 0.9), (90, 0.1))
    assert rates.no_shows == pytest.approx(3 / 12)  # one canceled, and had by nobody
    assert rates.cancellations == 0


def test_a_canceled_time_is_given_on_only_if_somebody_else_had_it(clinic):
    late = {"ended_at": NOW - 21 * DAY - HOUR, "booked_at": NOW - 30 * DAY}
    visit(Status.CANCELLED, 20, clinic, **late)
    visit(Status.FULFILLED, 20, clinic, booked_at=late["ended_at"] + HOUR / 2)
    day = (NOW - 31 * DAY).date()
    visit(Status.CANCELLED, 30, clinic)  # nobody could be offered it
    make_closure(clinic[0], day)

    rates = clinic_rates(now=NOW).rates

    assert rates.no_shows == pytest.approx(2 / 12)
    assert rates.cancellations == pytest.approx(1 / 12)


def test_offers_nobody_took_are_no_cancellations(clinic):
    before = clinic_rates(now=NOW)
    visit(Status.CANCELLED, 12, clinic, booked_at=None)

    assert clinic_rates(now=NOW) == before


def test_capacity_is_working_hours_less_time_off_and_closures(clinic):
    _place, [therapist], _rooms = clinic
    assert clinic_rates(now=NOW).rates.minutes == (240,) * 7

    day_off = WEDNESDAY.replace(hour=0)
    TimeOff.objects.create(
        therapist=therapist, starts_at=day_off, ends_at=day_off + timedelta(hours=23)
    )

    friday = (WEDNESDAY + 2 * DAY).date()
    Closure.objects.create(
        location=therapist.location, first_day=friday, last_day=friday, reason="Snow"
    )

    minutes = clinic_rates(now=NOW).rates.minutes
    assert (minutes[2], minutes[4]) == (220, 222)  # one of 12, and one of 13
    assert minutes[:2] + minutes[3:4] + minutes[5:] == (240,) * 5


def test_the_load_is_what_was_asked_of_the_capacity(clinic):
    used = 6 * 60 / 0.8  # one time was missed, and one canceled and had by nobody

    assert clinic_rates(now=NOW).load == pytest.approx(used / (90 * 240))


def test_a_clinic_in_which_nothing_happened_is_refused_in_words():
    with pytest.raises(BadRates, match="too little happened in the last 90 days"):
        clinic_rates(now=NOW)


def test_the_command_simulates_the_clinic_itself(clinic, monkeypatch):
    monkeypatch.setattr("django.utils.timezone.now", lambda: NOW)
    out = io.StringIO()

    call_command(
        "simulate", own=True, load=[1], days=10, seeds=1, stdout=out, stderr=out
    )

    assert "urgent in time, %" in out.getvalue()
    assert "the future known" in out.getvalue()
    assert "is a bound" in out.getvalue()  # one was missed, one canceled
    with pytest.raises(CommandError, match="not both"):
        call_command("simulate", own=True, rates="x", stdout=out)
