"""What a gateway tells of texts: what it changes, and what goes by mail instead."""

from __future__ import annotations

import uuid

import pytest

from massage_portal.outbox import actions, invariants, sending
from massage_portal.outbox.codes import Channel, Failure, Halt
from massage_portal.outbox.models import Message, Stop
from tests.factories import DAY, NOW, make_message
from tests.ground.reported import (
    GATEWAY,
    KIND,
    NUMBER,
    STATUS,
    signed,
    text,
    told,
    with_number,
)

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def set_up(settings, monkeypatch):
    settings.SMS_GATEWAY = GATEWAY
    monkeypatch.setattr("django.utils.timezone.now", lambda: NOW)


def test_a_delivered_text_is_marked_however_often_it_is_told(client):
    message = text(with_number())
    for status in ("sent", "delivered", "sent", "delivered"):
        told(client, message, status)
    assert (message.delivered_at, message.returned_at) == (NOW, None)
    assert not Stop.objects.exists()


@pytest.mark.parametrize(
    ("code", "because"),
    [("30005", Halt.BOUNCED), ("21610", Halt.OPTED_OUT), ("30003", None), ("", None)],
)
def test_a_text_that_came_back_stops_the_number_if_it_is_dead(client, code, because):
    user = with_number()
    message = text(user)
    for _again in range(2):
        told(client, message, "undelivered", code)
    assert message.returned_at == NOW
    stops = Stop.objects.values_list("user", "address", "because")
    assert list(stops) == ([(user.pk, NUMBER, because)] if because else [])


def test_a_report_marks_what_its_sender_died_before_marking(client):
    message = make_message(kind=KIND, to=with_number())
    Message.objects.filter(pk=message.pk).update(claim=7, began_at=NOW)

    told(client, message, "delivered")

    assert (message.sent_at, message.delivered_at, message.claim) == (NOW, NOW, None)
    assert (message.channel, message.provider_id) == (Channel.SMS, "SM1")
    assert not Message.objects.due(NOW).exists()  # it is not sent a second time


def test_a_report_of_what_was_claimed_again_leaves_nothing_that_verify_doubts(client):
    message = make_message(kind=KIND, to=with_number())
    tried = {"attempts": 1, "began_at": None}  # and a second sender gave it back
    Message.objects.filter(pk=message.pk).update(**tried)

    told(client, message, "delivered")

    assert invariants.once(NOW).faults == []


def test_a_text_that_came_back_goes_by_mail_instead_and_once(client, mailoutbox):
    message = text(with_number())
    for _again in range(2):
        told(client, message, "undelivered", "30003")

    mail = Message.objects.get(instead_of=message)
    assert (mail.kind, mail.about) == (message.kind, message.about)
    assert (mail.due_at, mail.expires_at) == (NOW, message.expires_at)
    assert not Message.objects.to_call(NOW).exists()
    assert sending.send(pk=mail.pk, now=NOW)
    mail.refresh_from_db()
    assert (mail.channel, mail.sent_at) == (Channel.EMAIL, NOW)
    assert len(mailoutbox) == 1


def _stopped(message):
    common = {"channel": Channel.EMAIL, "because": Halt.BOUNCED, "now": NOW}
    user = message.recipient
    actions.stop(user=user, address=user.email, **common)


def _switched_off(message):
    type(message.recipient).objects.update(is_active=False)


@pytest.mark.parametrize("lost", [_stopped, _switched_off])
def test_where_no_mail_goes_either_whoever_a_text_did_not_reach_is_called(client, lost):
    message = text(with_number())
    lost(message)
    told(client, message, "undelivered", "30003")
    assert Message.objects.get() == message
    assert Message.objects.to_call(NOW).get() == message


@pytest.mark.parametrize(
    "fields",
    [
        pytest.param({"worth_a_call": False}, id="of small account, or withdrawn"),
        pytest.param({"expires_at": NOW}, id="of no use any more"),
    ],
)
def test_what_is_not_worth_a_call_does_not_go_by_mail_instead(client, fields):
    message = text(with_number(), due_at=NOW - DAY, **fields)
    told(client, message, "undelivered")
    assert Message.objects.get() == message
    assert not Message.objects.to_call(NOW).exists()


def test_a_mail_in_place_of_a_text_that_comes_back_too_is_a_call(client):
    message = text(with_number())
    told(client, message, "undelivered")
    mail = Message.objects.get(instead_of=message)
    values = {"sent_at": NOW, "channel": Channel.EMAIL, "provider_id": "M1"}
    Message.objects.filter(pk=mail.pk).update(**values)
    back = [actions.Report(actions.Outcome.RETURNED, number="M1")]
    actions.note_reports(channel=Channel.EMAIL, reports=back, now=NOW)
    assert Message.objects.to_call(NOW).get() == mail


WENT_BY_MAIL = {"channel": Channel.EMAIL, "provider_id": "M1"}


@pytest.mark.parametrize(
    ("fields", "reports", "delivered", "returned"),
    [
        pytest.param(WENT_BY_MAIL, ["undelivered"], False, False, id="mail since"),
        pytest.param(WENT_BY_MAIL, ["delivered"], False, False, id="mail went too"),
        pytest.param(
            {"provider_id": "SM2"}, ["failed"], False, False, id="a hand-over before"
        ),
        pytest.param({}, ["delivered", "undelivered"], True, False, id="a late no"),
        pytest.param({}, ["undelivered", "delivered"], False, True, id="a late yes"),
        pytest.param({}, ["failed", "failed"], False, True, id="twice"),
        pytest.param({}, ["queued", "sent", "sending"], False, False, id="on its way"),
    ],
)
def test_a_report_changes_only_what_it_tells_of(
    client, fields, reports, delivered, returned
):
    message = text(with_number(), **fields)
    for status in reports:
        told(client, message, status)
    assert (message.delivered_at is not None) is delivered
    assert (message.returned_at is not None) is returned
    assert (message.sent_at, message.failed_at) == (NOW, None)


def test_a_report_of_another_message_changes_nothing(client):
    message = text(with_number())
    stranger = Message(message_id=uuid.uuid4())
    form = {"MessageSid": "SM9", "MessageStatus": "failed", "To": NUMBER}
    path = f"{STATUS}?m={stranger.message_id}"
    assert signed(client, path, form).status_code == 204
    assert signed(client, STATUS, form).status_code == 204
    message.refresh_from_db()
    assert (message.returned_at, message.delivered_at) == (None, None)
    assert not Stop.objects.exists()


def test_what_was_given_up_and_arrived_after_all_counts_as_sent(client):
    message = make_message(kind=KIND, to=with_number())
    gone = {"failed_at": NOW, "failed_because": Failure.EXPIRED}
    Message.objects.filter(pk=message.pk).update(**gone)
    told(client, message, "delivered")
    assert (message.sent_at, message.failed_at) == (NOW, None)
