"""Two people at one visit: at the front desk, and over its note. By real threads."""

from __future__ import annotations

from functools import partial

import pytest

from appointments import actions
from appointments.codes import Ending, Status
from appointments.models import Appointment
from tests.appointments.sound import REMINDED, faults
from tests.appointments.test_check_in import EARLY, NINE, booking, on, steps
from tests.appointments.test_note import a_visit, told, write
from tests.threads import errors, together, won

pytestmark = pytest.mark.usefixtures("committed")


def at_once(first, second):
    """Race two acts on a new visit; return the visit and what became of each."""
    visit = booking(sessions=2)
    outcomes = together(on(visit)[first], on(visit)[second])
    visit.refresh_from_db()
    return visit, outcomes


@pytest.mark.parametrize("second", ["arrive", "check in", "came", "missed"])
def test_two_people_record_one_patient_at_once(second):
    visit, outcomes = at_once("arrive", second)

    refused = errors(outcomes)
    assert {type(one) for one in refused} <= {actions.TooEarly}
    assert len(refused) == (1 if second == "missed" else 0)
    assert visit.status in (Status.ARRIVED, second_state(second))
    assert len(steps(visit)) <= 3
    assert faults(NINE, but=REMINDED) == {}


def second_state(act):
    states = {"check in": Status.CHECKED_IN, "came": Status.FULFILLED}
    return states.get(act, Status.NOSHOW if act == "missed" else Status.ARRIVED)


def test_a_visit_undone_eight_times_at_once_is_booked_again_once():
    visit = booking(sessions=2)
    on(visit)["came"]()

    outcomes = together(*[on(visit)["undo"]] * 8)

    assert len({again.pk for again in won(outcomes)}) == 1
    assert errors(outcomes) == []
    assert visit.replaced_by.count() == 1
    assert faults(NINE, but=REMINDED) == {}


def test_canceling_races_arriving_and_one_of_them_stands():
    visit = booking()
    side = {"ending": Ending.BY_CLINIC, "by": visit.therapist.user, "now": EARLY}
    cancel = partial(actions.cancel, appointment=visit, **side)

    outcomes = together(cancel, on(visit, EARLY)["arrive"])

    assert len(won(outcomes)) == 1
    visit.refresh_from_db()
    assert visit.status in (Status.CANCELLED, Status.ARRIVED)
    assert faults(EARLY, but=REMINDED) == {}


def test_signing_races_amending_and_nobody_signs_what_they_did_not_read():
    visit = a_visit()
    first = write(visit)
    sign = partial(write, visit, seen=1, sign=True)
    amend = partial(write, visit, "Knee, too.", seen=1)

    outcomes = together(sign, amend)

    first.refresh_from_db()
    second = Appointment.objects.get(pk=visit.pk).notes.get(number=2)
    assert second.signed_at is None
    refused = errors(outcomes)
    assert [type(one) for one in refused] in ([], [actions.NoteChanged])
    assert (first.signed_at is None) == bool(refused)
    began = "note.written" if refused else "note.amended"
    assert told(second)[0][1] == began


def test_a_note_sent_eight_times_at_once_is_kept_once():
    visit = a_visit()

    outcomes = together(*[partial(write, visit, sign=True)] * 8)

    assert len({note.pk for note in won(outcomes)}) == 1
    assert errors(outcomes) == []
    assert visit.notes.count() == 1
