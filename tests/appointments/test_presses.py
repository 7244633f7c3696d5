"""The same thing done many times at once is done once: real threads, one database."""

from __future__ import annotations

from functools import partial

import pytest

from appointments import actions
from appointments.codes import Ending, EntryStatus, Status
from massage_portal.audit.models import AuditEvent
from massage_portal.outbox.models import Message
from tests.factories import (
    NOW,
    TODAY,
    make_appointment,
    make_entry,
    make_referral,
)
from tests.threads import errors, together, won

pytestmark = pytest.mark.usefixtures("committed")


def test_a_patient_pressing_accept_sixteen_times_at_once_books_once():
    made = make_appointment(status=Status.PROPOSED)
    accept = partial(actions.accept, appointment=made, by=made.patient.user, now=NOW)

    outcomes = together(*[accept] * 16)

    assert won(outcomes) == [made] * 16
    assert AuditEvent.objects.filter(action="appointment.booked").count() == 1
    assert Message.objects.filter(kind="appointments.booked").count() == 1
    assert made.entry.appointments.count() == 1


def test_a_patient_pressing_cancel_sixteen_times_at_once_cancels_once():
    made = make_appointment()
    cancel = partial(
        actions.cancel,
        appointment=made,
        ending=Ending.BY_PATIENT,
        by=made.patient.user,
        now=NOW,
    )

    assert len(won(together(*[cancel] * 16))) == 16

    made.refresh_from_db()
    assert (made.status, made.sequence) == (Status.CANCELLED, 1)
    assert AuditEvent.objects.filter(action="appointment.cancelled").count() == 1


def test_asking_eight_times_at_once_makes_one_request():
    referral = make_referral(sessions=5)
    ask = partial(
        actions.ask,
        referral=referral,
        availability=actions.Availability(),
        need=actions.NeedAnswers(
            pain=5, enjoyment=5, activity=5, role_threat=0, sleep=5
        ),
        by=referral.patient.user,
        now=NOW,
        today=TODAY,
    )

    outcomes = together(*[ask] * 8)

    [entry] = won(outcomes)
    assert {error.entry for error in errors(outcomes)} == {entry}
    assert {type(error) for error in errors(outcomes)} == {actions.AlreadyAsked}


def test_recording_one_visit_eight_times_at_once_plans_one_next_visit():
    entry = make_entry(
        referral=make_referral(sessions=3), status=EntryStatus.IN_PROGRESS
    )
    visit = make_appointment(entry=entry)
    recorded = partial(
        actions.record_visit,
        appointment=visit,
        outcome=Status.FULFILLED,
        by=visit.therapist.user,
        now=visit.ends_at,
    )

    assert len(won(together(*[recorded] * 8))) == 8

    assert entry.referral.waitlist_entries.count() == 2
    assert AuditEvent.objects.filter(action="request.planned").count() == 1
