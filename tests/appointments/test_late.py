"""Late cancellations and offers not taken: somebody calls, and nobody loses rank."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from django.db import IntegrityError
from django.test import Client

from appointments import actions
from appointments.codes import Ending, Missed, Status
from appointments.invariants import INVARIANTS
from appointments.messages.ahead import of_visits
from appointments.models import Appointment, WaitlistEntry
from massage_portal.accounts.roles import Role
from massage_portal.audit.models import AuditEvent
from massage_portal.outbox.kinds import kind_of
from massage_portal.tokens import sign
from tests.appointments.pages import signed_in, url
from tests.factories import (
    DAY,
    HOUR,
    NOW,
    TODAY,
    at,
    make_appointment,
    make_clinic,
    make_entry,
    make_message,
    make_policy,
    make_referral,
    make_user,
    opening_at,
)
from tests.trail import trail

pytestmark = pytest.mark.django_db

FRIDAY_9 = at(TODAY + 2 * DAY, "09:00")
SECOND = timedelta(seconds=1)


@pytest.fixture
def scheduler():
    return make_user(Role.SCHEDULER)


@pytest.fixture
def visit(scheduler):
    """Friday at 9, booked."""
    _, [therapist], [room] = make_clinic()
    opening = opening_at(therapist, room, FRIDAY_9)
    return actions.book(entry=make_entry(), opening=opening, by=scheduler, now=NOW)


def cancel(visit, *, before, side=Ending.BY_PATIENT):
    by, now = visit.patient.user, visit.starts_at - before
    return actions.cancel(appointment=visit, ending=side, by=by, now=now)


def gone(entry, *endings):
    for ending in endings:
        make_appointment(status=Status.CANCELLED, entry=entry, ending=ending)


def to_call(**counted):
    return list(WaitlistEntry.objects.waiting().to_call(**counted))


@pytest.mark.parametrize(
    ("before", "side", "late"),
    [
        pytest.param(DAY, Ending.BY_PATIENT, False, id="a day before is in time"),
        pytest.param(DAY - SECOND, Ending.BY_PATIENT, True, id="a second less is late"),
        pytest.param(HOUR, Ending.BY_CLINIC, False, id="the clinic is never late"),
    ],
)
def test_policy_decides_what_is_late(before, side, late, visit):
    cancel(visit, before=before, side=side)

    visit.refresh_from_db()
    assert (visit.status, visit.late) == (Status.CANCELLED, late)
    assert visit.entry.received_at == NOW - 10 * DAY


def test_only_a_canceled_visit_is_late():
    with pytest.raises(
        IntegrityError, match="appointment_only_a_canceled_visit_is_late"
    ):
        make_appointment(late=True)


def test_missed_visits_are_counted_from_one():
    assert make_policy(most_missed=1).most_missed == 1

    with pytest.raises(IntegrityError, match="policy_missed_visits_are_counted_from_1"):
        make_policy(most_missed=0, in_force_from=NOW)


@pytest.mark.parametrize(
    ("happened", "called"),
    [
        pytest.param([{"late": True}] * 2, True, id="late twice"),
        pytest.param(
            [{"late": True}, {"status": Status.NOSHOW}], True, id="and missed"
        ),
        pytest.param([{"status": Status.NOSHOW}], False, id="missed once"),
        pytest.param(
            [{"status": Status.NOSHOW, "missed_because": Missed.CLINIC}] * 2,
            False,
            id="by our mistake",
        ),
        pytest.param([{}] * 3, False, id="canceled in time"),
    ],
)
def test_missed_and_late_visits_of_the_referral_call_for_a_person(happened, called):
    referral = make_referral(sessions=9)
    for number, fields in enumerate(happened, start=1):
        entry = make_entry(referral=referral, session=number, status="completed")
        past = {"status": Status.CANCELLED, "starts_at": NOW - number * DAY}
        make_appointment(entry=entry, **past | fields)
    waiting = make_entry(referral=referral, session=9)
    make_entry(waited_days=99)

    assert to_call() == ([waiting] if called else [])
    assert to_call(most_missed=3) == []


def test_a_call_settles_what_was_missed_until_then_by_any_request_of_the_referral():
    referral = make_referral(sessions=9)
    for number in (1, 2):
        entry = make_entry(referral=referral, session=number, status="completed")
        begun = NOW - number * DAY
        make_appointment(entry=entry, status=Status.NOSHOW, starts_at=begun)
    waiting = make_entry(referral=referral, session=9)

    answers = []
    for called_at in (NOW - 2 * DAY - SECOND, NOW - 2 * DAY, NOW):
        WaitlistEntry.objects.filter(pk=entry.pk).update(called_at=called_at)
        answers.append(to_call())

    assert answers == [[waiting], [], []]
    assert to_call(most_missed=1) == []


def test_who_took_two_offers_not_is_passed_over_by_the_sweep_until_called(
    visit, scheduler
):
    later = {"asked_at": NOW + HOUR, "triaged_at": NOW + HOUR}  # than the booking
    first, second = (make_entry(waited_days=days, **later) for days in (30, 20))
    gone(first, Ending.DECLINED, Ending.LAPSED)
    cancel(visit, before=2 * DAY - 2 * HOUR)

    [made] = actions.offer_freed_times(now=NOW + 2 * HOUR)

    assert made.entry == second
    passed_over = INVARIANTS[4].look(NOW + 3 * HOUR)
    assert (passed_over.faults, passed_over.looked_at) == ([], 2)
    actions.decline(appointment=made, by=scheduler, now=NOW + 3 * HOUR)
    for _press in range(2):
        actions.record_call(entry=first, by=scheduler, now=NOW + 4 * HOUR)
    [again] = actions.offer_freed_times(now=NOW + 5 * HOUR)
    assert again.entry == first
    assert to_call() == []
    assert [row[:2] for row in trail(first)] == [(scheduler.pk, "request.called")]


def test_a_call_is_for_all_that_came_before_it_and_nothing_after(scheduler):
    entry = make_entry()
    gone(entry, Ending.DECLINED, Ending.DECLINED)
    actions.record_call(entry=entry, by=scheduler, now=NOW)
    assert to_call() == []

    for hours in (1, 2):
        assert to_call() == []
        make_appointment(
            status=Status.CANCELLED,
            entry=entry,
            ending=Ending.LAPSED,
            ended_at=NOW + hours * HOUR,
        )
    assert to_call() == [entry]


def test_who_need_not_be_called_is_left_as_they_are(scheduler):
    entry = make_entry()

    actions.record_call(entry=entry, by=scheduler, now=NOW)

    entry.refresh_from_db()
    assert entry.called_at is None
    assert trail(entry) == []


def test_a_scheduler_records_the_call_on_the_page_of_offers(scheduler, monkeypatch):
    monkeypatch.setattr("django.utils.timezone.now", lambda: NOW + DAY)
    entry = make_entry()
    gone(entry, Ending.DECLINED, Ending.LAPSED)
    client = signed_in(scheduler)
    assert "2 offers not taken" in client.get(url("offers")).content.decode()

    assert client.post(url("called", entry.pk)).status_code == 302

    assert "offers not taken" not in client.get(url("offers")).content.decode()
    assert AuditEvent.objects.filter(action="request.called").count() == 1


def test_a_patient_reads_what_late_means_before_they_cancel(visit, monkeypatch):
    make_policy(late_cancel_hours=30, most_missed=3)
    for before, late in ((31 * HOUR, False), (29 * HOUR, True)):
        moment = FRIDAY_9 - before
        monkeypatch.setattr("django.utils.timezone.now", lambda at=moment: at)
        client = signed_in(visit.patient.user)

        page = client.get(url("cancel", visit.pk)).content.decode()

        assert "canceled less than 30 hours before it begins counts as missed" in page
        assert "After 3 missed visits we call you" in page
        assert ("This counts as canceled late" in page) is late
    assert client.post(url("cancel", visit.pk), {"late": "True"}).status_code == 302
    assert Appointment.objects.get(pk=visit.pk).late


# --- What was shown counts ------------------------------------------------------------

IN_TIME, LATE = FRIDAY_9 - DAY - SECOND, FRIDAY_9 - DAY + SECOND
WARNING = "This counts as canceled late"


def own_page(visit, _scheduler):
    return signed_in(visit.patient.user), url("cancel", visit.pk)


def linked_page(visit, _scheduler):
    return Client(), url("cancel_by_link", sign("cancel", visit.pk))


def telephone(visit, scheduler):
    return signed_in(scheduler), url("call_visit", visit.pk, "cancel")


def fields(page):
    """Return what the button of a page sends, as its form says it."""
    [form] = re.findall(r'<form[^>]*class="form[ "].*?</form>', page.text, re.DOTALL)
    tags = re.findall(r"<(?:input|button)[^>]*>", form)
    found = [dict(re.findall(r'(\w+)="(\w*)"', tag)) for tag in tags]
    return {one["name"]: one.get("value", "") for one in found if "name" in one}


@pytest.mark.parametrize("where", [own_page, linked_page, telephone])
def test_who_was_not_told_that_it_is_late_is_told_before_anything_is_canceled(
    where, visit, scheduler, monkeypatch
):
    monkeypatch.setattr("django.utils.timezone.now", lambda: IN_TIME)
    client, address = where(visit, scheduler)
    page = client.get(address)
    assert WARNING not in page.text

    monkeypatch.setattr("django.utils.timezone.now", lambda: LATE)
    again = client.post(address, fields(page))

    assert again.status_code == 409
    assert "Nothing is canceled yet" in again.text
    assert WARNING in again.text
    assert Appointment.objects.get(pk=visit.pk).status == Status.BOOKED

    assert client.post(address, fields(again)).status_code == 302
    gone = Appointment.objects.get(pk=visit.pk)
    assert (gone.status, gone.late) == (Status.CANCELLED, True)


@pytest.mark.parametrize("where", [own_page, linked_page, telephone])
def test_who_was_told_that_it_is_late_cancels_by_one_press(
    where, visit, scheduler, monkeypatch
):
    monkeypatch.setattr("django.utils.timezone.now", lambda: LATE)
    client, address = where(visit, scheduler)
    page = client.get(address)
    assert WARNING in page.text

    assert client.post(address, fields(page)).status_code == 302
    assert Appointment.objects.get(pk=visit.pk).late


@pytest.mark.parametrize("where", [own_page, linked_page, telephone])
def test_a_policy_that_came_later_makes_no_visit_late(
    where, visit, scheduler, monkeypatch
):
    make_policy(in_force_from=NOW + HOUR, late_cancel_hours=48, most_missed=5)
    monkeypatch.setattr("django.utils.timezone.now", lambda: IN_TIME)
    client, address = where(visit, scheduler)
    page = client.get(address)
    assert WARNING not in page.text
    assert "canceled less than 24 hours before it begins" in page.text
    assert "After 5 missed visits we call you" in page.text

    assert client.post(address, fields(page)).status_code == 302
    assert not Appointment.objects.get(pk=visit.pk).late


def test_mails_tell_the_hours_that_were_agreed(visit, mailoutbox):
    make_policy(in_force_from=NOW - SECOND, late_cancel_hours=24)
    make_policy(in_force_from=NOW + SECOND, late_cancel_hours=48)
    message = make_message(
        kind="appointments.reminder", subject=visit, due_at=NOW + HOUR
    )
    for ahead in (None, of_visits([message])[message.pk]):
        message.ahead = ahead
        said = kind_of(message.kind).render(message).text
        assert "canceled less than 24 hours" in " ".join(said.split())


# --- Said before a visit is booked or moved at once -----------------------------------


def test_staff_read_what_to_tell_before_they_book_or_move(
    visit, scheduler, monkeypatch
):
    monkeypatch.setattr("django.utils.timezone.now", lambda: NOW)
    make_policy(in_force_from=NOW - SECOND, late_cancel_hours=30)
    waiting = make_entry()
    for entry in (waiting, visit.entry):
        page = signed_in(scheduler).get(url("propose", entry.pk)).text
        told = page.partition("Tell the patient:")[2].partition('value="book"')[0]
        assert "canceled less than 30 hours before it begins counts as missed" in told
        assert "After 2 missed visits we call you" in told
        opening = re.search(r'name="opening" value="([^"]+)"', page)[1]
        asked = {"opening": opening}  # the buttons stand in a card of their own
        page = signed_in(scheduler).get(url("propose", entry.pk), asked).text
        assert page.count("Tell the patient:") == 1
        card = page.partition('id="chosen"')[2].partition('value="book"')[0]
        assert "canceled less than 30 hours before it begins" in card
