"""The staff's pages about messages: what went to whom, whom to call, who looked."""

from __future__ import annotations

import pytest
from django.db import IntegrityError, connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from appointments.codes import EntryStatus, Status
from massage_portal.accounts.roles import Role
from massage_portal.audit.models import AuditEvent
from massage_portal.outbox import actions
from massage_portal.outbox.codes import Channel, Failure, Halt, Mended
from massage_portal.outbox.models import Message, Stop
from tests.factories import (
    DAY,
    HOUR,
    NOW,
    make_appointment,
    make_entry,
    make_message,
    make_patient,
    make_referral,
    make_user,
)

pytestmark = pytest.mark.django_db
REMINDER = "appointments.reminder"


@pytest.fixture(autouse=True)
def clock(monkeypatch):
    """The views' clock stands at NOW."""
    monkeypatch.setattr("django.utils.timezone.now", lambda: NOW)


@pytest.fixture
def desk():
    return at_the_desk(Role.SCHEDULER)


def at_the_desk(role):
    client = Client()
    client.user = make_user(role)
    client.force_login(client.user)
    return client


def of_visit(**changed):
    """Return a reminder of a patient's visit, as far as it has come."""
    visit = make_appointment()
    user = visit.patient.user
    message = make_message(kind=REMINDER, subject=visit, to=user, due_at=NOW - HOUR)
    Message.objects.filter(pk=message.pk).update(recipient=user, **changed)
    message.refresh_from_db()
    message.visit, message.patient_id = visit, visit.patient_id
    return message


def failed(**changed):
    lost = {"failed_at": NOW, "failed_because": Failure.UNREACHABLE}
    return of_visit(**lost | changed)


def events(action):
    rows = AuditEvent.objects.filter(action=action).order_by("pk")
    return [(int(row.record_id), row.patient_id, row.actor) for row in rows]


def page(client, name, *args, **query):
    answer = client.get(reverse(f"outbox:{name}", args=args), query)
    assert answer.status_code == 200
    return answer.content.decode()


# --- What went to whom ----------------------------------------------------------------


def test_the_list_says_what_went_to_whom_and_how_it_fared_and_is_recorded(desk):
    sent = of_visit(sent_at=NOW, channel=Channel.EMAIL, provider_id="<id@provider>")
    lost = failed(failed_because=Failure.REJECTED, attempts=8)

    shown = page(desk, "messages")

    for words in ("Reminder of a visit", "given up", "&lt;id@provider&gt;"):
        assert words in shown
    for message in (sent, lost):
        assert message.recipient.name in shown
        assert message.recipient.email not in shown
    assert "the mail server did not take the message" in shown
    assert sorted(events("message.listed")) == [
        (one.pk, one.patient_id, desk.user.email) for one in (sent, lost)
    ]


def test_the_list_asks_as_often_whether_it_is_long_or_short(desk):
    def asked():
        with CaptureQueriesContext(connection) as queries:
            page(desk, "messages")
        return len(queries)

    of_visit()
    page(desk, "messages")  # what is read once, is read
    short = asked()
    for number in range(5):
        of_visit(claim=number)

    assert asked() == short


@pytest.mark.parametrize(
    ("query", "kept"),
    [
        ({"state": "failed"}, "failed"),
        ({"state": "owed"}, "owed"),
        ({"channel": "email"}, "sent"),
        ({"kind": "referrals.recorded"}, None),
        ({"day_month": "2026-09-01"}, "old"),
        ({"state": "nonsense", "day_month": "9999-12-31", "page": "-1"}, "all"),
        ({"channel": "x", "day_month": "0001-01-01", "patient": "9" * 5000}, "all"),
    ],
)
def test_what_narrows_the_list_stands_in_its_address(desk, query, kept):
    rows = {
        "failed": failed(),
        "owed": of_visit(),
        "sent": of_visit(sent_at=NOW, channel=Channel.EMAIL),
        "old": of_visit(due_at=NOW - 43 * DAY, sent_at=NOW - 43 * DAY),
    }

    shown = page(desk, "messages", **query)

    wanted = {"all": {"failed", "owed", "sent"}}.get(kept, {kept})
    for name, message in rows.items():
        there = f'href="/messages/{message.pk}/"' in shown
        assert there == (name in wanted), name


def test_a_day_that_is_none_is_told_beside_its_boxes_and_narrows_nothing(desk):
    message = of_visit()

    shown = page(desk, "messages", day_month="2", day_day="30", day_year="2026")

    assert "February 2026 has only 28 days" in shown
    assert 'value="30"' in shown
    assert f'href="/messages/{message.pk}/"' in shown


@pytest.mark.parametrize("address", ["/messages/", "/queue/"])
def test_an_empty_search_is_told_on_top_with_a_link_to_its_field(desk, address):
    answer = desk.post(address, {"q": " "})

    assert answer.status_code == 422
    for words in ("<title>Error:", 'role="alert"', 'href="#q"', 'id="q-error"'):
        assert words in answer.text


def test_a_message_that_was_never_tried_says_so_in_a_number(desk):
    assert "<dd>0</dd>" in page(desk, "message", of_visit().pk)


def test_a_name_is_searched_by_post_and_the_answer_holds_a_key_only(desk):
    mine, other = of_visit(), of_visit()

    answer = desk.post("/messages/", {"q": mine.visit.patient.family_name})

    assert answer["Location"] == f"/messages/?patient={mine.patient_id}"
    shown = desk.get(answer["Location"]).content.decode()
    assert f'href="/messages/{mine.pk}/"' in shown
    assert f'href="/messages/{other.pk}/"' not in shown
    assert f"Messages to {mine.visit.patient}" in shown
    seen = (mine.patient_id, mine.patient_id, desk.user.email)
    assert events("patient.seen") == [seen]  # even where no message is listed
    both = desk.post("/messages/", {"q": "Juniper"}).content.decode()
    assert all(f'href="/messages/{one.pk}/"' in both for one in (mine, other))


def test_a_message_tells_its_history_and_whose_it_is(desk):
    message = of_visit(
        sent_at=NOW, began_at=NOW, channel=Channel.EMAIL, returned_at=NOW + HOUR
    )

    shown = page(desk, "message", message.pk)

    steps = ["Owed", "Sent by email", "Came back", "Of no use after that"]
    assert [shown.index(step) for step in steps] == sorted(map(shown.index, steps))
    assert f"/messages/?patient={message.patient_id}" in shown
    assert events("message.seen") == [(message.pk, message.patient_id, desk.user.email)]


# --- Calls to make --------------------------------------------------------------------


def test_who_has_no_account_and_who_was_not_reached_stand_on_the_list_once(desk):
    patient = make_patient(account=False, phone="+15075550123")
    entry = make_entry(referral=make_referral(patient=patient))
    visit = make_appointment(entry=entry, status=Status.PROPOSED)
    for key in "12":
        actions.owe(REMINDER, visit, to=None, now=NOW, expires_at=NOW + DAY, key=key)
    lost = {"failed_at": NOW, "failed_because": Failure.UNREACHABLE}
    Message.objects.update(**lost)
    back = of_visit(sent_at=NOW, returned_at=NOW)
    of_visit(sent_at=NOW)
    failed(expires_at=NOW)  # of no use any more

    shown = page(desk, "calls")

    assert shown.count("I called<") == 2
    assert shown.count(str(patient)) >= 1
    assert "+1 507-555-0123" in shown
    assert str(back.visit.patient) in shown
    assert len(events("message.listed")) == 3


def test_a_call_is_recorded_once_and_another_is_told_who_called_and_when(desk):
    first, second = failed(), failed()
    sent = {"message": [first.pk, second.pk, "9" * 5000, "x"]}
    other = at_the_desk(Role.STAFF)

    said = [
        client.post("/messages/calls/called/", sent, follow=True).content.decode()
        for client in (desk, desk, other)
    ]

    assert "Recorded: you called about 2 things." in said[0]
    assert "You recorded this before." in said[1]
    assert (
        f"{desk.user.name} has called already, on Wed, Oct 14, 10 a.m. CDT." in said[2]
    )
    assert "Nobody to call" in said[2]
    assert events("message.handled") == [
        (one.pk, one.patient_id, desk.user.email) for one in (first, second)
    ]


def a_stop(message, because=Halt.REFUSED, **fields):
    address = message.recipient.email
    actions.stop(
        user=message.recipient,
        channel=Channel.EMAIL,
        address=address,
        because=because,
        now=NOW,
    )
    return Stop.objects.latest("pk")


def test_a_stopped_address_stands_there_while_it_is_used_and_a_visit_is_ahead(desk):
    standing, mended, past, wanted = [of_visit() for _ in range(4)]
    for message in (standing, mended, past):
        a_stop(message)
    a_stop(wanted, because=Halt.OPTED_OUT)
    type(mended.recipient).objects.filter(pk=mended.recipient_id).update(email="a@b.c")
    type(past.visit).objects.filter(pk=past.visit.pk).update(starts_at=NOW - DAY)

    shown = page(desk, "calls")

    assert f"Email to {standing.recipient.email} is stopped: the address was" in shown
    for message in (mended, past, wanted):
        assert str(message.visit.patient) not in shown
    assert len(events("stop.listed")) == 1


@pytest.mark.parametrize("status", list(EntryStatus))
def test_who_waits_is_called_about_a_stopped_address_before_an_offer(
    desk, monkeypatch, status
):
    monkeypatch.setattr("massage_portal.outbox.desk.MOST_CALLS", 1)
    entry = make_entry(status=status)
    user = entry.patient.user
    stopped = {"channel": Channel.EMAIL, "because": Halt.REFUSED, "now": NOW}
    actions.stop(user=user, address=user.email, **stopped)
    nobody = make_patient().user  # newer, and has nothing to come
    actions.stop(user=nobody, address=nobody.email, **stopped)

    asked = status in ("requested", "on-hold", "accepted")
    assert (str(entry.patient) in page(desk, "calls")) is asked


def test_a_stopped_address_is_settled_by_a_call_and_used_again_by_a_button(desk):
    called, right = a_stop(of_visit()), a_stop(of_visit())

    desk.post("/messages/calls/called/", {"stop": called.pk})
    again = f"/messages/calls/stops/{right.pk}/use-again/"
    assert "Nothing was chosen." in desk.post(again, follow=True).content.decode()
    why = {"because": "owner"}
    said = [desk.post(again, why, follow=True).content.decode() for _ in range(2)]

    right.refresh_from_db()
    assert (right.lifted_by, right.lifted_because) == (desk.user, Mended.OWNER)
    assert list(Stop.objects.standing()) == [called]
    assert "Nobody to call" in said[0]
    assert "We write to that address again" in said[0]
    assert "Somebody has done this already." in said[1]
    whose = called.user.patient.pk
    assert events("stop.handled") == [(called.pk, whose, desk.user.email)]
    assert events("stop.lifted")[0][1] == right.user.patient.pk


def test_what_found_no_way_goes_once_its_address_is_used_again(desk, mailoutbox):
    stop = a_stop(of_visit())
    user = stop.user
    refused, returned, called, over = (of_visit() for _ in range(4))
    lost = {"recipient": user, "failed_at": NOW, "failed_because": Failure.REFUSED}
    back = {"recipient": user, "sent_at": NOW, "returned_at": NOW}
    handled = {"handled_at": NOW, "handled_by": desk.user}
    for message, fields in (
        (refused, lost),
        (returned, back),
        (called, lost | handled),
        (over, lost | {"expires_at": NOW}),
    ):
        Message.objects.filter(pk=message.pk).update(**fields)

    again = f"/messages/calls/stops/{stop.pk}/use-again/"
    said = desk.post(again, {"because": "repaired"}, follow=True).content.decode()

    assert "2 messages that did not reach it go now" in said
    mail = Message.objects.get(instead_of=returned)
    due = set(Message.objects.due(NOW).filter(recipient=user))
    assert {refused, mail} <= due
    assert not {called, over} & due


def test_a_message_says_what_its_server_said_and_when_it_is_tried_next(desk):
    message = of_visit(attempts=3, code="451", try_at=NOW + 2 * HOUR)
    shown = page(desk, "message", message.pk)
    assert "451" in shown
    assert "To be tried next" in shown
    assert "Of no use after that" in shown


def test_a_stop_is_handled_by_someone():
    stop = a_stop(of_visit())

    with pytest.raises(IntegrityError, match='"stop_is_handled_by_someone"'):
        Stop.objects.filter(pk=stop.pk).update(handled_at=NOW)
