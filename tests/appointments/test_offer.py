"""Free time is held for a patient by an offer, or booked at once."""

from __future__ import annotations

from datetime import timedelta

import pytest

from appointments import actions
from appointments.codes import Ending, EntryStatus, Status
from appointments.models import Appointment, Therapist, TimeOff
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
    make_diagnosis,
    make_entry,
    make_patient,
    make_policy,
    make_referral,
    make_user,
    opening_at,
)
from tests.trail import owed, trail, voided

pytestmark = pytest.mark.django_db

FRIDAY = TODAY + 2 * DAY
FRIDAY_9 = at(FRIDAY, "09:00")
BOTH = pytest.mark.parametrize("give", [actions.offer, actions.book])


@pytest.fixture
def opening():
    """Friday at 9, with a therapist who works from 8 to 12 and the only room."""
    _, [therapist], [room] = make_clinic()
    return opening_at(therapist, room, FRIDAY_9)


@pytest.fixture
def scheduler():
    return make_user(Role.SCHEDULER)


def offer(entry, opening, *, by=None, now=NOW):
    return actions.offer(entry=entry, opening=opening, by=by, now=now)


def at_clock(opening, clock):
    """Return the same therapist's and room's opening at another time of the day."""
    moved = at(FRIDAY, clock) - opening.starts_at
    return opening._replace(
        starts_at=opening.starts_at + moved,
        ends_at=opening.ends_at + moved,
        blocked_until=opening.blocked_until + moved,
    )


def test_an_offer_holds_the_time_for_one_patient(opening, scheduler):
    entry = make_entry()

    made = offer(entry, opening, by=scheduler)

    made.refresh_from_db()
    assert made.status == Status.PROPOSED
    assert (made.entry, made.patient) == (entry, entry.patient)
    assert (made.therapist_id, made.room_id) == (opening.therapist, opening.room)
    assert (made.starts_at, made.ends_at) == (FRIDAY_9, opening.ends_at)
    assert made.blocked_until == opening.blocked_until
    assert (made.offered_at, made.held_until) == (NOW, NOW + DAY)
    entry.refresh_from_db()
    assert entry.status == EntryStatus.ACCEPTED


def test_an_offer_leaves_a_trail_and_owes_its_message_until_the_hold_ends(
    opening, scheduler
):
    entry = make_entry()

    made = offer(entry, opening, by=scheduler)

    assert trail(made) == [
        (scheduler.pk, "appointment.offered", entry.patient_id, ">proposed")
    ]
    assert owed(made)[0] == ("appointments.offer", NOW)
    ends = set(entry.patient.user.messages.values_list("expires_at", flat=True))
    assert ends == {made.held_until}


@pytest.mark.parametrize(
    ("hours_ahead", "held_for"),
    [
        pytest.param(47, timedelta(hours=24), id="a day, as policy says"),
        pytest.param(23, timedelta(hours=11), id="until the night comes"),
        pytest.param(9, timedelta(hours=5), id="until the notice before the visit"),
        pytest.param(2, timedelta(minutes=30), id="half an hour at least"),
        pytest.param(0.5, timedelta(minutes=30), id="never past the start"),
    ],
)
def test_a_hold_lasts_as_long_as_policy_and_the_visit_allow(hours_ahead, held_for):
    _, [therapist], [room] = make_clinic(hours=("00:00", "23:30"))
    starts_at = NOW + hours_ahead * HOUR

    entry = make_entry(notice_hours=0)
    made = offer(entry, opening_at(therapist, room, starts_at))

    assert made.held_until == NOW + held_for


def test_policy_decides_how_long_an_offer_holds(opening):
    make_policy(hold_hours=6)

    assert offer(make_entry(), opening).held_until == NOW + 6 * HOUR


@BOTH
@pytest.mark.parametrize(
    "status", [status for status in EntryStatus if status != EntryStatus.ACCEPTED]
)
def test_only_who_waits_is_given_a_time(give, status, opening, scheduler):
    triaged = {} if status not in ("requested", "rejected") else {"category": None}
    entry = make_entry(status=status, **triaged)

    with pytest.raises(actions.NotWaiting, match="is not waiting for a time any more"):
        give(entry=entry, opening=opening, by=scheduler, now=NOW)

    assert not Appointment.objects.exists()


@BOTH
@pytest.mark.parametrize(
    ("valid_from", "valid_until", "covered"),
    [
        pytest.param(TODAY, FRIDAY, True, id="its last day counts"),
        pytest.param(FRIDAY, FRIDAY + DAY, True, id="its first day counts"),
        pytest.param(TODAY, FRIDAY - DAY, False, id="it ended the day before"),
        pytest.param(FRIDAY + DAY, FRIDAY + DAY, False, id="it begins the day after"),
    ],
)
def test_a_time_is_given_only_on_a_day_that_the_referral_covers(
    give, valid_from, valid_until, covered, opening, scheduler
):
    referral = make_referral(valid_from=valid_from, valid_until=valid_until)
    entry = make_entry(referral=referral)

    if covered:
        give(entry=entry, opening=opening, by=scheduler, now=NOW)
    else:
        with pytest.raises(actions.NotWaiting, match="does not cover that day"):
            give(entry=entry, opening=opening, by=scheduler, now=NOW)

    assert Appointment.objects.exists() is covered


def test_the_day_that_must_be_covered_is_the_local_one():
    _, [therapist], [room] = make_clinic(hours=("18:00", "23:00"))
    evening = at(FRIDAY, "21:00")  # in UTC already Saturday
    entry = make_entry(referral=make_referral(valid_until=FRIDAY))

    assert offer(entry, opening_at(therapist, room, evening)).starts_at == evening


@BOTH
def test_a_referral_on_hold_gives_no_time(give, opening, scheduler):
    entry = make_entry(referral=make_referral(status=ReferralStatus.ON_HOLD))

    with pytest.raises(actions.NotWaiting, match="does not cover"):
        give(entry=entry, opening=opening, by=scheduler, now=NOW)


def test_a_patient_has_one_open_offer_at_a_time(opening):
    entry = make_entry()
    offer(entry, opening)

    with pytest.raises(actions.NotWaiting, match="already has an offer"):
        offer(entry, at_clock(opening, "10:00"))

    assert Appointment.objects.count() == 1


def test_who_let_an_offer_lapse_can_be_offered_another_time(opening):
    entry = make_entry()
    first = offer(entry, opening)

    second = offer(entry, at_clock(opening, "10:00"), now=first.held_until)

    assert second.starts_at == at(FRIDAY, "10:00")


def _away(opening):
    TimeOff.objects.create(
        therapist_id=opening.therapist, starts_at=FRIDAY_9, ends_at=FRIDAY_9 + HOUR
    )


def _held_for_another(opening):
    offer(make_entry(), opening)


def _booked_by_another(opening):
    scheduler = make_user(Role.SCHEDULER)
    actions.book(entry=make_entry(), opening=opening, by=scheduler, now=NOW)


def _room_taken(opening):
    colleague = make_appointment(room_id=opening.room, starts_at=FRIDAY_9)
    assert colleague.therapist_id != opening.therapist


def _left(opening):
    Therapist.objects.filter(pk=opening.therapist).update(active=False)


@BOTH
@pytest.mark.parametrize(
    "happened", [_away, _held_for_another, _booked_by_another, _room_taken, _left]
)
def test_a_time_that_is_free_no_more_is_refused_kindly(
    give, happened, opening, scheduler
):
    happened(opening)
    entry = make_entry()
    before = Appointment.objects.count()

    with pytest.raises(actions.TimeTaken, match="has just been taken"):
        give(entry=entry, opening=opening, by=scheduler, now=NOW)

    assert Appointment.objects.count() == before
    assert not entry.patient.user.messages.exists()


@BOTH
@pytest.mark.parametrize("clock", ["07:30", "09:10", "11:30"])
def test_a_time_that_never_was_an_opening_is_refused(give, clock, opening, scheduler):
    made_up = at_clock(opening, clock)

    with pytest.raises(actions.TimeTaken):
        give(entry=make_entry(), opening=made_up, by=scheduler, now=NOW)

    assert not Appointment.objects.exists()


@BOTH
def test_a_patient_is_not_given_two_visits_at_once(give, opening, scheduler):
    patient = make_patient()
    back = make_diagnosis("M54.50", "Low back pain, unspecified")
    other = make_referral(patient=patient, diagnosis=back)
    elsewhere = make_entry(referral=other, status=EntryStatus.IN_PROGRESS)
    make_appointment(entry=elsewhere, starts_at=FRIDAY_9 + HOUR / 2)
    entry = make_entry(referral=make_referral(patient=patient))

    with pytest.raises(actions.TimeTaken):
        give(entry=entry, opening=opening, by=scheduler, now=NOW)

    assert entry.appointments.count() == 0


@BOTH
def test_a_lapsed_offer_stands_in_nobodys_way(give, opening, scheduler):
    lapsed = offer(make_entry(), opening)
    moment = lapsed.held_until

    made = give(entry=make_entry(), opening=opening, by=scheduler, now=moment)

    lapsed.refresh_from_db()
    assert (lapsed.status, lapsed.ending) == (Status.CANCELLED, Ending.LAPSED)
    assert trail(lapsed)[-1] == (
        None,
        "appointment.lapsed",
        lapsed.patient_id,
        "proposed>cancelled",
    )
    assert made.starts_at == lapsed.starts_at


@BOTH
def test_an_offer_still_held_stands_in_the_way_to_its_last_second(
    give, opening, scheduler
):
    held = offer(make_entry(), opening)

    with pytest.raises(actions.TimeTaken):
        give(
            entry=make_entry(),
            opening=opening,
            by=scheduler,
            now=held.held_until - timedelta(seconds=1),
        )


def test_booking_at_once_books_without_an_offer_mail(opening, scheduler):
    entry = make_entry()

    made = actions.book(entry=entry, opening=opening, by=scheduler, now=NOW)

    made.refresh_from_db()
    assert (made.status, made.booked_at) == (Status.BOOKED, NOW)
    assert (made.starts_at, made.held_until) == (FRIDAY_9, None)
    entry.refresh_from_db()
    assert (entry.status, entry.version) == (EntryStatus.IN_PROGRESS, 2)
    assert trail(made) == [
        (scheduler.pk, "appointment.booked", entry.patient_id, ">booked")
    ]
    assert [kind for kind, _ in owed(made)] == [
        "appointments.booked",
        "appointments.reminder",
    ]
    assert voided(made) == []


def test_booking_at_once_ends_the_offer_that_was_out(opening, scheduler):
    entry = make_entry()
    out = offer(entry, opening)
    sooner = at_clock(opening, "08:00")

    actions.book(entry=entry, opening=sooner, by=scheduler, now=NOW)

    out.refresh_from_db()
    assert (out.status, out.ending) == (Status.CANCELLED, Ending.WITHDRAWN)
    assert voided(out) == ["appointments.offer", "appointments.lapsing"]
