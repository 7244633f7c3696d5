"""A referral stops, or another takes its place: requests, offers and mail follow."""

from __future__ import annotations

import pytest

from appointments import actions
from appointments.actions.visit import record_visit
from appointments.codes import Ending, EntryStatus, RoleThreat, Status
from appointments.models import WaitlistEntry
from massage_portal.accounts.roles import Role
from massage_portal.outbox import sending
from massage_portal.outbox.kinds import kind_of
from referrals import actions as referrals
from referrals.codes import Answer
from referrals.codes import Status as ReferralStatus
from referrals.models import Referral
from tests.factories import (
    DAY,
    NOW,
    TODAY,
    make_appointment,
    make_entry,
    make_message,
    make_precaution,
    make_referral,
    make_user,
)
from tests.referrals.test_actions import an_order, clear, refer
from tests.trail import trail

pytestmark = pytest.mark.django_db
STOPS = {
    "held": ReferralStatus.ON_HOLD,
    "withdrawn": ReferralStatus.REVOKED,
    "entered in error": ReferralStatus.ENTERED_IN_ERROR,
}


@pytest.fixture
def lead():
    return make_user(Role.LEAD, Role.STAFF)


def move(referral, to, by):
    seen = Referral.objects.get(pk=referral.pk).status
    return referrals.move(
        referral=referral, to=to, reason="As told.", seen=seen, by=by, now=NOW
    )


@pytest.mark.parametrize("how", STOPS)
def test_the_open_offers_of_a_referral_that_stops_are_taken_back(lead, how):
    offered = make_appointment(status=Status.PROPOSED)
    another = make_appointment(status=Status.PROPOSED, starts_at=NOW + 9 * DAY)

    move(offered.entry.referral, STOPS[how], lead)

    offered.refresh_from_db()
    another.refresh_from_db()
    assert (offered.status, offered.ending) == (Status.CANCELLED, Ending.WITHDRAWN)
    assert offered.reoffer_owed
    assert another.status == Status.PROPOSED
    entry = WaitlistEntry.objects.get(pk=offered.entry_id)
    assert entry.status == EntryStatus.ACCEPTED  # the place is kept


def test_what_is_booked_stays_booked_until_somebody_has_called(lead):
    booked = make_appointment()

    move(booked.entry.referral, ReferralStatus.ON_HOLD, lead)

    booked.refresh_from_db()
    assert booked.status == Status.BOOKED


@pytest.mark.parametrize("how", STOPS)
def test_nobody_is_reminded_of_a_visit_that_must_not_take_place(lead, how):
    booked = make_appointment()
    kind = "appointments.reminder"
    message = make_message(kind=kind, subject=booked, to=booked.patient.user)
    assert kind_of(kind).render(message) is not None

    move(booked.entry.referral, STOPS[how], lead)

    assert kind_of(kind).render(message) is None


def test_a_reminder_goes_out_again_once_the_provider_has_cleared_it(lead):
    booked = make_appointment()
    message = make_message(
        kind="appointments.reminder", subject=booked, to=booked.patient.user
    )
    held = move(booked.entry.referral, ReferralStatus.ON_HOLD, lead)

    clear(held, by=lead)

    assert sending.send(pk=message.pk, now=NOW)


# --- A referral takes the place of another --------------------------------------------


@pytest.fixture
def ended(lead):
    """A referral past its end."""
    return make_referral(
        valid_from=TODAY - 90 * DAY,
        valid_until=TODAY - DAY,
        received_at=NOW - 90 * DAY,
        sessions=4,
    )


def renew(ended, *, draft=False, lead=None, yes=""):
    """Record what takes its place: by hand, or by completing the renewal's draft."""
    if not draft:
        order, said = an_order(diagnosis=ended.diagnosis), {yes: Answer.YES}
        return refer(ended.patient, order=order, answers=said if yes else {}, by=lead)
    answers = {make_precaution(meaning=yes): Answer.YES} if yes else {}
    new = make_referral(
        patient=ended.patient,
        diagnosis=ended.diagnosis,
        status=ReferralStatus.DRAFT,
        renews=ended,
        received_at=ended.received_at,
    )
    return referrals.complete_draft(referral=new, answers=answers, by=lead, now=NOW)


BOTH_WAYS = pytest.mark.parametrize("draft", [False, True], ids=["by hand", "renewed"])


@BOTH_WAYS
@pytest.mark.parametrize("status", ["requested", "on-hold", "accepted"])
def test_a_request_that_waits_goes_on_with_its_clock(ended, lead, draft, status):
    triaged = {} if status == "accepted" else {"category": None, "triaged_at": None}
    entry = make_entry(referral=ended, session=3, status=status, **triaged)
    before = entry.received_at

    new = renew(ended, draft=draft, lead=lead)

    entry.refresh_from_db()
    assert (entry.referral, entry.session, entry.status) == (new, 1, status)
    assert entry.received_at == before
    assert trail(entry)[-1][1:] == (
        "request.carried_on",
        entry.patient_id,
        f"{ended.pk}>{new.pk}",
    )
    assert Referral.objects.get(pk=ended.pk).status == ReferralStatus.REVOKED
    assert new.renews == ended


@BOTH_WAYS
def test_it_goes_on_also_where_the_new_one_needs_a_clearance(ended, lead, draft):
    entry = make_entry(referral=ended)

    new = renew(ended, draft=draft, lead=lead, yes="clearance")

    entry.refresh_from_db()
    assert (new.status, entry.referral) == (ReferralStatus.ON_HOLD, new)


@BOTH_WAYS
def test_a_visit_not_yet_recorded_stays_and_the_next_one_waits_on_the_new(
    ended, lead, draft
):
    entry = make_entry(referral=ended, session=2, status="in-progress")
    visit = make_appointment(entry=entry, starts_at=NOW - 2 * DAY)
    new = renew(ended, draft=draft, lead=lead)
    entry.refresh_from_db()
    assert entry.referral == ended

    record_visit(appointment=visit, outcome=Status.FULFILLED, by=lead, now=NOW)

    following = new.waitlist_entries.get()
    assert (following.session, following.status) == (1, EntryStatus.ACCEPTED)
    assert following.received_at == visit.starts_at + new.interval_days * DAY
    record_visit(appointment=visit, outcome=Status.FULFILLED, by=lead, now=NOW)
    assert new.waitlist_entries.count() == 1


def test_what_the_patient_asked_for_anew_is_not_listed_twice(ended, lead):
    entry = make_entry(referral=ended, session=2, status="in-progress")
    visit = make_appointment(entry=entry, starts_at=NOW - 2 * DAY)
    new = renew(ended, lead=lead)
    make_entry(referral=new)

    record_visit(appointment=visit, outcome=Status.FULFILLED, by=lead, now=NOW)

    assert new.waitlist_entries.count() == 1


def test_a_letter_that_comes_beside_a_renewal_takes_its_place(ended, lead):
    draft = make_referral(
        patient=ended.patient,
        diagnosis=ended.diagnosis,
        status=ReferralStatus.DRAFT,
        renews=ended,
    )
    entry = make_entry(referral=ended, session=2, status="in-progress")
    visit = make_appointment(entry=entry, starts_at=NOW - 2 * DAY)

    new = renew(ended, lead=lead)

    draft.refresh_from_db()
    assert (new.renews, draft.status) == (ended, ReferralStatus.REVOKED)
    record_visit(appointment=visit, outcome=Status.FULFILLED, by=lead, now=NOW)
    assert new.waitlist_entries.get().session == 1


def test_a_visit_that_a_red_flag_stopped_gives_its_place_to_the_new_referral(lead):
    fever = make_precaution(meaning="not-now")
    stopped = make_referral(received_at=NOW - 60 * DAY)
    entry = make_entry(referral=stopped, waited_days=60, status="in-progress")
    visit = make_appointment(entry=entry, starts_at=NOW + 5 * DAY)
    referrals.screen_again(
        referral=stopped, answers={fever: Answer.YES}, by=lead, now=NOW
    )
    new = refer(stopped.patient, order=an_order(diagnosis=stopped.diagnosis), by=lead)

    actions.cancel(appointment=visit, ending=Ending.BY_CLINIC, by=lead, now=NOW)

    entry.refresh_from_db()
    assert (entry.referral, entry.status) == (new, EntryStatus.ACCEPTED)
    assert entry.received_at == NOW - 60 * DAY


def test_a_renewal_of_a_plan_with_visits_made_does_not_bring_an_old_clock(lead):
    old = make_referral(received_at=NOW - 200 * DAY, status=ReferralStatus.REVOKED)
    made = NOW - 10 * DAY
    make_appointment(
        entry=make_entry(referral=old, status="completed"),
        status=Status.FULFILLED,
        starts_at=made,
    )
    both = {"patient": old.patient, "diagnosis": old.diagnosis}
    new = make_referral(
        **both, renews=old, received_at=old.received_at, interval_days=7
    )

    entry = ask_for(new)

    assert entry.received_at == made + 7 * DAY


def test_a_renewal_of_a_plan_without_a_visit_keeps_the_clock(lead):
    old = make_referral(received_at=NOW - 200 * DAY, status=ReferralStatus.REVOKED)
    both = {"patient": old.patient, "diagnosis": old.diagnosis}
    new = make_referral(**both, renews=old, received_at=old.received_at)

    assert ask_for(new).received_at == NOW - 200 * DAY


def ask_for(referral):
    need = actions.NeedAnswers(5, 5, 5, RoleThreat.NONE, 5)
    return actions.ask(
        referral=referral,
        availability=actions.Availability(),
        need=need,
        by=referral.patient.user,
        now=NOW,
        today=TODAY,
    )


# --- The day that it came in is put right ---------------------------------------------


def correct(referral, by, **changes):
    names = referrals.Order.__dataclass_fields__
    fields = {name: getattr(referral, name) for name in names}
    order = referrals.Order(**fields | {"other_diagnoses": ()} | changes)
    version = Referral.objects.get(pk=referral.pk).version
    return referrals.correct_referral(
        referral=referral, order=order, seen=version, by=by, now=NOW
    )


def test_a_request_that_waits_gets_the_right_clock(lead):
    referral = make_referral(received_at=NOW - 20 * DAY)
    entry = make_entry(referral=referral, waited_days=20)
    assert entry.received_at == referral.received_at

    correct(referral, lead, received_at=NOW - 50 * DAY)

    entry.refresh_from_db()
    assert entry.received_at == NOW - 50 * DAY
    assert trail(entry)[-1][1] == "request.clock_corrected"


def test_a_later_visit_keeps_its_planned_day_and_so_does_one_carried_on(lead):
    later = make_entry(referral=make_referral(received_at=NOW - 20 * DAY), session=2)
    carried = make_entry(referral=make_referral(received_at=NOW), waited_days=70)
    before = {one.pk: one.received_at for one in (later, carried)}

    for one in (later, carried):
        correct(one.referral, lead, received_at=NOW - 50 * DAY)

    for one in (later, carried):
        one.refresh_from_db()
        assert one.received_at == before[one.pk]


def test_other_corrections_leave_the_clock_alone(lead):
    entry = make_entry()

    correct(entry.referral, lead, sessions=3)

    entry.refresh_from_db()
    assert "request.clock_corrected" not in [row[1] for row in trail(entry)]
