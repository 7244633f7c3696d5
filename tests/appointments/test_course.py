"""The visits of a plan: what was, what is, and the days planned for the rest."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from appointments import actions
from appointments.codes import EntryStatus, RoleThreat, Status
from appointments.course import Known, State, course
from appointments.models import WaitlistEntry
from appointments.views.standing import plan_of
from massage_portal.accounts.roles import Role
from tests.appointments.pages import signed_in, url
from tests.factories import (
    DAY,
    NOW,
    TODAY,
    make_appointment,
    make_entry,
    make_referral,
    make_user,
)

WEEK = timedelta(days=7)
FAR = date(2027, 12, 31)
MILD = actions.NeedAnswers(1, 1, 1, RoleThreat.NONE, 1)


def of(known, **changes):
    values = {"sessions": 4, "covered": 4, "until": FAR, "interval_days": 7}
    found = course(known, today=TODAY, **values | changes)
    return [(one.state.value, one.day, one.soonest) for one in found]


def test_what_was_made_or_booked_plans_the_visits_after_it():
    known = {1: Known(State.MADE, TODAY - WEEK), 2: Known(State.BOOKED, TODAY + DAY)}

    assert of(known) == [
        ("made", TODAY - WEEK, False),
        ("booked", TODAY + DAY, False),
        ("planned", TODAY + DAY + WEEK, False),
        ("planned", TODAY + DAY + 2 * WEEK, False),
    ]


def test_no_visit_is_planned_for_a_day_that_is_over():
    assert (
        of({1: Known(State.MADE, TODAY - 2 * WEEK)})[1:]
        == [("planned", None, False)] * 3
    )


def test_after_a_visit_without_a_time_only_the_soonest_day_is_known():
    known = {1: Known(State.MISSED, TODAY - DAY), 2: Known(State.WAITING, None)}

    assert of(known)[1:] == [
        ("waiting", None, True),
        ("planned", TODAY + WEEK, True),
        ("planned", TODAY + 2 * WEEK, True),
    ]


def test_a_planned_day_ahead_counts_before_today():
    ahead = TODAY + 3 * DAY
    assert of({1: Known(State.WAITING, ahead)})[1] == ("planned", ahead + WEEK, True)


def test_visits_that_nobody_pays_for_or_after_the_end_are_not_planned():
    known = {1: Known(State.MADE, TODAY)}
    states = [state for state, _day, _soonest in of(known, covered=2)]
    assert states == ["made", "planned", "not-covered", "not-covered"]
    ended = [state for state, *_ in of(known, until=TODAY + WEEK)]
    assert ended == ["made", "planned", "not-covered", "not-covered"]


def test_a_plan_of_which_nothing_was_asked_has_no_days():
    assert of({}) == [("planned", None, False)] * 4


# --- From the database ----------------------------------------------------------------


@pytest.fixture
def after_the_first(db, monkeypatch):
    """A plan of 4 visits, a week apart, of which the first was made yesterday."""
    monkeypatch.setattr("django.utils.timezone.now", lambda: NOW)
    referral = make_referral(sessions=4, interval_days=7)
    entry = make_entry(referral=referral, status=EntryStatus.IN_PROGRESS)
    visit = make_appointment(entry=entry, starts_at=NOW - DAY)
    by = make_user(Role.SCHEDULER)
    actions.record_visit(
        appointment=visit, outcome=Status.FULFILLED, by=by, now=NOW - DAY / 2
    )
    return referral


def test_the_next_visit_waits_from_its_planned_day_and_never_before(after_the_first):
    second = after_the_first.waitlist_entries.get(session=2)

    assert second.received_at == NOW - DAY + WEEK
    assert second.earliest == TODAY - DAY + WEEK
    found = plan_of(after_the_first, now=NOW)
    assert [(one.state.value, one.day) for one in found] == [
        ("made", TODAY - DAY),
        ("waiting", TODAY - DAY + WEEK),
        ("planned", TODAY - DAY + 2 * WEEK),
        ("planned", TODAY - DAY + 3 * WEEK),
    ]


def test_patient_and_staff_see_the_days_to_come(after_the_first):
    second = after_the_first.waitlist_entries.get(session=2)
    patient = after_the_first.patient
    own = signed_in(patient.user).get(url("standing", second.pk))
    staff = signed_in(make_user(Role.SCHEDULER)).get(url("caller", patient.pk))

    for said in (own.content.decode(), staff.content.decode()):
        assert "Made on Oct. 13, 2026" in said
        assert "on Oct. 20, 2026 or later" in said
        assert "Planned: Oct. 27, 2026 at the soonest" in said
        assert "Planned: Nov. 3, 2026 at the soonest" in said
        assert "We received your referral" not in said


def test_who_withdraws_a_later_visit_and_asks_again_waits_from_its_planned_day(
    after_the_first,
):
    """The referral's clock is that of a wait that is over."""
    patient = after_the_first.patient
    second = after_the_first.waitlist_entries.get(session=2)
    actions.withdraw(entry=second, by=patient.user, now=NOW)

    again = actions.ask(
        referral=after_the_first,
        availability=actions.Availability(),
        need=MILD,
        by=patient.user,
        now=NOW,
        today=TODAY,
    )

    assert (again.session, again.received_at) == (2, NOW - DAY + WEEK)
    assert again.earliest == TODAY - DAY + WEEK


@pytest.mark.parametrize(
    ("asked", "kept"), [(None, 0), (TODAY, 0), (TODAY + 30 * DAY, 24)]
)
def test_no_answer_moves_the_visit_before_its_planned_day(after_the_first, asked, kept):
    second = after_the_first.waitlist_entries.get(session=2)
    planned = TODAY - DAY + WEEK

    changed = actions.change_availability(
        entry=second,
        availability=actions.Availability(earliest=asked),
        version=second.version,
        by=after_the_first.patient.user,
        now=NOW,
    )

    assert changed.earliest == planned + kept * DAY


def test_a_last_day_before_the_planned_one_is_refused_beside_its_field(after_the_first):
    second = after_the_first.waitlist_entries.get(session=2)
    wanted = actions.Availability(latest=TODAY + 2 * DAY)
    with pytest.raises(actions.NotAskable, match=r"planned for Oct\. 20, 2026"):
        actions.change_availability(
            entry=second,
            availability=wanted,
            version=second.version,
            by=after_the_first.patient.user,
            now=NOW,
        )
    client = signed_in(after_the_first.patient.user)
    sent = {"weekdays": "any", "times": "any", "notice_hours": "24", "version": "1"}
    late = {"latest_month": "10", "latest_day": "16", "latest_year": "2026"}

    answer = client.post(url("change_when", second.pk), sent | late)

    assert answer.status_code == 422
    assert list(answer.context["form"].errors) == ["latest"]
    assert WaitlistEntry.objects.get(pk=second.pk).version == second.version


def test_later_visits_are_planned_from_the_first_day_that_suits(after_the_first):
    second = after_the_first.waitlist_entries.get(session=2)
    second.earliest = TODAY + 3 * WEEK
    second.save()

    found = plan_of(after_the_first, now=NOW)

    assert [(one.state.value, one.day) for one in found[1:3]] == [
        ("waiting", TODAY + 3 * WEEK),
        ("planned", TODAY + 4 * WEEK),
    ]
