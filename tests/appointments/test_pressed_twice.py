"""A staff button pressed twice is one act; two people's acts are two."""

from __future__ import annotations

from functools import partial

import pytest
from django.test import Client

from appointments import actions
from appointments.codes import Status
from massage_portal.accounts.roles import Role
from massage_portal.audit.models import AuditEvent
from tests.factories import (
    DAY,
    NOW,
    TODAY,
    at,
    make_appointment,
    make_category,
    make_clinic,
    make_entry,
    make_policy,
    make_request,
    make_therapist,
    make_user,
    opening_at,
)

pytestmark = pytest.mark.django_db
QUESTION = {"question": "Did massage help before?"}


@pytest.fixture
def scheduler():
    return make_user(Role.SCHEDULER)


def acts(entry, by):
    """Return each decision on an entry as its page shows it, ready to be made."""
    seen = {"entry": entry, "version": entry.version, "by": by, "now": NOW}
    return {
        "accept": partial(actions.triage, category=make_category(), **seen),
        "ask": partial(actions.ask_information, **QUESTION, **seen),
        "decline": partial(actions.reject, reason="Not now.", **seen),
    }


@pytest.mark.parametrize("act", ["accept", "ask", "decline"])
def test_a_decision_sent_twice_by_one_scheduler_is_made_once(act, scheduler):
    entry = make_request()
    decide = acts(entry, scheduler)[act]

    first, second = decide(), decide()

    assert (first.version, second.version) == (2, 2)
    trail = AuditEvent.objects.filter(record_id=str(entry.pk)).exclude(change="")
    assert trail.filter(action__startswith="request.").count() == 1


def test_the_same_decision_by_two_schedulers_tells_the_second_of_the_first(scheduler):
    entry, category = make_request(), make_category()
    seen = {"entry": entry, "version": entry.version, "category": category, "now": NOW}
    actions.triage(by=scheduler, **seen)

    with pytest.raises(actions.ChangedMeanwhile):
        actions.triage(by=make_user(Role.SCHEDULER), **seen)


def test_an_offer_sent_twice_is_one_offer(scheduler):
    make_policy()
    _place, [therapist], [room] = make_clinic()
    opening = opening_at(therapist, room, at(TODAY + 2 * DAY, "08:00"))
    send = partial(
        actions.offer, entry=make_entry(), opening=opening, by=scheduler, now=NOW
    )

    assert send() == send()


def test_an_answer_sent_twice_is_one_answer(scheduler):
    entry = make_request()
    actions.ask_information(entry=entry, version=1, by=scheduler, now=NOW, **QUESTION)
    send = partial(
        actions.reply, entry=entry, words="Yes.", by=entry.patient.user, now=NOW
    )

    assert (send().version, send().version) == (3, 3)


def test_a_therapist_cannot_cancel_for_the_clinic():
    therapist = make_therapist()
    visit = make_appointment(therapist=therapist, starts_at=NOW + 4000 * DAY)
    client = Client()
    client.force_login(therapist.user)

    answer = client.post(f"/visits/{visit.pk}/", {"outcome": "prov"})

    visit.refresh_from_db()
    assert (answer.status_code, visit.status) == (422, Status.BOOKED)


def test_a_therapist_does_not_see_a_time_that_is_only_offered():
    therapist = make_therapist()
    offered = make_appointment(therapist=therapist, status=Status.PROPOSED)
    client = Client()
    client.force_login(therapist.user)

    assert client.get(f"/visits/{offered.pk}/").status_code == 404
