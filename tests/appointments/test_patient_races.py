"""A patient in two browsers, and on the telephone at the same time: one true state."""

from __future__ import annotations

import pytest

from appointments import actions
from appointments.codes import Ending, EntryStatus, Status
from appointments.models import WaitlistEntry
from massage_portal.accounts.roles import Role
from tests.factories import NOW, make_appointment, make_entry, make_question, make_user
from tests.threads import errors, together, won

pytestmark = pytest.mark.usefixtures("committed")


def test_of_two_browsers_one_changes_the_availability_and_the_other_is_told():
    entry = make_entry()

    def change(weekdays):
        return actions.change_availability(
            entry=entry,
            availability=actions.Availability(weekdays=weekdays),
            version=1,
            by=entry.patient.user,
            now=NOW,
        )

    results = together(lambda: change("M"), lambda: change("F"))

    assert [type(one) for one in errors(results)] == [actions.ChangedMeanwhile]
    assert WaitlistEntry.objects.get().version == 2


def test_of_two_answers_to_a_question_at_once_one_counts():
    question = make_question()
    staff = [make_user(Role.SCHEDULER), make_user(Role.SCHEDULER)]

    def reply(by):
        return actions.answer_question(question=question, words="Yes.", by=by, now=NOW)

    results = together(lambda: reply(staff[0]), lambda: reply(staff[1]))

    assert [type(one) for one in errors(results)] == [actions.AlreadyAnswered]


def test_an_offer_accepted_here_and_declined_at_the_telephone_ends_in_one_state():
    offer = make_appointment(status=Status.PROPOSED)
    patient, staff = offer.patient, make_user(Role.SCHEDULER)

    results = together(
        lambda: actions.accept(appointment=offer, by=patient.user, now=NOW),
        lambda: actions.by_telephone(
            actions.decline, patient=patient, appointment=offer, by=staff, now=NOW
        ),
    )

    assert [type(one) for one in errors(results)] == [actions.OfferGone]
    [kept] = won(results)
    offer.refresh_from_db()
    assert (offer.status, offer.by_telephone) == (kept.status, kept.by_telephone)
    assert offer.by_telephone == (offer.status == Status.CANCELLED)
    booked = offer.status == Status.BOOKED
    entry = WaitlistEntry.objects.get()
    assert (entry.status == EntryStatus.IN_PROGRESS) == booked


def test_a_visit_confirmed_here_and_canceled_there_is_canceled():
    visit = make_appointment()
    by = {"appointment": visit, "by": visit.patient.user, "now": NOW}

    results = together(
        lambda: actions.confirm(**by),
        lambda: actions.cancel(ending=Ending.BY_PATIENT, **by),
    )

    visit.refresh_from_db()
    late = [type(one) for one in errors(results)]
    assert visit.status == Status.CANCELLED
    assert late == ([] if visit.confirmed_at else [actions.NotConfirmable])
