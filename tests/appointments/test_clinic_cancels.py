"""A therapist falls ill: many visits end at once, and nobody loses their place."""

from __future__ import annotations

import pytest

from appointments import actions
from appointments.codes import Ending, EntryStatus, Status
from appointments.models import Appointment, TimeOff, WaitlistEntry
from massage_portal.accounts.roles import Role
from tests.appointments.pages import signed_in, url
from tests.factories import (
    DAY,
    HOUR,
    NOW,
    TODAY,
    at,
    make_clinic,
    make_entry,
    make_user,
    opening_at,
)
from tests.trail import owed, trail

pytestmark = pytest.mark.django_db

THURSDAY = TODAY + DAY
LATER = NOW + HOUR
CLOCKS = [f"{hour:02}:00" for hour in range(8, 16)]


@pytest.fixture
def scheduler():
    return make_user(Role.SCHEDULER)


@pytest.fixture
def day(scheduler):
    """Eight visits of one therapist on Thursday."""
    _, [therapist], [room] = make_clinic(hours=("08:00", "16:00"))
    return [
        actions.book(
            entry=make_entry(waited_days=10 + number),
            opening=opening_at(therapist, room, at(THURSDAY, clock)),
            by=scheduler,
            now=NOW,
        )
        for number, clock in enumerate(CLOCKS)
    ]


def fall_ill(day, scheduler, **more):
    TimeOff.objects.create(
        therapist=day[0].therapist,
        starts_at=at(THURSDAY, "00:00"),
        ends_at=at(THURSDAY, "23:00"),
    )
    return actions.cancel_for_clinic(appointments=day, by=scheduler, now=LATER, **more)


def test_eight_visits_end_and_each_patient_keeps_place_and_clock(day, scheduler):
    ended = fall_ill(day, scheduler)

    assert [one.pk for one in ended] == sorted(one.pk for one in day)
    for number, one in enumerate(day):
        one.refresh_from_db()
        assert (one.status, one.ending) == (Status.CANCELLED, Ending.BY_CLINIC)
        assert (one.ended_at, one.sequence, one.late) == (LATER, 2, False)
        one.entry.refresh_from_db()
        assert one.entry.status == EntryStatus.ACCEPTED
        assert one.entry.received_at == NOW - (10 + number) * DAY
        assert owed(one) == [("appointments.cancelled", LATER)]
        assert trail(one)[-1][:2] == (scheduler.pk, "appointment.cancelled")


def test_pressed_twice_it_ends_them_once(day, scheduler):
    fall_ill(day, scheduler)

    assert actions.cancel_for_clinic(appointments=day, by=scheduler, now=LATER) == []

    assert all(len(trail(one)) == 2 and len(owed(one)) == 1 for one in day)


def test_time_in_which_the_therapist_is_away_is_offered_to_nobody(day, scheduler):
    make_entry(waited_days=99)
    fall_ill(day, scheduler)

    assert actions.offer_freed_times(now=LATER) == []

    assert not Appointment.objects.filter(reoffer_owed=True).exists()


def test_what_is_kept_back_is_not_even_owed(day, scheduler):
    fall_ill(day, scheduler, pass_on=False)

    assert not Appointment.objects.filter(reoffer_owed=True).exists()


def test_offers_end_too_and_what_has_begun_or_ended_stays(day, scheduler):
    offered, begun, made = day[0], day[1], day[2]
    Appointment.objects.filter(pk=offered.pk).delete()
    opening = opening_at(offered.therapist, offered.room, offered.starts_at)
    offered = actions.offer(entry=make_entry(), opening=opening, by=None, now=NOW)
    today = {"starts_at": LATER, "ends_at": LATER + HOUR, "blocked_until": LATER + HOUR}
    Appointment.objects.filter(pk=begun.pk).update(**today)
    Appointment.objects.filter(pk=made.pk).update(status=Status.FULFILLED)

    ended = fall_ill([offered, begun, made, day[3]], scheduler)

    assert {one.pk for one in ended} == {offered.pk, day[3].pk}
    rows = dict(Appointment.objects.values_list("pk", "status"))
    assert (rows[begun.pk], rows[made.pk]) == (Status.BOOKED, Status.FULFILLED)
    offered.refresh_from_db()
    assert offered.ending == Ending.WITHDRAWN


def test_one_that_cannot_be_written_leaves_all_as_they_were(
    day, scheduler, monkeypatch
):
    lets_four_through = iter([None] * 4)
    monkeypatch.setattr(
        "massage_portal.outbox.actions.void",
        lambda *args, **kwargs: next(lets_four_through),
    )

    with pytest.raises(StopIteration):
        fall_ill(day, scheduler)

    states = set(Appointment.objects.values_list("status", flat=True))
    assert states == {Status.BOOKED}
    entries = {one.entry_id for one in day}
    waiting = WaitlistEntry.objects.filter(pk__in=entries).waiting()
    assert not waiting.exists()


def test_a_visit_to_come_that_we_canceled_is_not_listed_as_past(
    day, scheduler, monkeypatch
):
    monkeypatch.setattr("django.utils.timezone.now", lambda: LATER)
    fall_ill(day, scheduler)
    page = signed_in(day[0].patient.user).get(url("mine")).content.decode()
    assert "Past and canceled visits" in page
    assert "We canceled this visit" in page
