"""The pages of appointments, as a browser meets them."""

from __future__ import annotations

import re

import pytest
from django.test import Client

from appointments import actions
from appointments.codes import EntryStatus, Status
from appointments.models import Appointment, WaitlistEntry
from massage_portal.accounts.roles import Role
from massage_portal.audit.models import AuditEvent
from massage_portal.outbox.models import Message
from massage_portal.tokens import sign
from referrals.models import Referral
from tests.appointments.pages import ANSWERS, TAKING, decision, signed_in, url
from tests.factories import (
    DAY,
    NOW,
    make_appointment,
    make_clinic,
    make_entry,
    make_patient,
    make_referral,
    make_request,
    make_user,
)

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def clock(monkeypatch):
    """The views' clock stands at NOW, at which the rows are made."""
    monkeypatch.setattr("django.utils.timezone.now", lambda: NOW)


@pytest.fixture
def scheduler():
    """A browser in which a scheduler is signed in."""
    return signed_in(make_user(Role.SCHEDULER))


def test_a_decision_is_taken_once_and_leads_back_to_the_queue(scheduler):
    entry = make_request()
    page = url("triage", entry.pk)

    answer = scheduler.post(page, decision(entry))

    entry.refresh_from_db()
    assert answer.status_code == 302
    assert answer["Location"].endswith(f"#entry-{entry.pk}")
    assert entry.status == EntryStatus.ACCEPTED
    assert "number 1 of 1" in scheduler.get(answer["Location"]).content.decode()


def test_the_rank_told_after_triage_is_the_one_on_the_row(scheduler):
    held = make_entry(waited_days=300)
    Referral.objects.filter(pk=held.referral_id).update(status="on-hold")
    entry = make_request()

    answer = scheduler.post(url("triage", entry.pk), decision(entry), follow=True)

    rows = {row.key: row.rank for row in answer.context["rows"]}
    assert rows[str(entry.pk)] == "2"
    assert "number 2 of 2" in answer.text


@pytest.mark.parametrize(
    "changes",
    [
        {"decision": "decline", "words": "Please see your provider again."},
        {"decision": "ask", "words": "Please see your provider again."},
        {"decision": "accept", "words": "Please see your provider again."},
    ],
)
def test_a_stale_page_saves_nothing_and_keeps_what_was_typed(scheduler, changes):
    entry = make_request()
    page, typed = url("triage", entry.pk), decision(entry, **changes)
    other = signed_in(make_user(Role.SCHEDULER))
    assert other.post(page, decision(entry)).status_code == 302
    before = WaitlistEntry.objects.filter(pk=entry.pk).values().get()
    owed = Message.objects.count()

    answer = scheduler.post(page, typed)

    text = answer.content.decode()
    assert answer.status_code == 409
    assert f"Changed by {other.user.name}, " in text
    assert "Please see your provider again." in text
    assert re.search(rf'value="{changes["decision"]}"[^>]*checked', text)
    assert WaitlistEntry.objects.filter(pk=entry.pk).values().get() == before
    assert Message.objects.count() == owed


def test_after_a_conflict_the_same_form_judges_what_is_shown_now(scheduler):
    entry = make_request()
    page, typed = url("triage", entry.pk), decision(entry)
    signed_in(make_user(Role.SCHEDULER)).post(page, decision(entry))
    text = scheduler.post(page, typed).content.decode()
    version = re.search(r'name="version" value="(\d+)"', text)[1]

    answer = scheduler.post(page, typed | {"version": version})

    entry.refresh_from_db()
    assert answer.status_code == 302
    assert str(entry.category_id) == typed["category"]


def test_a_form_sent_twice_is_decided_once(scheduler):
    entry = make_request()
    page, typed = url("triage", entry.pk), decision(entry)

    codes = [scheduler.post(page, typed).status_code for _ in range(2)]

    assert codes == [302, 302]
    decided = AuditEvent.objects.filter(action="request.triaged")
    assert decided.count() == 1


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"category": ""}, "category"),
        ({"category": "999999"}, "category"),
        ({"decision": "ask"}, "words"),
        ({"decision": "decline"}, "words"),
        ({"decision": "delete"}, "decision"),
    ],
)
def test_a_decision_without_what_it_needs_is_refused_there(scheduler, changes, field):
    entry = make_request()

    answer = scheduler.post(url("triage", entry.pk), decision(entry, **changes))

    entry.refresh_from_db()
    assert answer.status_code == 422
    assert f'id="id_{field}_error"' in answer.content.decode()
    assert entry.status == EntryStatus.REQUESTED


def test_more_fields_than_asked_change_nothing(scheduler):
    entry, other = make_request(), make_patient()
    more = {"status": "completed", "need_score": "100", "patient": str(other.pk)}
    more |= {"priority": "stat", "received_at": "2000-01-01", "session": "9"}
    kept = ["need_score", "patient_id", "received_at", "session"]
    before = WaitlistEntry.objects.values(*kept).get()

    scheduler.post(url("triage", entry.pk), decision(entry, **more))

    entry.refresh_from_db()
    assert WaitlistEntry.objects.values(*kept).get() == before
    assert entry.status == EntryStatus.ACCEPTED


def test_an_answer_sent_twice_is_told_that_the_first_is_there():
    entry = make_request()
    WaitlistEntry.objects.filter(pk=entry.pk).update(status="on-hold", note="Why?")
    patient = signed_in(entry.patient.user)

    codes = [
        patient.post(url("standing", entry.pk), {"words": text}).status_code
        for text in ("Because.", "Because of something else.")
    ]

    entry.refresh_from_db()
    assert codes == [302, 409]
    assert entry.reply == "Because."


def ask(patient, referral, **changes):
    """Walk the questions; return the answers to the four posts and the last one."""
    answers = [
        patient.post(url("ask_step", referral.pk, step), ANSWERS[step] | changes)
        for step in TAKING
    ]
    return [*answers, patient.post(url("ask_check", referral.pk), changes)]


def test_the_questions_lead_from_one_to_the_next_and_to_one_request():
    referral = make_referral(sessions=3)
    patient = signed_in(referral.patient.user)

    answers = ask(patient, referral)
    again = [patient.post(url("ask_check", referral.pk)) for _ in range(2)]

    entry = WaitlistEntry.objects.get()
    goals = [url("ask_step", referral.pk, step) for step in TAKING[1:]]
    goals += [url("ask_check", referral.pk), url("standing", entry.pk)]
    assert [answer["Location"] for answer in answers] == goals
    assert {answer["Location"] for answer in again} == {url("standing", entry.pk)}
    assert entry.weekdays == "MW"


def test_going_back_after_the_request_leads_to_it_and_makes_no_other():
    referral = make_referral(sessions=3)
    patient = signed_in(referral.patient.user)
    ask(patient, referral)
    entry = WaitlistEntry.objects.get()

    ask(patient, referral)

    assert WaitlistEntry.objects.get() == entry
    assert patient.get(url("ask", referral.pk))["Location"] == url("standing", entry.pk)


def test_more_fields_than_asked_make_no_request_more_urgent():
    referral = make_referral()
    more = {"status": "accepted", "need_score": "100", "category": "1", "session": "9"}

    ask(signed_in(referral.patient.user), referral, **more)

    entry = WaitlistEntry.objects.get()
    assert (entry.status, entry.category) == (EntryStatus.REQUESTED, None)
    assert entry.need_score < 100
    assert (entry.patient, entry.received_at) == (
        referral.patient,
        referral.received_at,
    )


@pytest.mark.parametrize("step", TAKING[1:])
def test_a_later_question_leads_to_the_first_that_is_open(step):
    referral = make_referral()
    patient = signed_in(referral.patient.user)

    for answer in (
        patient.get(url("ask_step", referral.pk, step)),
        patient.post(url("ask_step", referral.pk, step), ANSWERS[step]),
        patient.get(url("ask_check", referral.pk)),
    ):
        assert answer["Location"] == url("ask_step", referral.pk, "when")


def an_offer(**fields):
    return make_appointment(status=Status.PROPOSED, entry=make_entry(), **fields)


def test_accepting_twice_books_once_and_lands_on_the_same_page_twice():
    offer = an_offer()
    patient = signed_in(offer.patient.user)

    answers = [patient.post(url("accept", offer.pk)) for _ in range(2)]

    page = url("offer", offer.pk)
    assert [(a.status_code, a["Location"]) for a in answers] == [(302, page)] * 2
    assert AuditEvent.objects.filter(action="appointment.booked").count() == 1
    assert Message.objects.filter(kind="appointments.booked").count() == 1
    assert "Your visit is booked" in patient.get(page).content.decode()


def test_an_offer_that_was_taken_back_is_told_kindly():
    offer = an_offer()
    patient = signed_in(offer.patient.user)
    actions.withdraw_offer(appointment=offer, by=make_user(Role.SCHEDULER), now=NOW)

    answer = patient.post(url("accept", offer.pk))

    assert answer.status_code == 409
    assert "You have kept your place" in re.sub(r"\s+", " ", answer.content.decode())
    assert not Appointment.objects.filter(status=Status.BOOKED).exists()


def test_declining_twice_ends_it_once_and_accepting_then_is_too_late():
    offer = an_offer()
    patient = signed_in(offer.patient.user)
    codes = [patient.post(url("decline", offer.pk)).status_code for _ in range(2)]
    codes.append(patient.post(url("accept", offer.pk)).status_code)

    assert codes == [302, 302, 409]
    assert AuditEvent.objects.filter(action="appointment.declined").count() == 1


def test_cancelling_twice_cancels_once_and_keeps_the_place():
    booked = make_appointment()
    patient = signed_in(booked.patient.user)

    answers = [patient.post(url("cancel", booked.pk)) for _ in range(2)]

    place = url("standing", booked.entry_id)
    assert [(a.status_code, a["Location"]) for a in answers] == [(302, place)] * 2
    assert AuditEvent.objects.filter(action="appointment.cancelled").count() == 1
    assert Message.objects.filter(kind="appointments.cancelled").count() == 1


def test_a_visit_that_has_begun_cannot_be_cancelled_and_says_whom_to_call():
    booked = make_appointment(starts_at=NOW - DAY)

    answer = signed_in(booked.patient.user).post(url("cancel", booked.pk))

    assert answer.status_code == 409
    assert "Please call the clinic" in answer.content.decode()


def test_a_look_at_the_link_in_a_mail_accepts_nothing_and_its_button_does():
    offer = an_offer()
    page = url("answer", sign("offer", offer.pk))
    for _ in range(3):
        assert Client().get(page).status_code == 200
    offer.refresh_from_db()
    assert offer.status == Status.PROPOSED

    answers = [Client().post(page, {"answer": "accept"}) for _ in range(2)]

    offer.refresh_from_db()
    assert [(a.status_code, a["Location"]) for a in answers] == [(302, page)] * 2
    assert offer.status == Status.BOOKED


def dead_links():
    offer = an_offer()
    good = sign("offer", offer.pk)
    closed = an_offer()
    closed.patient.user.is_active = False
    closed.patient.user.save()
    return [
        "guessed",
        good[:-1] + ("A" if good[-1] != "A" else "B"),
        sign("invitation", offer.pk),
        sign("offer", 999_999_999),
        sign("offer", closed.pk),
    ]


def test_every_offer_link_that_does_not_work_gets_one_and_the_same_answer():
    for method in ("get", "post"):
        found = set()
        for token in dead_links():
            page = url("answer", token)
            answer = getattr(Client(), method)(page, {"answer": "accept"})
            body = answer.content.decode().replace(page, "HERE")
            found.add((answer.status_code, re.sub(r"\?answer=\w+", "", body)))
        assert len(found) == 1
        assert found.pop()[0] == 404
    assert not Appointment.objects.filter(status=Status.BOOKED).exists()


def offered_time(scheduler, entry):
    page = scheduler.get(url("propose", entry.pk)).content.decode()
    return re.search(r'name="opening" value="([^"]+)"', page)[1]


def test_an_offer_sent_twice_is_one_offer(scheduler):
    make_clinic()
    entry = make_entry()
    page = url("propose", entry.pk)
    typed = {"opening": offered_time(scheduler, entry), "how": "offer"}

    codes = [scheduler.post(page, typed).status_code for _ in range(2)]

    assert codes == [302, 302]
    assert Appointment.objects.count() == 1
    assert Message.objects.filter(kind="appointments.offer").count() == 1


def test_a_time_taken_meanwhile_is_told_with_other_times(scheduler):
    make_clinic()
    first, second = make_entry(), make_entry()
    typed = {"opening": offered_time(scheduler, first), "how": "book"}
    scheduler.post(url("propose", first.pk), typed)

    answer = scheduler.post(url("propose", second.pk), typed)

    assert answer.status_code == 409
    assert "not free any more" in answer.content.decode()
    assert 'name="opening"' in answer.content.decode()
    shown = [row["opening"] for row in answer.context["rows"]]
    taken = Appointment.objects.get()
    assert {one.local_start.date() for one in shown} == {taken.local_start.date()}
    assert all(one.starts_at >= taken.blocked_until for one in shown)
    assert (
        scheduler.post(
            url("propose", second.pk),
            typed | {"opening": (answer.context["rows"][0]["value"])},
        ).status_code
        == 302
    )
    assert taken.entry == first
