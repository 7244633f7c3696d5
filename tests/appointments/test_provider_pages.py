"""A provider sees what they sent and how each patient fares, and nothing else."""

from __future__ import annotations

import re

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from appointments.codes import EntryStatus, Status
from massage_portal.accounts.roles import Role
from massage_portal.audit.models import AuditEvent
from massage_portal.tokens import sign
from referrals import actions
from referrals.codes import Status as ReferralStatus
from referrals.models import Renewal, ScreeningAnswer
from tests.appointments.pages import signed_in, url
from tests.factories import (
    DAY,
    NOW,
    TODAY,
    make_appointment,
    make_diagnosis,
    make_entry,
    make_insurer,
    make_precaution,
    make_provider,
    make_referral,
    make_renewal,
    make_request,
    make_room,
    make_therapist,
    make_user,
)

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def clock(monkeypatch):
    monkeypatch.setattr("django.utils.timezone.now", lambda: NOW)


@pytest.fixture
def sender():
    return make_provider(user=make_user(Role.PROVIDER))


@pytest.fixture
def client(sender):
    return signed_in(sender.user)


def words(answer):
    """Return the text of a page on one line, without its tags."""
    plain = re.sub(r"<[^>]*>", " ", answer.content.decode())
    return " ".join(plain.split())


def listed(client, show=""):
    return client.get(url("sent"), {"show": show} if show else {})


def visit(referral, *, session=1, status=Status.FULFILLED, days=-5, **fields):
    """Return a visit of the referral, `days` from now."""
    state = EntryStatus.IN_PROGRESS if status == "booked" else EntryStatus.COMPLETED
    entry = make_entry(referral=referral, session=session, status=state)
    start = NOW + days * DAY
    return make_appointment(entry=entry, status=status, starts_at=start, **fields)


def answered(referral, meaning, answer="yes"):
    precaution = make_precaution(meaning=meaning)
    ScreeningAnswer.objects.create(
        referral=referral,
        precaution=precaution,
        question=precaution.question,
        meaning=meaning,
        version=1,
        answer=answer,
    )
    return precaution


def fares_asked(referral):
    make_request(referral=referral, received_at=NOW - 3 * DAY)


def fares_waiting(referral):
    make_entry(referral=referral, received_at=NOW - 3 * DAY, target_days=28)


def fares_booked(referral):
    visit(referral, session=1, days=-9)
    visit(referral, session=2, status=Status.BOOKED, days=2)


def fares_missed(referral):
    visit(referral, session=1, status=Status.NOSHOW)
    make_entry(referral=referral, session=2, received_at=NOW + 6 * DAY)


def fares_unrecorded(referral):
    visit(referral, status=Status.BOOKED, days=-1)


def fares_withdrawn(referral):
    make_entry(referral=referral, status=EntryStatus.CANCELLED)


def fares_declined(referral):
    make_entry(referral=referral, status=EntryStatus.REJECTED)


def nothing(referral):
    pass


@pytest.mark.parametrize(
    ("come", "fields", "said"),
    [
        (nothing, {}, "The patient has not asked for a visit yet 0 of 6 visits made"),
        (nothing, {"status": "draft"}, "ask the safety questions next"),
        (fares_asked, {}, "Waiting since Oct. 11, 2026, not yet triaged"),
        (fares_waiting, {}, "since Oct. 11, 2026, due by Nov. 8, 2026"),
        (fares_booked, {}, "Booked for Oct. 16, 2026 1 of 6 visits made"),
        (
            fares_missed,
            {},
            "planned for Oct. 20, 2026 0 of 6 visits made, 1 missed",
        ),
        (fares_unrecorded, {}, "outcome is not recorded yet"),
        (fares_withdrawn, {}, "The patient withdrew the request"),
        (fares_declined, {}, "The request was declined"),
        (nothing, {"status": "completed"}, "All visits are over"),
        (nothing, {"status": "revoked"}, "The referral was withdrawn"),
        (nothing, {"valid_until": TODAY - DAY}, "ended on Oct. 13, 2026"),
    ],
)
def test_the_list_says_in_one_phrase_how_each_patient_fares(
    client, sender, come, fields, said
):
    referral = make_referral(provider=sender, sessions=6, **fields)
    come(referral)

    text = words(listed(client))

    assert said in text
    assert str(referral.patient) in text
    assert said in words(client.get(url("sent_referral", referral.pk)))


def test_the_next_step_is_the_providers_own(client, sender):
    held, stopped, unsigned = (
        make_referral(provider=sender, status=status)
        for status in ("on-hold", "on-hold", "active")
    )
    answered(held, "clearance")
    answered(stopped, "not-now")
    actions.begin_plan(referral=unsigned, by=None, now=NOW)

    text = words(listed(client, "step"))

    assert text.count("Your clearance is needed") == 1
    assert text.count("A red flag: call us") == 1
    assert text.count("A plan to sign") == 1
    assert "clear the answers below" in words(client.get(url("sent_referral", held.pk)))
    assert "stops all visits" in words(client.get(url("sent_referral", stopped.pk)))


def test_who_is_asked_to_renew_answers_from_the_page(client, sender):
    asked = make_referral(provider=sender)
    renewal = make_renewal(referral=asked)

    answer = client.get(f"/sent/{asked.pk}/")

    assert "Shall it go on?" in words(listed(client, "step"))
    link = reverse("referrals:answer_renewal", args=[sign("renewal", renewal.pk)])
    assert link in answer.content.decode()
    Renewal.objects.filter(pk=renewal.pk).update(answer="end", answered_at=NOW)
    assert link not in client.get(f"/sent/{asked.pk}/").content.decode()
    assert "Shall it go on?" not in words(listed(client))


def test_every_referral_is_in_one_list_and_counted_there(client, sender):
    booked, waiting, over, unsigned = (make_referral(provider=sender) for _ in "1234")
    fares_booked(booked)
    fares_waiting(waiting)
    over.status = ReferralStatus.REVOKED
    over.save(update_fields=["status"])
    actions.begin_plan(referral=unsigned, by=None, now=NOW)

    found = {
        show: {one.pk for one, _fare in listed(client, show).context["rows"]}
        for show in ("", "waiting", "booked", "over", "step", "nonsense")
    }

    every = {booked.pk, waiting.pk, over.pk, unsigned.pk}
    assert found == {
        "": every,
        "waiting": {waiting.pk, unsigned.pk},
        "booked": {booked.pk},
        "over": {over.pk},
        "step": {unsigned.pk},
        "nonsense": every,
    }
    figures = listed(client).context["figures"]
    assert {str(key): count for key, _label, count in figures} == {
        "step": 1,
        "waiting": 2,
        "booked": 1,
        "over": 1,
    }


def test_nobody_elses_referral_is_shown_or_signed(client, sender):
    other = make_referral(provider=make_provider(user=make_user(Role.PROVIDER)))
    wrong = make_referral(provider=sender, status="entered-in-error")
    for one in (other, wrong):
        actions.begin_plan(referral=one, by=None, now=NOW)
        assert client.get(url("sent_referral", one.pk)).status_code == 404
        sent = client.post(url("sent_referral", one.pk), {"number": "1"})
        assert sent.status_code == 404
        assert one.plans.get().provider_signed_at is None

    assert listed(client).context["rows"] == []
    assert "No referrals yet" in words(listed(client))
    assert not AuditEvent.objects.filter(action="referral.seen").exists()


def test_every_sight_is_on_the_trail(client, sender):
    referral = make_referral(provider=sender)
    made = visit(referral)

    listed(client)
    client.get(url("sent_referral", referral.pk))

    events = AuditEvent.objects.filter(actor_id=sender.user.pk)
    seen = {(one.action, one.record_id, one.patient_id) for one in events}
    assert seen >= {
        ("referral.listed", str(referral.pk), referral.patient_id),
        ("referral.seen", str(referral.pk), referral.patient_id),
        ("appointment.seen", str(made.pk), referral.patient_id),
    }


def test_a_long_list_asks_the_database_no_more_often_than_a_short_one(client, sender):
    def add(number):
        code = make_diagnosis(f"M54.{number}", "Pain in the back")
        fields = {"insurer": make_insurer(), "diagnosis": code}
        one = make_referral(provider=sender, status="on-hold", **fields)
        visit(one, session=1)
        visit(one, session=2, status=Status.BOOKED, days=2 + number)
        answered(one, "clearance")
        actions.begin_plan(referral=one, by=None, now=NOW)

    def asked():
        with CaptureQueriesContext(connection) as queries:
            assert listed(client).status_code == 200
        return len(queries)

    add(1)
    listed(client)
    short = asked()
    for number in range(2, 8):
        add(number)

    assert asked() == short


def test_the_page_of_one_shows_its_visits_and_no_other_names(client, sender):
    place = make_room()
    therapist = make_therapist(
        location=place.location, user=make_user(Role.THERAPIST, name="Heather Hand")
    )
    clerk = make_user(Role.STAFF, name="Sam Desk")
    referral = make_referral(provider=sender, recorded_by=clerk, sessions=6)
    where = {"therapist": therapist, "room": place}
    visit(referral, session=1, days=-9, **where)
    visit(referral, session=2, status=Status.NOSHOW, days=-3, **where)
    asked = answered(referral, "tell-therapist")
    answered(referral, "tell-therapist", answer="no")
    actions.begin_plan(referral=referral, by=clerk, now=NOW)

    text = words(client.get(url("sent_referral", referral.pk)))

    assert "Visit made" in text
    assert "Missed" in text
    assert "Heather Hand" in text
    assert asked.question in text
    assert text.count("Is there trouble number") == 1
    assert "6 visits, until" in text
    assert "Sam Desk" not in text


def test_neither_an_offer_nor_a_slip_is_told_as_a_visit(client, sender):
    referral = make_referral(provider=sender)
    entry = make_entry(referral=referral)
    make_appointment(entry=entry, status=Status.PROPOSED)
    declined = {"status": Status.CANCELLED, "booked_at": None}
    make_appointment(entry=entry, starts_at=NOW + 3 * DAY, **declined)
    make_appointment(entry=entry, status=Status.ENTERED_IN_ERROR)

    text = words(client.get(url("sent_referral", referral.pk)))

    assert "No visit has been booked yet" in text
    assert "Waiting since" in text


def test_the_provider_signs_the_version_that_they_read(client, sender):
    referral = make_referral(provider=sender)
    actions.begin_plan(referral=referral, by=None, now=NOW)
    here = url("sent_referral", referral.pk)
    assert "Sign this version" in words(client.get(here))

    assert client.post(here, {"number": "1"}).status_code == 302

    assert referral.plans.get().provider_signed_by == sender.user
    assert "Sign this version" not in words(client.get(here))
    assert client.post(here, {"number": "1"}).status_code == 302  # no fault


@pytest.mark.parametrize(
    ("number", "status"),
    [("", 422), ("one", 422), ("0", 422), ("99999999999", 422), ("7", 404)],
)
def test_a_version_that_is_none_cannot_be_signed(client, sender, number, status):
    referral = make_referral(provider=sender)
    actions.begin_plan(referral=referral, by=None, now=NOW)

    answer = client.post(url("sent_referral", referral.pk), {"number": number})

    assert answer.status_code == status
    assert referral.plans.get().provider_signed_at is None


def test_who_read_an_older_version_is_shown_the_newer_one(client, sender):
    referral = make_referral(provider=sender)
    for act in (actions.begin_plan, actions.change_plan):
        act(referral=referral, by=None, now=NOW)

    answer = client.post(url("sent_referral", referral.pk), {"number": "1"})

    assert answer.status_code == 409
    assert "A newer version exists" in words(answer)
    assert not referral.plans.exclude(provider_signed_at=None).exists()


def test_signing_in_leads_a_provider_to_what_they_sent(client):
    answer = client.get("/start/", follow=True)

    assert answer.redirect_chain[-1][0] == url("sent")
    assert "Sent referrals" in words(answer)


def plan_page(appointment):
    return url("plan", appointment.pk)


def test_the_therapist_of_the_visit_reads_and_signs_its_plan():
    appointment = make_appointment()
    referral = appointment.entry.referral
    actions.begin_plan(referral=referral, by=None, now=NOW)
    client = signed_in(appointment.therapist.user)
    shown = words(client.get(url("visit", appointment.pk)))
    assert "Read and sign the plan" in shown
    assert "Sign this version" in words(client.get(plan_page(appointment)))

    assert client.post(plan_page(appointment), {"number": "1"}).status_code == 302

    signed = referral.plans.get()
    assert signed.therapist_signed_by == appointment.therapist.user
    assert "Sign this version" not in words(client.get(plan_page(appointment)))
    seen = AuditEvent.objects.filter(action="referral.seen", actor_id=client.user.pk)
    assert {one.patient_id for one in seen} == {referral.patient_id}


@pytest.mark.parametrize("status", [Status.PROPOSED, Status.CANCELLED])
def test_no_plan_is_shown_for_a_visit_that_does_not_take_place(status):
    appointment = make_appointment(status=status)

    client = signed_in(appointment.therapist.user)

    assert client.get(plan_page(appointment)).status_code == 404


@pytest.mark.parametrize("more", [[], [Role.SCHEDULER]])
def test_another_therapist_neither_reads_nor_signs_it(more):
    appointment = make_appointment()
    actions.begin_plan(referral=appointment.entry.referral, by=None, now=NOW)
    another = make_therapist(user=make_user(Role.THERAPIST, *more))
    client = signed_in(another.user)

    assert client.get(plan_page(appointment)).status_code == 404
    assert client.post(plan_page(appointment), {"number": "1"}).status_code == 404
    assert appointment.entry.referral.plans.get().therapist_signed_at is None
