"""Reminders of visits that change, and clocks that jump or stood still."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import date, time, timedelta
from importlib import import_module
from time import monotonic

import pytest
from django.db import connection

from appointments.actions import accept, book, cancel, offer_move
from appointments.actions.book import owe_booking
from appointments.codes import Ending, Status
from appointments.models import Policy
from massage_portal.accounts.roles import Role
from massage_portal.outbox import actions, sending
from massage_portal.outbox.codes import Failure
from massage_portal.outbox.models import Message, Preference
from massage_portal.outbox.models.message import MessageQuerySet
from tests.factories import (
    DAY,
    HOUR,
    NOW,
    TODAY,
    ZONE,
    at,
    make_appointment,
    make_clinic,
    make_entry,
    make_message,
    make_policy,
    make_user,
    opening_at,
)

REMINDER = "appointments.reminder"
VISITS, HANDS = 200, 4
MINUTE = timedelta(minutes=1)


# --- Changed between claim and send ---------------------------------------------------


@pytest.fixture
def begun(monkeypatch):
    """When each message's last question whether it may go was put, by its key."""
    moments = {}
    begin = MessageQuerySet.begin

    def noted(self, key, **how):
        asked = monotonic()
        if may := begin(self, key, **how):
            moments[key] = asked
        return may

    monkeypatch.setattr(MessageQuerySet, "begin", noted)
    return moments


@pytest.mark.usefixtures("committed")
def test_no_reminder_whose_send_began_after_the_cancel_is_ever_sent(begun, mailoutbox):
    visits = visits_with_a_reminder(VISITS)
    cancelled = {}

    def cancel_each(mine):
        for message, visit in mine:
            user = visit.patient.user
            cancel(appointment=visit, ending=Ending.BY_PATIENT, by=user, now=NOW)
            cancelled[message.pk] = monotonic()

    at_once(cancel_each, send_each, visits)

    went = Message.objects.filter(kind=REMINDER).exclude(sent_at=None)
    kept = Message.objects.filter(kind=REMINDER).exclude(voided_at=None)
    assert went.count() + kept.count() == VISITS == len(cancelled)
    assert {one.pk for one in went} == set(begun)
    assert all(begun[pk] < cancelled[pk] for pk in begun)
    assert len(mailoutbox) == len(begun)


@pytest.mark.usefixtures("committed")
def test_of_a_visit_moved_while_messages_go_the_new_time_is_told_once(
    begun, mailoutbox
):
    make_policy(first_reminder_hours=24, second_reminder_hours=0)
    visits = visits_with_a_reminder(VISITS)
    offers = other_times(visits)
    moved = {}

    def move_each(mine):
        for message, visit in mine:
            user = visit.patient.user
            accept(appointment=offers[visit.pk], by=user, now=NOW)
            moved[message.pk] = monotonic()

    at_once(move_each, send_each, visits)

    old = Message.objects.filter(pk__in=[message.pk for message, _visit in visits])
    assert {one.pk for one in old.exclude(sent_at=None)} == set(begun)
    assert old.exclude(voided_at=None).count() + len(begun) == VISITS == len(moved)
    assert all(begun[pk] < moved[pk] for pk in begun)
    assert len(mailoutbox) == len(begun)
    mailoutbox.clear()

    new = Message.objects.filter(
        kind=REMINDER, about__in=[actions.about(one) for one in offers.values()]
    )
    Message.objects.exclude(pk__in=new).filter(sent_at=None).update(voided_at=NOW)
    new.update(due_at=NOW, try_at=NOW)
    at_once(send_all, send_all, visits)

    assert new.exclude(sent_at=None).count() == VISITS == len(mailoutbox)
    names = {mail.extra_headers["Message-ID"] for mail in mailoutbox}
    assert len(names) == VISITS


def at_once(work, other, pairs):
    """Have both be done with each of the pairs, by many hands at the same time."""
    shares = [pairs[hand::HANDS] for hand in range(HANDS)]
    with ThreadPoolExecutor(2 * HANDS) as pool:
        done = [
            pool.submit(on_its_own, one, mine)
            for one in (work, other)
            for mine in shares
        ]
        for one in done:
            one.result(120)


def send_each(mine):
    for message, _visit in mine:
        sending.send(pk=message.pk, now=NOW)


def send_all(_mine):
    while sending.send_some(clock=lambda: NOW):
        pass


def other_times(visits):
    """Return an offer of another time for each of the visits, by the visit's key."""
    _, (therapist,), (room,) = make_clinic()
    return {
        visit.pk: make_appointment(
            status=Status.PROPOSED,
            therapist=therapist,
            room=room,
            entry=visit.entry,
            replaces=visit,
            starts_at=visit.starts_at + (VISITS + 48) * HOUR,
        )
        for _message, visit in visits
    }


def on_its_own(work, mine):
    try:
        work(mine)
    finally:
        connection.close()


def visits_with_a_reminder(number):
    _, (therapist,), (room,) = make_clinic()
    found = []
    for one in range(number):
        visit = make_appointment(
            therapist=therapist, room=room, starts_at=NOW + (2 + one) * HOUR
        )
        to = visit.patient.user
        found.append((make_message(kind=REMINDER, subject=visit, to=to), visit))
    return found


@pytest.fixture
def moving(db):
    """A booked visit, and another time that is offered for it."""
    by = make_user(Role.SCHEDULER)
    _, [therapist], [room] = make_clinic()
    monday = opening_at(therapist, room, at(TODAY + 5 * DAY, "09:00"))
    tuesday = opening_at(therapist, room, at(TODAY + 6 * DAY, "10:00"))
    visit = book(entry=make_entry(), opening=monday, by=by, now=NOW)
    offered = offer_move(appointment=visit, opening=tuesday, by=by, now=NOW)
    return visit, offered


def reminders(visit, **state):
    about = actions.about(visit)
    return Message.objects.filter(kind=REMINDER, about=about, **state)


def test_a_move_voids_the_old_reminders_and_owes_the_new_ones(moving):
    visit, offered = moving
    owed = reminders(visit, voided_at=None).count()
    assert owed == 2
    accept(appointment=offered, by=visit.patient.user, now=NOW + HOUR)
    assert reminders(visit, voided_at=NOW + HOUR).count() == owed
    assert reminders(offered, voided_at=None).count() == owed


def test_a_move_that_fails_half_way_leaves_the_old_reminders(moving, monkeypatch):
    visit, offered = moving

    def fails(*args, **kwargs):
        raise ZeroDivisionError

    booking = import_module("appointments.actions.book")
    monkeypatch.setattr(booking, "owe_booking", fails)
    with pytest.raises(ZeroDivisionError):
        accept(appointment=offered, by=visit.patient.user, now=NOW + HOUR)
    visit.refresh_from_db()
    assert visit.status == Status.BOOKED
    assert reminders(visit, voided_at=None).count() == 2


# --- Clocks ---------------------------------------------------------------------------


def owed_reminder(starts_at, *, lead=24 * HOUR):
    """Return a reminder of a visit, due so long before, to one who knows no night."""
    visit = make_appointment(starts_at=starts_at)
    user = visit.patient.user
    Preference.objects.create(user=user, quiet_from=time(0), quiet_until=time(0))
    when = {"due_at": starts_at - lead, "expires_at": starts_at}
    early = starts_at - 30 * DAY
    return make_message(kind=REMINDER, subject=visit, to=user, now=early, **when)


def sweep(now):
    """Do what beat and a worker do at a moment."""
    actions.expire(now=now)
    while sending.send_some(clock=lambda: now):
        pass


@pytest.mark.django_db
def test_after_three_hours_without_beat_only_visits_still_ahead_are_reminded_of(
    mailoutbox,
):
    """Each came due while beat was down; two of the visits have begun by now."""
    hours_ahead = [-2, 0, 1, 23]
    missed = [
        owed_reminder(NOW + hours * HOUR, lead=hours * HOUR + 3 * HOUR - MINUTE)
        for hours in hours_ahead
    ]
    for _ in range(3):
        sweep(NOW)
    for message, hours in zip(missed, hours_ahead, strict=True):
        message.refresh_from_db()
        assert (message.sent_at is not None) == (hours > 0)
        assert (message.failed_because == Failure.EXPIRED) == (hours <= 0)
    assert len(mailoutbox) == 2


@pytest.mark.parametrize("jump", [90 * MINUTE, -90 * MINUTE])
@pytest.mark.django_db
def test_a_clock_that_jumps_sends_nothing_twice_and_skips_nothing(jump, mailoutbox):
    """It runs for an hour, jumps, runs for an hour, jumps back, and runs on."""
    starts = [NOW + 30 * HOUR + number * 20 * MINUTE for number in range(24)]
    owed = [owed_reminder(one, lead=30 * HOUR) for one in starts]
    # Due after the jump, and of no use any more by a clock that is ahead.
    soon = owed_reminder(NOW + 140 * MINUTE, lead=75 * MINUTE)
    clock = [NOW + minute * MINUTE for minute in range(0, 9 * 60, 5)]
    for place, now in enumerate(clock):
        sweep(now + jump if 12 <= place < 24 else now)
    for message in owed:
        message.refresh_from_db()
        assert message.sent_at >= message.due_at
    soon.refresh_from_db()
    assert soon.sent_at is not None
    assert len(mailoutbox) == len(owed) + 1
    assert set(Message.objects.values_list("attempts", flat=True)) == {1}


@pytest.mark.parametrize(
    "day",
    [
        pytest.param(date(2026, 3, 8), id="the gap"),
        pytest.param(date(2026, 3, 9), id="the day after the gap"),
        pytest.param(date(2026, 11, 1), id="the fold"),
        pytest.param(date(2026, 11, 2), id="the day after the fold"),
        pytest.param(date(2028, 2, 29), id="leap day"),
        pytest.param(date(2028, 3, 1), id="after the leap day"),
        pytest.param(date(2027, 1, 1), id="new year"),
    ],
)
@pytest.mark.django_db
def test_a_day_before_is_24_hours_whatever_the_clocks_on_the_wall_do(day):
    wall = at(day, "10:00").astimezone(ZONE)  # subtracted from, this gives wall time
    visit = make_appointment(starts_at=wall)
    policy = Policy.objects.in_force(NOW)
    early = at(day, "10:00") - 20 * DAY
    owe_booking(visit, to=visit.patient.user, now=early, policy=policy)
    leads = [at(day, "10:00") - one.due_at for one in reminders(visit)]
    assert sorted(leads) == [DAY, 3 * DAY]
