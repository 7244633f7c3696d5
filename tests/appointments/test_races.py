"""
Races, on a real database, by real threads.

Whoever loses reads a kind refusal. Nobody sees a deadlock, a constraint or a timeout.
"""

from __future__ import annotations

from datetime import timedelta
from functools import partial

import pytest
from django.db import transaction

from appointments import actions
from appointments.actions import sweep
from appointments.codes import Ending, EntryStatus, Status
from appointments.models import Appointment, WaitlistEntry
from massage_portal.accounts.roles import Role
from massage_portal.audit.models import AuditEvent
from massage_portal.outbox.models import Message
from tests.factories import (
    DAY,
    HOUR,
    NOW,
    TODAY,
    at,
    make_appointment,
    make_category,
    make_clinic,
    make_diagnosis,
    make_entry,
    make_provider,
    make_referral,
    make_request,
    make_user,
    opening_at,
)
from tests.threads import errors, together, won
from tests.turns import ANY_TURN

pytestmark = pytest.mark.usefixtures("committed")

FRIDAY = TODAY + 2 * DAY
FRIDAY_9 = at(FRIDAY, "09:00")
SECOND = timedelta(seconds=1)
MANY, ROUNDS, REPEATS = 50, 3, 6


def make_line(number):
    """Return entries of as many patients, cheaply: they share what they may."""
    shared = {
        "provider": make_provider(),
        "diagnosis": make_diagnosis(),
        "recorded_by": make_user(Role.STAFF),
    }
    category = make_category()
    return [
        make_entry(referral=make_referral(**shared), category=category)
        for _ in range(number)
    ]


def an_opening():
    _, [therapist], [room] = make_clinic()
    return opening_at(therapist, room, FRIDAY_9)


def an_offer(*, now=NOW):
    [entry] = make_line(1)
    return actions.offer(entry=entry, opening=an_opening(), by=None, now=now)


def accept(appointment, *, now=NOW):
    return partial(
        actions.accept, appointment=appointment, by=appointment.patient.user, now=now
    )


def kinds(outcomes):
    return {type(error) for error in errors(outcomes)}


def test_fifty_booking_one_time_make_one_booking():
    scheduler, waiting = make_user(Role.SCHEDULER), make_line(MANY + ROUNDS - 1)
    _, [therapist], [room] = make_clinic()
    for days in range(ROUNDS):
        opening = opening_at(therapist, room, FRIDAY_9 + days * DAY)
        book = partial(
            actions.book, opening=opening, by=scheduler, now=NOW, terms=ANY_TURN
        )

        outcomes = together(*(partial(book, entry=entry) for entry in waiting[:MANY]))

        [booked] = won(outcomes)
        assert kinds(outcomes) == {actions.TimeTaken}
        assert [str(error) for error in errors(outcomes)] == [
            "That time has just been taken. Please choose another."
        ] * (MANY - 1)
        [row] = Appointment.objects.filter(starts_at=opening.starts_at)
        assert (row, row.status) == (booked, Status.BOOKED)
        waiting.remove(booked.entry)
    assert WaitlistEntry.objects.waiting().count() == MANY - 1
    assert Message.objects.filter(kind="appointments.booked").count() == ROUNDS
    assert AuditEvent.objects.filter(action="appointment.booked").count() == ROUNDS


def test_one_patient_accepting_fifty_offers_at_once_has_one_booking():
    [entry] = make_line(1)
    _, [therapist], [room] = make_clinic()
    offers = [
        make_appointment(
            status=Status.PROPOSED,
            entry=entry,
            therapist=therapist,
            room=room,
            starts_at=FRIDAY_9 + number * HOUR,
        )
        for number in range(MANY)
    ]

    outcomes = together(*(accept(offer) for offer in offers))

    [booked] = won(outcomes)
    assert kinds(outcomes) <= {actions.OfferGone, actions.NotWaiting}
    assert all(
        str(error).startswith(("This offer", "You")) for error in errors(outcomes)
    )
    ended = Appointment.objects.exclude(pk=booked.pk)
    assert set(ended.values_list("status", "ending")) == {
        (Status.CANCELLED, Ending.WITHDRAWN)
    }
    assert ended.count() == MANY - 1
    assert Appointment.objects.get(pk=booked.pk).status == Status.BOOKED
    entry.refresh_from_db()
    assert (entry.status, entry.version) == (EntryStatus.IN_PROGRESS, 2)


def test_an_offer_accepted_while_it_is_taken_back_is_one_or_the_other():
    scheduler = make_user(Role.SCHEDULER)
    for _ in range(REPEATS):
        made = an_offer()
        take_back = partial(
            actions.withdraw_offer, appointment=made, by=scheduler, now=NOW
        )

        accepted, taken_back = together(accept(made), take_back)

        made.refresh_from_db()
        made.entry.refresh_from_db()
        if accepted.error is None:
            assert isinstance(taken_back.error, actions.OfferGone)
            assert made.status == Status.BOOKED
            assert made.entry.status == EntryStatus.IN_PROGRESS
        else:
            assert isinstance(accepted.error, actions.OfferGone)
            assert taken_back.error is None
            assert (made.status, made.ending) == (Status.CANCELLED, Ending.WITHDRAWN)
            assert made.entry.status == EntryStatus.ACCEPTED


@pytest.mark.parametrize(
    ("late", "books"),
    [
        pytest.param(-SECOND, True, id="the last second counts"),
        pytest.param(timedelta(0), False, id="the end does not"),
        pytest.param(SECOND, False, id="nor the second after"),
    ],
)
def test_the_moment_decides_when_all_accept_at_the_end_of_the_hold(late, books):
    made = an_offer()

    outcomes = together(*[accept(made, now=made.held_until + late)] * 8)

    assert len(won(outcomes)) == (8 if books else 0)
    assert kinds(outcomes) == (set() if books else {actions.OfferGone})
    made.refresh_from_db()
    assert (made.status == Status.BOOKED) is books


def test_an_accepted_offer_does_not_lapse_and_a_lapsed_one_is_not_accepted():
    for _ in range(REPEATS):
        made = an_offer()
        lapse = partial(actions.lapse_offers, now=made.held_until)

        accepted, swept = together(accept(made, now=made.held_until - SECOND), lapse)

        assert swept.error is None
        made.refresh_from_db()
        if accepted.error is None:
            assert (swept.value, made.status) == (0, Status.BOOKED)
        else:
            assert isinstance(accepted.error, actions.OfferGone)
            assert (swept.value, made.ending) == (1, Ending.LAPSED)


def test_a_lapsed_time_accepted_late_swept_and_booked_by_another_is_booked_once():
    scheduler = make_user(Role.SCHEDULER)
    for _ in range(REPEATS):
        opening = an_opening()
        first, second = make_line(2)
        made = actions.offer(entry=first, opening=opening, by=None, now=NOW)
        over = made.held_until

        accepted, swept, booked = together(
            accept(made, now=over - SECOND),
            partial(actions.lapse_offers, now=over),
            partial(
                actions.book,
                entry=second,
                opening=opening,
                by=scheduler,
                now=over,
                terms=ANY_TURN,
            ),
        )

        assert swept.error is None
        losers = errors([accepted, booked])
        assert [type(error) for error in losers] in (
            [actions.OfferGone],
            [actions.TimeTaken],
        )
        [holds] = Appointment.objects.holding_time().filter(room=opening.room)
        assert holds.status == Status.BOOKED
        assert holds.entry == (second if accepted.error else first)


def test_two_schedulers_offering_one_opening_make_one_offer():
    ours = [make_user(Role.SCHEDULER) for _ in range(2)]
    for _ in range(REPEATS):
        opening, entries = an_opening(), make_line(2)

        outcomes = together(
            *(
                partial(
                    actions.offer,
                    entry=entry,
                    opening=opening,
                    by=by,
                    now=NOW,
                    terms=ANY_TURN,
                )
                for entry, by in zip(entries, ours, strict=True)
            )
        )

        [made] = won(outcomes)
        assert kinds(outcomes) == {actions.TimeTaken}
        assert Appointment.objects.get(room=opening.room) == made


def test_two_schedulers_offering_one_patient_two_times_make_one_offer():
    scheduler = make_user(Role.SCHEDULER)
    for _ in range(REPEATS):
        [entry], openings = make_line(1), [an_opening(), an_opening()]

        outcomes = together(
            *(
                partial(actions.offer, entry=entry, opening=one, by=scheduler, now=NOW)
                for one in openings
            )
        )

        assert len(won(outcomes)) == 1
        assert kinds(outcomes) == {actions.NotWaiting}
        assert entry.appointments.count() == 1


def test_of_two_schedulers_judging_one_request_the_second_is_told():
    ours = [make_user(Role.SCHEDULER) for _ in range(2)]
    categories = [make_category(target_days=days) for days in (3, 42)]
    for _ in range(REPEATS):
        entry = make_request()

        outcomes = together(
            *(
                partial(
                    actions.triage,
                    entry=entry,
                    category=category,
                    version=1,
                    by=by,
                    now=NOW,
                )
                for by, category in zip(ours, categories, strict=True)
            )
        )

        [judged] = won(outcomes)
        [told] = errors(outcomes)
        assert isinstance(told, actions.ChangedMeanwhile)
        assert "please judge again" in str(told)
        entry.refresh_from_db()
        assert (entry.category, entry.version) == (judged.category, 2)
        trail = AuditEvent.objects.filter(action="request.triaged", record_id=entry.pk)
        assert trail.count() == 1


def test_two_workers_pass_one_freed_time_on_once():
    for _ in range(4):
        made = an_offer()
        make_line(3)
        actions.decline(appointment=made, by=made.patient.user, now=NOW)

        outcomes = together(*[partial(actions.offer_freed_times, now=NOW)] * 4)

        assert errors(outcomes) == []
        assert sum(len(offers) for offers in won(outcomes)) == 1
        assert Appointment.objects.holding_time().filter(room=made.room).count() == 1


def test_cancelling_twice_while_the_time_goes_to_the_same_patient_meets_no_deadlock():
    back = make_diagnosis("M54.50", "Low back pain, unspecified")
    for _ in range(6):
        made = an_offer()
        accept(made)()
        other = make_referral(patient=made.patient, diagnosis=back)
        waiting = make_entry(referral=other, waited_days=300)
        cancel = partial(
            actions.cancel,
            appointment=made,
            ending=Ending.BY_PATIENT,
            by=made.patient.user,
            now=NOW,
        )
        pass_on = partial(actions.offer_freed_times, now=NOW)

        outcomes = together(*[cancel, pass_on] * 4)

        assert errors(outcomes) == []
        pass_on()
        assert waiting.appointments.get().starts_at == made.starts_at


def test_the_sweep_holds_no_freed_visit_while_it_waits_for_a_patient(monkeypatch):
    made = an_offer()
    [next_in_line] = make_line(1)
    actions.decline(appointment=made, by=made.patient.user, now=NOW)
    locks = []

    @transaction.atomic
    def lock_the_freed_visit():
        return Appointment.objects.select_for_update(nowait=True).get(pk=made.pk)

    def offer_watched(**asked):
        locks.extend(together(lock_the_freed_visit))
        return actions.offer(**asked)

    monkeypatch.setattr(sweep, "offer", offer_watched)

    [passed_on] = actions.offer_freed_times(now=NOW)

    assert passed_on.entry == next_in_line
    assert won(locks) == [made]
