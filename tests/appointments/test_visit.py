"""A booking is cancelled, made or missed; then the plan goes on."""

from __future__ import annotations

from datetime import date, time, timedelta

import pytest

from appointments import actions
from appointments.codes import Ending, EntryStatus, Status
from appointments.models import WaitlistEntry
from massage_portal.accounts.roles import Role
from referrals.codes import Status as ReferralStatus
from tests.factories import (
    DAY,
    HOUR,
    NOW,
    TODAY,
    at,
    make_appointment,
    make_clinic,
    make_entry,
    make_referral,
    make_user,
    opening_at,
)
from tests.trail import owed, trail, voided
from tests.turns import AGREED, ANY_TURN

pytestmark = pytest.mark.django_db

FRIDAY_9 = at(TODAY + 2 * DAY, "09:00")
SECOND = timedelta(seconds=1)
SIDES = pytest.mark.parametrize("side", [Ending.BY_PATIENT, Ending.BY_CLINIC])
OUTCOMES = pytest.mark.parametrize("outcome", [Status.FULFILLED, Status.NOSHOW])


@pytest.fixture
def scheduler():
    return make_user(Role.SCHEDULER)


def booking(entry=None, starts_at=FRIDAY_9, now=NOW, terms=ANY_TURN):
    """Return a visit booked as the clinic books it."""
    _, [therapist], [room] = make_clinic()
    return actions.book(
        entry=entry or make_entry(waited_days=12),
        opening=opening_at(therapist, room, starts_at),
        by=make_user(Role.SCHEDULER),
        now=now,
        terms=terms,
    )


def cancel(visit, side=Ending.BY_PATIENT, *, by=None, now=NOW + HOUR):
    by = by or visit.patient.user
    return actions.cancel(appointment=visit, ending=side, by=by, now=now)


def came(visit, outcome=Status.FULFILLED, *, by=None, now=None):
    return actions.record_visit(
        appointment=visit,
        outcome=outcome,
        by=by or visit.therapist.user,
        now=now or visit.ends_at,
    )


@SIDES
def test_a_visit_cancelled_by_either_side_keeps_the_patients_clock(side, scheduler):
    visit = booking(make_entry(waited_days=12))

    cancel(visit, side, by=scheduler)

    visit.refresh_from_db()
    assert (visit.status, visit.ending) == (Status.CANCELLED, side)
    assert visit.ended_at == NOW + HOUR
    assert visit.sequence == 2  # booked, then cancelled
    entry = visit.entry
    entry.refresh_from_db()
    assert entry.status == EntryStatus.ACCEPTED
    assert entry.received_at == NOW - 12 * DAY
    assert entry.version == 3


@SIDES
def test_who_cancels_stands_where_they_stood(side):
    for waited in (5, 10, 15, 20):
        make_entry(waited_days=waited)
    entry = make_entry(waited_days=12)

    def ahead():
        waiting = WaitlistEntry.objects
        return waiting.ahead_of(entry, now=NOW + 2 * HOUR, exponent=3.0)

    before = ahead()
    cancel(booking(entry), side)

    assert before == 2
    assert ahead() == before


@SIDES
def test_cancelling_leaves_a_trail_and_voids_what_was_owed(side, scheduler):
    visit = booking(starts_at=FRIDAY_9 + 2 * DAY)

    cancel(visit, side, by=scheduler)

    assert trail(visit)[-1] == (
        scheduler.pk,
        "appointment.cancelled",
        visit.patient_id,
        "booked>cancelled",
    )
    assert voided(visit) == ["appointments.booked"] + ["appointments.reminder"] * 2
    assert owed(visit) == [("appointments.cancelled", NOW + HOUR)]


@SIDES
def test_the_time_of_a_cancelled_visit_is_owed_to_the_next(side):
    visit = booking()

    cancel(visit, side)

    visit.refresh_from_db()
    assert visit.reoffer_owed


@SIDES
def test_cancelling_twice_is_cancelling_once(side, scheduler):
    visit = booking()

    cancel(visit, side, by=scheduler)
    cancel(visit, side, by=scheduler, now=NOW + 2 * HOUR)

    visit.refresh_from_db()
    assert (visit.ended_at, visit.sequence) == (NOW + HOUR, 2)
    assert len(trail(visit)) == 2
    assert len(owed(visit)) == 1


def test_a_repeated_cancellation_does_not_disturb_the_next_booking():
    entry = make_entry()
    first = booking(entry)
    cancel(first)
    second = booking(entry, FRIDAY_9 + DAY, now=NOW + 2 * HOUR)

    cancel(first, now=NOW + 3 * HOUR)

    second.refresh_from_db()
    entry.refresh_from_db()
    assert second.status == Status.BOOKED
    assert entry.status == EntryStatus.IN_PROGRESS


@pytest.mark.parametrize(
    "case",
    [
        pytest.param({"starts_at": NOW + HOUR}, id="it begins now"),
        pytest.param({"starts_at": NOW}, id="it has begun"),
        pytest.param({"status": Status.PROPOSED}, id="only offered"),
        pytest.param({"status": Status.FULFILLED}, id="made"),
        pytest.param({"status": Status.NOSHOW}, id="missed"),
        pytest.param(
            {"status": Status.CANCELLED, "ending": Ending.BY_CLINIC},
            id="cancelled by the other side",
        ),
    ],
)
def test_a_visit_that_is_not_booked_and_ahead_cannot_be_cancelled(case):
    visit = make_appointment(**case)
    before = (visit.status, visit.entry.status)

    with pytest.raises(actions.NotCancellable, match="Please call the clinic"):
        cancel(visit)

    visit.refresh_from_db()
    visit.entry.refresh_from_db()
    assert (visit.status, visit.entry.status) == before
    assert trail(visit) == []


def test_a_visit_can_be_cancelled_to_the_second_before_it_begins():
    visit = booking()

    cancel(visit, now=FRIDAY_9 - SECOND)

    visit.refresh_from_db()
    assert visit.status == Status.CANCELLED


@OUTCOMES
def test_a_visit_is_recorded_as_made_or_missed(outcome):
    visit = booking()

    came(visit, outcome)

    visit.refresh_from_db()
    visit.entry.refresh_from_db()
    assert visit.status == outcome
    assert visit.entry.status == EntryStatus.COMPLETED
    assert trail(visit)[-1] == (
        visit.therapist.user_id,
        f"visit.{outcome.name.lower()}",
        visit.patient_id,
        f"booked>{outcome}",
    )
    kind_word = [("appointments.missed", visit.ends_at + HOUR)]
    assert owed(visit) == (kind_word if outcome == Status.NOSHOW else [])


@OUTCOMES
def test_recording_a_visit_twice_records_it_once(outcome):
    visit = booking(make_entry(referral=make_referral(sessions=3)))

    for _ in range(2):
        came(visit, outcome)

    assert len(trail(visit)) == 2
    assert visit.entry.referral.waitlist_entries.count() == 2


@OUTCOMES
def test_a_recorded_visit_is_not_recorded_otherwise(outcome):
    visit = came(booking(), outcome)
    other = {Status.FULFILLED, Status.NOSHOW} - {outcome}

    with pytest.raises(actions.TooEarly, match="already recorded"):
        came(visit, other.pop())

    visit.refresh_from_db()
    assert visit.status == outcome


@OUTCOMES
def test_a_visit_cannot_be_recorded_before_it_begins(outcome):
    visit = booking()

    with pytest.raises(actions.TooEarly, match="has not begun yet"):
        came(visit, outcome, now=FRIDAY_9 - SECOND)

    visit.refresh_from_db()
    assert visit.status == Status.BOOKED


@OUTCOMES
def test_a_visit_can_be_recorded_from_its_first_second(outcome):
    visit = booking()

    assert came(visit, outcome, now=FRIDAY_9).status == outcome


@pytest.mark.parametrize("status", [Status.PROPOSED, Status.CANCELLED])
def test_what_was_not_booked_is_not_recorded(status):
    visit = make_appointment(status=status, starts_at=NOW - HOUR)

    with pytest.raises(actions.TooEarly):
        came(visit, now=NOW)

    visit.refresh_from_db()
    assert visit.status == status


def test_only_made_and_missed_are_outcomes_of_a_visit():
    visit = booking()

    with pytest.raises(ValueError, match="not an outcome"):
        came(visit, Status.CANCELLED)


@OUTCOMES
def test_the_plans_next_visit_waits_with_its_clock_on_the_planned_day(outcome):
    _, [wanted], _ = make_clinic()
    entry = make_entry(
        referral=make_referral(sessions=3, interval_days=14),
        need_score=40,
        weekdays="MWF",
        from_time=time(8, 0),
        to_time=time(13, 0),
        notice_hours=48,
        therapist=wanted,
    )
    visit = booking(entry, terms=AGREED)

    came(visit, outcome)

    later = entry.referral.waitlist_entries.get(session=2)
    assert later.status == EntryStatus.ACCEPTED
    assert later.received_at == FRIDAY_9 + 14 * DAY
    assert later.earliest == TODAY + 16 * DAY
    assert (later.asked_at, later.triaged_at) == (visit.ends_at, visit.ends_at)
    kept = ("category", "need_score", "weekdays", "from_time", "to_time")
    for name in (*kept, "notice_hours", "therapist", "patient"):
        assert getattr(later, name) == getattr(entry, name), name
    assert trail(later) == [
        (visit.therapist.user_id, "request.planned", later.patient_id, ">accepted")
    ]


def test_the_planned_day_is_the_local_one():
    evening = at(TODAY + 2 * DAY, "20:00")  # in UTC the day after
    entry = make_entry(referral=make_referral(sessions=2, interval_days=7))
    visit = make_appointment(entry=entry, starts_at=evening)
    WaitlistEntry.objects.filter(pk=entry.pk).update(status=EntryStatus.IN_PROGRESS)

    came(visit)

    later = entry.referral.waitlist_entries.get(session=2)
    assert later.earliest == TODAY + 9 * DAY


@pytest.mark.parametrize("day", [date(2027, 3, 10), date(2027, 11, 3)])
def test_the_planned_clock_shows_the_same_hour_when_clocks_have_changed(day):
    entry = make_entry(referral=make_referral(sessions=2, interval_days=7))
    visit = make_appointment(entry=entry, starts_at=at(day, "08:00"))
    WaitlistEntry.objects.filter(pk=entry.pk).update(status=EntryStatus.IN_PROGRESS)

    came(visit)

    later = entry.referral.waitlist_entries.get(session=2)
    assert later.received_at == at(day + 7 * DAY, "08:00")
    assert later.earliest == day + 7 * DAY


def test_the_plans_next_visit_can_be_given_the_day_planned():
    entry = make_entry(referral=make_referral(sessions=2, interval_days=7))
    visit = came(booking(entry))
    later = entry.referral.waitlist_entries.get(session=2)

    second = booking(later, FRIDAY_9 + 7 * DAY, now=visit.ends_at)

    assert second.status == Status.BOOKED


@OUTCOMES
def test_the_last_visit_completes_the_referral(outcome):
    entry = make_entry(referral=make_referral(sessions=2), session=2)
    visit = booking(entry)

    came(visit, outcome)

    referral = entry.referral
    referral.refresh_from_db()
    assert referral.status == ReferralStatus.COMPLETED
    assert referral.waitlist_entries.count() == 1
    assert trail(referral) == [
        (
            visit.therapist.user_id,
            "referral.completed",
            referral.patient_id,
            "active>completed",
        )
    ]


@OUTCOMES
def test_nothing_more_is_planned_once_the_referral_is_taken_back(outcome):
    entry = make_entry(referral=make_referral(sessions=3))
    visit = booking(entry)
    entry.referral.status = ReferralStatus.REVOKED
    entry.referral.save(update_fields=["status"])

    came(visit, outcome)

    visit.refresh_from_db()
    assert visit.status == outcome
    assert entry.referral.waitlist_entries.count() == 1


def test_a_missed_visit_uses_one_of_those_authorized():
    entry = make_entry(referral=make_referral(sessions=1))
    came(booking(entry), Status.NOSHOW)

    with pytest.raises(actions.ReferralNotInForce):
        actions.ask(
            referral=entry.referral,
            availability=actions.Availability(),
            need=actions.NeedAnswers(
                pain=1, enjoyment=1, activity=1, role_threat=0, sleep=1
            ),
            by=entry.patient.user,
            now=FRIDAY_9 + DAY,
            today=TODAY + 3 * DAY,
        )
