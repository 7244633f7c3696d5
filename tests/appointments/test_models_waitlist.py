"""What the database itself refuses of the waiting list, each constraint by its name."""

from __future__ import annotations

from datetime import time

import pytest
from django.db import IntegrityError, InternalError, transaction

from appointments.codes import ENTRY_OPEN, ENTRY_TRANSITIONS, EntryStatus, RoleThreat
from appointments.models import NeedReport, WaitlistEntry
from tests.factories import (
    DAY,
    NOW,
    TODAY,
    make_category,
    make_entry,
    make_referral,
    make_request,
    make_technique,
)

pytestmark = pytest.mark.django_db

NEEDS_TRIAGE = [EntryStatus.ACCEPTED, EntryStatus.IN_PROGRESS, EntryStatus.COMPLETED]
OVER = [EntryStatus.REJECTED, EntryStatus.CANCELLED]
COUNTED = [status for status in EntryStatus if status not in OVER]


def change(row, **fields):
    """Change a saved row by one bare UPDATE, past all of our own code."""
    return type(row).objects.filter(pk=row.pk).update(**fields)


def test_every_state_of_an_entry_is_kept_and_no_other():
    kept = [make_entry(status=status).status for status in EntryStatus]
    assert kept == EntryStatus.values

    with pytest.raises(IntegrityError, match='"entry_status_is_known"'):
        make_entry(status="triaged")


@pytest.mark.parametrize("half", ["category", "triaged_at"])
def test_triage_cannot_be_recorded_by_halves(half):
    untriaged = make_request()
    both = {"category": make_category(), "triaged_at": NOW}
    assert change(untriaged, **both) == 1
    assert change(untriaged, category=None, triaged_at=None) == 1

    with pytest.raises(IntegrityError, match='"entry_triage_is_whole"'):
        change(untriaged, **{half: both[half]})


@pytest.mark.parametrize("status", NEEDS_TRIAGE)
def test_nobody_waits_for_a_time_before_triage(status):
    assert make_entry(status=status).category is not None

    with pytest.raises(IntegrityError, match='"entry_waits_only_after_triage"'):
        make_entry(status=status, category=None)


@pytest.mark.parametrize(
    "status", [status for status in EntryStatus if status not in NEEDS_TRIAGE]
)
def test_what_does_not_wait_needs_no_category(status):
    """The other half of entry_waits_only_after_triage."""
    assert make_entry(status=status, category=None).category is None


def test_a_need_score_lies_between_0_and_100():
    entry = make_entry(need_score=0)
    assert change(entry, need_score=100) == 1

    with pytest.raises(IntegrityError, match='"entry_need_score_is_0_to_100"'):
        change(entry, need_score=101)


def test_a_need_score_is_never_negative():
    with pytest.raises(IntegrityError, match="need_score_check"):
        make_entry(need_score=-1)


def test_visits_of_a_plan_count_from_one():
    assert make_entry(session=1).session == 1

    with pytest.raises(IntegrityError, match='"entry_session_is_positive"'):
        make_entry(session=0)


AT_THE_BOUND = [
    pytest.param({"from_time": time(9), "to_time": time(9, 1)}, id="one minute"),
    pytest.param({"earliest": TODAY, "latest": TODAY}, id="one day"),
    pytest.param({"earliest": TODAY}, id="no last day"),
    pytest.param({"latest": TODAY}, id="no first day"),
]
PAST_IT = [
    pytest.param({"from_time": time(9), "to_time": time(9)}, id="no time at all"),
    pytest.param({"from_time": time(9), "to_time": time(8)}, id="times backward"),
    pytest.param({"earliest": TODAY, "latest": TODAY - DAY}, id="days backward"),
]


@pytest.mark.parametrize("wish", AT_THE_BOUND)
def test_a_patient_may_ask_for_one_minute_or_one_day(wish):
    """One half of entry_availability_runs_forward."""
    assert make_entry(**wish).pk


@pytest.mark.parametrize("wish", PAST_IT)
def test_availability_cannot_run_backward(wish):
    with pytest.raises(IntegrityError, match='"entry_availability_runs_forward"'):
        make_entry(**wish)


@pytest.mark.parametrize("weekdays", ["MTWRFSU", "M", "U", "TR", "MWF"])
def test_any_set_of_weekdays_in_order_is_kept(weekdays):
    """One half of entry_weekdays_are_letters."""
    assert make_entry(weekdays=weekdays).weekdays == weekdays


@pytest.mark.parametrize("weekdays", ["", "m", "MM", "TM", "X", "M T", "M\n"])
def test_weekdays_are_known_letters_in_order_at_least_one(weekdays):
    with pytest.raises(IntegrityError, match='"entry_weekdays_are_letters"'):
        make_entry(weekdays=weekdays)


@pytest.mark.parametrize("status", COUNTED)
def test_a_session_of_a_referral_is_asked_for_once(status):
    referral = make_referral()
    make_entry(referral=referral, status=status)

    with pytest.raises(IntegrityError, match='"entry_one_per_session_of_a_referral"'):
        make_entry(referral=referral)


@pytest.mark.parametrize("status", OVER)
def test_a_session_declined_or_withdrawn_may_be_asked_for_again(status):
    """The other half of entry_one_per_session_of_a_referral."""
    referral = make_referral()
    make_entry(referral=referral, status=status)
    make_entry(referral=referral, status=status)

    again = make_entry(referral=referral)

    assert list(referral.waitlist_entries.open()) == [again]
    assert make_entry(referral=referral, session=2).pk
    assert make_entry(referral=make_referral()).session == again.session


def test_the_open_states_are_those_with_a_way_out_but_for_what_an_undo_opens():
    leading_on = {old for old, new in ENTRY_TRANSITIONS.items() if new}
    assert set(ENTRY_OPEN) == leading_on - {EntryStatus.COMPLETED}


def allowed_from(entry):
    """Return the states that a bare UPDATE can reach from this row's state."""
    reached = set()
    for new in EntryStatus:
        try:
            with transaction.atomic():
                assert change(entry, status=new) == 1
                transaction.set_rollback(True)
        except InternalError as refusal:
            # The server names the function of the trigger that said no.
            if "legal_entry_changes" not in refusal.__cause__.diag.context:
                raise
        else:
            reached.add(new)
    return reached


@pytest.mark.parametrize("old", EntryStatus)
def test_an_entry_takes_only_legal_steps(old):
    assert allowed_from(make_entry(status=old)) == ENTRY_TRANSITIONS[old] | {old}


def make_need(**fields):
    entry = make_entry()
    values = {
        "entry": entry,
        "reported_at": NOW,
        "reported_by": entry.referral.recorded_by,
        "role_threat": RoleThreat.NONE,
        **dict.fromkeys(["pain", "enjoyment", "activity", "sleep"], 0),
    }
    return NeedReport.objects.create(**values | fields)


@pytest.mark.parametrize("answer", ["pain", "enjoyment", "activity", "sleep"])
def test_answers_about_need_lie_between_0_and_10(answer):
    report = make_need(**{answer: 10})
    assert change(report, **{answer: 0}) == 1

    with pytest.raises(IntegrityError, match='"need_answers_are_0_to_10"'):
        change(report, **{answer: 11})


def test_every_threat_to_a_role_is_kept_and_no_other():
    kept = [make_need(role_threat=threat).role_threat for threat in RoleThreat]
    assert kept == RoleThreat.values

    with pytest.raises(IntegrityError, match='"need_role_threat_is_known"'):
        make_need(role_threat=8)


@pytest.mark.parametrize("minutes", [None, 9, 241])
def test_a_kind_is_kept_with_its_length_or_not_at_all(minutes):
    entry = make_entry()
    entry.kept_technique, entry.kept_minutes = make_technique(), minutes

    with pytest.raises(IntegrityError, match='"entry_keeps_a_kind_whole"'):
        entry.save()


def test_an_entry_is_changed_by_a_bare_update_only_where_no_rule_says_no():
    """So that a refusal above is the rule's, and not the way it was asked."""
    entry = make_entry()
    assert change(entry, note="We need to know more.", version=2) == 1
    assert WaitlistEntry.objects.get(pk=entry.pk).version == 2
