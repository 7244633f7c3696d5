"""Staff do for a patient who calls what the patient could do, and it is marked so."""

from __future__ import annotations

import pytest
from django.urls import reverse

from appointments import actions
from appointments.codes import Ending, EntryStatus, RoleThreat, Status
from appointments.models import Appointment, Question, WaitlistEntry
from massage_portal.accounts.roles import Role
from massage_portal.audit.models import AuditEvent
from massage_portal.outbox.models import Message
from tests.appointments.pages import ANSWERS, signed_in, url
from tests.factories import (
    DAY,
    HOUR,
    NOW,
    make_appointment,
    make_clinic,
    make_diagnosis,
    make_entry,
    make_patient,
    make_question,
    make_referral,
    make_request,
    make_user,
)

pytestmark = pytest.mark.django_db
ALL = {name: value for page in ANSWERS.values() for name, value in page.items()}
WORSE = ANSWERS["pain"] | ANSWERS["daily-life"]
WHEN = ANSWERS["when"] | ANSWERS["preferences"]


@pytest.fixture(autouse=True)
def at_noon(monkeypatch):
    monkeypatch.setattr("django.utils.timezone.now", lambda: NOW)


@pytest.fixture
def scheduler():
    return make_user(Role.SCHEDULER)


@pytest.fixture
def desk(scheduler):
    return signed_in(scheduler)


@pytest.fixture
def patient():
    """Somebody without an account, and so without email."""
    return make_patient(account=False, phone="+15075550123")


def waits(patient, **fields):
    return make_entry(referral=make_referral(patient=patient), **fields)


def marks(subject):
    """Return what was done to the record, and whether it was by telephone."""
    acts = AuditEvent.objects.filter(
        record_type=subject._meta.label_lower, record_id=str(subject.pk)
    ).exclude(action__endswith=".seen")
    return list(acts.order_by("pk").values_list("actor", "action", "by_telephone"))


# --- Each thing that a patient can do -------------------------------------------------


def test_an_appointment_is_asked_for_by_one_page(desk, patient, scheduler):
    referral = make_referral(patient=patient)
    page = url("call_ask", referral.pk)

    sent = desk.post(page, ALL)
    again = desk.post(page, ALL)

    entry = WaitlistEntry.objects.get()
    there = url("caller", patient.pk)
    assert [sent.headers["Location"], again.headers["Location"]] == [there, there]
    assert (entry.by_telephone, entry.status) == (True, EntryStatus.REQUESTED)
    assert (entry.weekdays, entry.need_score > 0) == ("MW", True)
    assert entry.need_reports.get().reported_by == scheduler
    assert marks(entry) == [(scheduler.email, "request.made", True)]


def test_what_is_wrong_is_told_and_what_was_typed_stays(desk, patient):
    referral = make_referral(patient=patient)
    sent = ALL | {"pain": "11", "notice_hours": "72"}

    told = desk.post(url("call_ask", referral.pk), sent)

    assert told.status_code == 422
    assert list(told.context["form"].errors) == ["pain"]
    assert told.context["form"]["notice_hours"].value() == "72"
    assert not WaitlistEntry.objects.exists()


@pytest.mark.parametrize(
    ("deed", "status", "answers", "action"),
    [
        ("reply", "on-hold", {"words": "Since May."}, "request.answered"),
        ("worse", "accepted", WORSE, "request.need_reported"),
        ("when", "requested", WHEN, "request.availability_changed"),
        ("question", "in-progress", {"words": "Where?"}, "request.question_asked"),
        ("withdraw", "accepted", {}, "request.withdrawn"),
    ],
)
def test_each_deed_about_a_request_is_done_and_marked(
    desk, patient, scheduler, deed, status, answers, action
):
    entry = waits(patient, status=status)
    page = url("call_request", entry.pk, deed)
    shown = desk.get(page)

    done = desk.post(page, answers | {"version": "1"})

    assert shown.status_code == 200
    assert done.headers["Location"] == url("caller", patient.pk)
    assert marks(entry) == [(scheduler.email, action, True)]
    entry.refresh_from_db()
    assert not entry.by_telephone  # the request itself was made otherwise


@pytest.mark.parametrize(
    ("deed", "before", "after", "action"),
    [
        ("accept", Status.PROPOSED, Status.BOOKED, "appointment.booked"),
        ("decline", Status.PROPOSED, Status.CANCELLED, "appointment.declined"),
        ("cancel", Status.BOOKED, Status.CANCELLED, "appointment.cancelled"),
    ],
)
def test_an_offer_is_answered_and_a_visit_canceled_and_each_is_marked(
    desk, patient, scheduler, deed, before, after, action
):
    status = "in-progress" if before == Status.BOOKED else "accepted"
    visit = make_appointment(status=before, entry=waits(patient, status=status))
    page = url("call_visit", visit.pk, deed)

    answers = [desk.post(page), desk.post(page)]

    assert {one.headers["Location"] for one in answers} == {url("caller", patient.pk)}
    visit.refresh_from_db()
    assert (visit.status, visit.by_telephone) == (after, True)
    assert marks(visit) == [(scheduler.email, action, True)]
    if deed == "cancel":
        assert visit.ending == Ending.BY_PATIENT


def test_what_staff_read_out_is_true_of_this_visit_and_says_what_late_means(
    desk, patient
):
    later = make_entry(referral=make_referral(patient=patient, sessions=3), session=2)
    page = desk.get(url("call_request", later.pk, "withdraw")).content.decode()
    assert "starts on the day planned for this visit" in page
    assert "the day we received your referral" not in page
    visit = make_appointment(entry=waits(make_patient(), status="in-progress"))
    page = desk.get(url("call_visit", visit.pk, "cancel")).content.decode()
    assert "counts as missed" in page
    times = {"starts_at": visit.starts_at + DAY, "replaces": visit}
    other = make_appointment(status=Status.PROPOSED, entry=visit.entry, **times)
    for deed in ("accept", "decline"):
        page = desk.get(url("call_visit", other.pk, deed)).content.decode()
        assert "stays booked until the patient accepts this time instead" in page, deed


def test_another_time_is_asked_for_and_the_visit_stays(desk, patient):
    visit = make_appointment(entry=waits(patient, status="in-progress"))

    desk.post(url("call_visit", visit.pk, "move"), {"words": "Mornings."})

    visit.refresh_from_db()
    assert (visit.status, visit.move_words) == (Status.BOOKED, "Mornings.")
    assert visit.move_asked_at == NOW
    assert not visit.by_telephone


def test_who_asked_for_another_time_can_keep_theirs_by_telephone(
    desk, patient, scheduler
):
    visit = make_appointment(entry=waits(patient, status="in-progress"))
    page, keep = url("caller", patient.pk), url("call_visit", visit.pk, "keep")
    assert keep not in desk.get(page).text
    actions.ask_to_move(appointment=visit, words="x", by=patient.user, now=NOW)
    assert keep in desk.get(page).text
    assert "We look for no other time any more" in desk.get(keep).text

    assert desk.post(keep).headers["Location"] == page

    visit.refresh_from_db()
    assert (visit.status, visit.move_asked_at) == (Status.BOOKED, None)
    assert marks(visit)[-1] == (scheduler.email, "appointment.time_kept", True)


def test_a_free_time_is_booked_at_once_and_marked(desk, patient, scheduler):
    make_clinic()
    entry = waits(patient)
    rows = desk.get(url("propose", entry.pk)).context["rows"]

    desk.post(url("propose", entry.pk), {"opening": rows[0]["value"], "how": "book"})

    visit = Appointment.objects.get()
    assert (visit.status, visit.by_telephone) == (Status.BOOKED, True)
    assert marks(visit) == [(scheduler.email, "appointment.booked", True)]
    assert not Message.objects.exists()


def test_what_the_patient_does_alone_is_not_marked():
    offer = make_appointment(status=Status.PROPOSED)
    actions.accept(appointment=offer, by=offer.patient.user, now=NOW)

    assert marks(offer) == [(offer.patient.user.email, "appointment.booked", False)]
    offer.refresh_from_db()
    assert not offer.by_telephone


def test_what_the_patient_had_done_before_the_call_keeps_no_mark(scheduler):
    offer = make_appointment(status=Status.PROPOSED)
    actions.accept(appointment=offer, by=offer.patient.user, now=NOW)

    again = actions.by_telephone(
        actions.accept, patient=offer.patient, appointment=offer, by=scheduler, now=NOW
    )

    assert (again.status, again.by_telephone) == (Status.BOOKED, False)


def test_the_same_rules_hold_and_a_refusal_leaves_nothing(desk, patient):
    entry = waits(patient, status="in-progress")
    told = desk.post(url("call_request", entry.pk, "withdraw"))
    lapsed = make_appointment(
        status=Status.PROPOSED, entry=waits(make_patient()), held_until=NOW
    )
    late = desk.post(url("call_visit", lapsed.pk, "accept"))

    assert [told.status_code, late.status_code] == [409, 409]
    assert "can no longer be withdrawn" in told.content.decode()
    assert "This offer has ended" in late.content.decode()
    assert marks(entry) == marks(lapsed) == []
    lapsed.refresh_from_db()
    assert not lapsed.by_telephone


def test_a_stale_page_is_told_at_the_telephone_too(desk, patient):
    entry = waits(patient)
    need = actions.NeedAnswers(9, 9, 9, RoleThreat.NOW, 9)
    by = make_user(Role.SCHEDULER)
    actions.report_need(entry=entry, need=need, by=by, now=NOW)

    told = desk.post(url("call_request", entry.pk, "when"), WHEN | {"version": "1"})

    assert told.status_code == 409
    assert told.context["form"]["version"].value() == "2"


@pytest.mark.parametrize("deed", ["no-such", "accept", "__class__"])
def test_no_other_deed_has_a_page(desk, patient, deed):
    assert desk.get(url("call_request", waits(patient).pk, deed)).status_code == 404


# --- The pages ------------------------------------------------------------------------


def test_the_page_of_a_patient_asks_who_calls_and_shows_where_they_stand(desk, patient):
    entry = waits(patient)
    offer = make_appointment(status=Status.PROPOSED, entry=entry)
    make_question(entry, asked_by=make_user(Role.SCHEDULER))
    free = make_referral(patient=patient, diagnosis=make_diagnosis("M54.5", "Back"))

    page = desk.get(url("caller", patient.pk))

    said = page.content.decode()
    assert "First ask for the full name and the date of birth." in said
    assert "Feb. 29, 1980" in said
    assert "No account" in said
    assert "May I bring my own oil?" in said
    for there in [
        url("call_visit", offer.pk, "accept"),
        url("call_request", entry.pk, "when"),
        url("call_ask", free.pk),
    ]:
        assert f'href="{there}"' in said
    seen = AuditEvent.objects.filter(patient_id=patient.pk)
    assert set(seen.values_list("action", flat=True)) == {
        *("patient.seen", "request.seen", "appointment.seen", "referral.seen")
    }


def test_the_page_of_who_waits_for_nothing_says_so(desk, patient):
    assert "Nothing to do" in desk.get(url("caller", patient.pk)).content.decode()


def test_a_merged_record_leads_to_the_kept_one(desk, patient):
    other = make_patient(account=False)
    by = make_user(Role.LEAD)
    actions.merge_patients(kept=patient, merged=other, reason="Twice", by=by, now=NOW)

    answer = desk.get(url("caller", other.pk))

    assert answer.headers["Location"] == url("caller", patient.pk)


def test_who_has_no_email_is_listed_with_what_they_must_be_told(desk, patient):
    offer = make_appointment(status=Status.PROPOSED, entry=waits(patient))
    make_appointment(status=Status.PROPOSED)  # who has an account gets a message
    asked = make_request(referral=make_referral(patient=make_patient(account=False)))
    WaitlistEntry.objects.filter(pk=asked.pk).update(
        status=EntryStatus.ON_HOLD, note="Since when?"
    )
    gone = make_appointment(
        status=Status.CANCELLED,
        entry=waits(make_patient(account=False)),
        ending=Ending.BY_CLINIC,
        ended_at=NOW,
    )
    question = make_question(offer.entry, asked_by=desk.user)
    actions.answer_question(question=question, words="Yes.", by=desk.user, now=NOW)

    page = desk.get(url("telephone"))

    listed = {name: page.context[name] for name in ("offers", "asked", "canceled")}
    assert listed == {"offers": [offer], "asked": [asked], "canceled": [gone]}
    assert page.context["answered"] == [question]
    assert "507-555-0123" in page.content.decode()
    assert "Since when?" in page.content.decode()


def test_nothing_to_tell_is_said_so(desk):
    assert "Nobody to call" in desk.get(url("telephone")).content.decode()


def test_the_search_for_a_patient_leads_to_their_page(desk, patient):
    page = desk.get(reverse("referrals:patient", args=[patient.pk]))
    assert f'href="{url("caller", patient.pk)}"' in page.content.decode()


def test_old_answers_are_not_listed(desk, patient):
    question = make_question(waits(patient), asked_by=desk.user)
    then = NOW - 8 * DAY
    actions.answer_question(question=question, words="Yes.", by=desk.user, now=then)

    assert Question.objects.filter(answered_at=then).exists()
    assert desk.get(url("telephone")).context["answered"] == []


def test_a_declined_request_is_listed_for_a_week_with_its_reason(desk):
    requests = [
        make_request(referral=make_referral(patient=make_patient(account=account)))
        for account in (False, False, True)
    ]
    for entry, days in zip(requests, (6, 8, 6), strict=True):
        when = {"by": desk.user, "now": NOW - days * DAY}
        when |= {"reason": "A clinic near you does.", "version": entry.version}
        actions.reject(entry=entry, **when)

    page = desk.get(url("telephone"))

    assert page.context["declined"] == requests[:1]  # the last one gets an email
    assert "A clinic near you does." in page.text
    assert "Nobody to call" not in page.text


def test_who_cancels_late_by_telephone_is_told_so_before(desk, patient):
    entries = [waits(patient, status="in-progress"), waits(make_patient())]
    soon, later = (
        make_appointment(entry=entry, starts_at=starts_at)
        for entry, starts_at in zip(entries, (NOW + HOUR, NOW + 9 * DAY), strict=True)
    )

    shown = [
        desk.get(url("call_visit", one.pk, "cancel")).text for one in (soon, later)
    ]

    assert ["counts as canceled late" in page for page in shown] == [True, False]
