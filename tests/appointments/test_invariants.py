"""
After any mix of actions at once, what must hold does hold: asked of the rows, in SQL.

The steps are drawn from a seed; how the threads interleave is up to the machine.
"""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from random import Random

import pytest
from django.db import connection

from appointments import actions
from appointments.codes import HOLDING_TIME, TAKING_THE_ENTRY, Ending, Status
from appointments.models import Appointment
from massage_portal.accounts.roles import Role
from tests.factories import (
    HOUR,
    NOW,
    TODAY,
    at,
    make_clinic,
    make_diagnosis,
    make_entry,
    make_patient,
    make_referral,
    make_user,
    opening_at,
)
from tests.threads import errors, together, won
from tests.turns import AGREED

pytestmark = pytest.mark.usefixtures("committed")

FRIDAY = TODAY + timedelta(days=2)
THREADS, STEPS, PATIENTS = 16, 12, 6
SAID = {"terms": AGREED}  # whose turn it is, is judged elsewhere


class Hand:
    """One thread's hand: does what its dice say, and notes what it was told."""

    def __init__(self, seed, openings, entries, scheduler):
        self.dice = Random(seed)  # noqa: S311 - to repeat, not to hide
        self.openings, self.entries, self.scheduler = openings, entries, scheduler
        self.booked = []  # what this hand saw confirmed: key, patient, start
        self.cancelled = set()
        self.tally = Counter()
        self.steps = [self.offer, self.book, self.accept, self.accept, self.decline]
        self.steps += [self.cancel, self.withdraw_offer, self.sweep]

    def __call__(self):
        for _ in range(STEPS):
            step = self.dice.choice(self.steps)
            # Some clocks are ahead: for them, offers made at NOW have lapsed.
            now = NOW + self.dice.choice([0, 0, 0, 25]) * HOUR
            try:
                step(now)
                self.tally[step.__name__] += 1
            except actions.Refusal as refusal:
                self.tally[type(refusal).__name__] += 1
        return self

    def offer(self, now):
        actions.offer(**self.pair(), **SAID, by=self.scheduler, now=now)

    def book(self, now):
        self.confirm(actions.book(**self.pair(), **SAID, by=self.scheduler, now=now))

    def accept(self, now):
        if found := self.one(Status.PROPOSED):
            made = actions.accept(appointment=found, by=self.scheduler, now=now)
            self.confirm(made)

    def decline(self, now):
        if found := self.one(Status.PROPOSED):
            actions.decline(appointment=found, by=self.scheduler, now=now)

    def withdraw_offer(self, now):
        if found := self.one(Status.PROPOSED):
            actions.withdraw_offer(appointment=found, by=self.scheduler, now=now)

    def cancel(self, now):
        if found := self.one(Status.BOOKED):
            side = self.dice.choice([Ending.BY_PATIENT, Ending.BY_CLINIC])
            actions.cancel(appointment=found, ending=side, by=self.scheduler, now=now)
            self.cancelled.add(found.pk)

    def sweep(self, now):
        actions.lapse_offers(now=now)
        actions.offer_freed_times(now=now)

    def pair(self):
        return {
            "entry": self.dice.choice(self.entries),
            "opening": self.dice.choice(self.openings),
        }

    def one(self, status):
        """Return one that has this status, or had it when others had not acted yet."""
        found = Appointment.objects.filter(status=status).order_by("pk")
        if self.dice.random() < 0.2:
            found = Appointment.objects.order_by("pk")
        return self.dice.choice(list(found) or [None])

    def confirm(self, made):
        self.booked.append((made.pk, made.patient_id, made.starts_at))


def a_busy_clinic():
    """Return 20 overlapping openings, and the requests of some patients, two each."""
    _, therapists, rooms = make_clinic(therapists=2, rooms=2, hours=("08:00", "13:20"))
    openings = [
        opening_at(
            therapist, rooms[0], at(FRIDAY, f"{8 + half // 2:02}:{half % 2 * 30:02}")
        )
        for therapist in therapists
        for half in range(10)
    ]
    back = make_diagnosis("M54.50", "Low back pain, unspecified")
    entries = []
    for days in range(PATIENTS):
        patient = make_patient()
        for diagnosis in (make_diagnosis(), back):
            referral = make_referral(patient=patient, diagnosis=diagnosis)
            entries.append(make_entry(referral=referral, waited_days=days + 1))
    return openings, entries


def rows(sql, *values):
    with connection.cursor() as cursor:
        cursor.execute(sql, values)
        return cursor.fetchall()


def overlaps(who):
    """Return the pairs that keep one therapist, room or patient in two places."""
    return rows(
        """
        SELECT a.id, b.id
          FROM appointments_appointment a
          JOIN appointments_appointment b
            ON a.id < b.id AND to_jsonb(a) -> %s = to_jsonb(b) -> %s
           AND tstzrange(a.starts_at, a.blocked_until)
            && tstzrange(b.starts_at, b.blocked_until)
         WHERE a.status = ANY(%s) AND b.status = ANY(%s)
        """,
        who,
        who,
        HOLDING_TIME,
        HOLDING_TIME,
    )


def entries_taken_twice():
    return rows(
        """
        SELECT entry_id FROM appointments_appointment
         WHERE status = ANY(%s) GROUP BY entry_id HAVING count(*) > 1
        """,
        TAKING_THE_ENTRY,
    )


def entries_at_odds_with_their_appointments():
    return rows(
        """
        SELECT entry.id, entry.status
          FROM appointments_waitlistentry entry
         WHERE (entry.status = 'in-progress') <> EXISTS (
               SELECT FROM appointments_appointment visit
                WHERE visit.entry_id = entry.id AND visit.status = 'booked')
        """
    )


def messages_of_what_is_over():
    """Return unsent messages about cancelled visits that do not say so."""
    return rows(
        """
        SELECT message.key
          FROM outbox_message message
          JOIN appointments_appointment visit
            ON message.about = 'appointments.appointment:' || visit.id
         WHERE message.voided_at IS NULL AND message.sent_at IS NULL
           AND visit.status = 'cancelled'
           AND message.kind <> 'appointments.cancelled'
        """
    )


def bookings_without_one_confirmation():
    return rows(
        """
        SELECT visit.id
          FROM appointments_appointment visit
          LEFT JOIN outbox_message message
            ON message.about = 'appointments.appointment:' || visit.id
           AND message.kind = 'appointments.booked' AND message.voided_at IS NULL
         WHERE visit.status = 'booked'
         GROUP BY visit.id HAVING count(message.id) <> 1
        """
    )


def states_that_the_trail_does_not_tell():
    """Return appointments whose last step in the trail is not the state they are in."""
    return rows(
        """
        SELECT visit.id, visit.status, told.change
          FROM appointments_appointment visit
          LEFT JOIN LATERAL (
               SELECT event.change FROM audit_auditevent event
                WHERE event.record_type = 'appointments.appointment'
                  AND event.record_id = visit.id::text
                ORDER BY event.id DESC LIMIT 1) told ON true
         WHERE split_part(coalesce(told.change, ''), '>', 2) <> visit.status
        """
    )


@pytest.mark.parametrize("seed", [1, 2])
def test_sixteen_hands_doing_anything_at_once_break_no_rule(seed):
    openings, entries = a_busy_clinic()
    scheduler = make_user(Role.SCHEDULER)
    hands = [
        Hand(seed * 100 + number, openings, entries, scheduler)
        for number in range(THREADS)
    ]

    outcomes = together(*hands)

    assert errors(outcomes) == []  # nobody saw more than a refusal
    tally = sum((hand.tally for hand in won(outcomes)), Counter())
    assert tally["book"] + tally["accept"] > 0
    for who in ("therapist_id", "room_id", "patient_id"):
        assert overlaps(who) == [], who
    assert entries_taken_twice() == []
    assert entries_at_odds_with_their_appointments() == []
    assert messages_of_what_is_over() == []
    assert bookings_without_one_confirmation() == []
    assert states_that_the_trail_does_not_tell() == []
    cancelled = set().union(*(hand.cancelled for hand in hands))
    for hand in hands:
        for pk, patient_id, starts_at in hand.booked:
            found = Appointment.objects.get(pk=pk)
            assert (found.patient_id, found.starts_at) == (patient_id, starts_at)
            assert found.status == Status.BOOKED or pk in cancelled
