"""When messages do not go out, staff, watchers and the board are told of it."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.core.management import call_command
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from prometheus_client.parser import text_string_to_metric_families

from massage_portal.accounts.roles import Role
from massage_portal.outbox import actions, health, sending
from massage_portal.outbox.codes import Channel, Failure
from massage_portal.outbox.health import Trouble
from massage_portal.outbox.models import Message
from tests.factories import DAY, NOW, make_appointment, make_message, make_user
from tests.processes import LOOPBACK, mail_server

SECOND, MINUTE = timedelta(seconds=1), timedelta(minutes=1)
KIND = "appointments.reminder"


@pytest.fixture(autouse=True)
def clock(monkeypatch):
    """The views' clock stands at NOW."""
    monkeypatch.setattr("django.utils.timezone.now", lambda: NOW)


@pytest.fixture
def well(db):
    """Beat gave a sign of life just now, and the mail server took a message."""
    actions.note_pulse(health.SENDER, now=NOW)
    actions.note_health(working=[Channel.EMAIL], down={}, now=NOW)


def overdue(by, **changed):
    """Return a message that should have gone so long ago."""
    made = make_message(kind=KIND)
    Message.objects.filter(pk=made.pk).update(due_at=NOW - by, try_at=NOW, **changed)
    return made


def troubles():
    return [alert.trouble for alert in health.alerts(NOW)]


def sign():
    return health.sign(NOW)


@pytest.mark.usefixtures("well")
def test_nothing_is_wrong_when_all_goes_well():
    overdue(SECOND)

    assert troubles() == []
    assert sign() == (0, False)


@pytest.mark.usefixtures("well")
def test_a_message_fifteen_minutes_past_due_is_late_and_five_show_on_the_board():
    overdue(5 * MINUTE - SECOND)
    assert sign() == (0, False)
    overdue(5 * MINUTE)
    assert sign() == (0, True)
    overdue(15 * MINUTE - SECOND)
    assert troubles() == []

    oldest = NOW - 20 * MINUTE
    overdue(15 * MINUTE)
    overdue(20 * MINUTE)

    (alert,) = health.alerts(NOW)
    assert (alert.trouble, alert.count, alert.since) == (Trouble.LATE, 2, oldest)


@pytest.mark.usefixtures("well")
def test_what_waits_for_its_readers_morning_is_not_late():
    put_off = overdue(9 * 60 * MINUTE, quiet_until=NOW - 14 * MINUTE)

    assert troubles() == []
    Message.objects.filter(pk=put_off.pk).update(quiet_until=NOW - 15 * MINUTE)
    assert troubles() == [Trouble.LATE]


@pytest.mark.usefixtures("well")
def test_a_channel_that_takes_nothing_is_told_until_it_takes_one():
    for at, code in ((NOW - 9 * MINUTE, "SMTPConnectError"), (NOW, "OSError")):
        actions.note_health(working=[], down={Channel.EMAIL: code}, now=at)

    (alert,) = health.alerts(NOW)
    told = (alert.trouble, alert.channel, alert.since, alert.code)
    assert told == (Trouble.CHANNEL, Channel.EMAIL, NOW - 9 * MINUTE, "OSError")
    assert sign().wrong

    actions.note_health(working=[Channel.EMAIL], down={}, now=NOW)
    assert troubles() == []


@pytest.mark.usefixtures("well")
def test_a_channel_that_answers_oddly_is_told_until_it_answers_well(settings):
    def took(channel, **unread):
        actions.note_health(working=[channel], down={}, now=NOW, **unread)

    took(Channel.EMAIL, unread={Channel.EMAIL: "200"})
    assert troubles() == [Trouble.UNREAD]
    assert sign() == (0, True)
    took(Channel.EMAIL)
    assert troubles() == []
    assert sign() == (0, False)

    settings.SMS_GATEWAY = None  # which the settings name no more
    took(Channel.SMS, unread={Channel.SMS: "201"})
    assert troubles() == []
    assert sign() == (0, False)


@pytest.mark.parametrize(("sweep", "silence"), [(20.0, 120), (60.0, 360)])
def test_beat_is_missed_after_two_minutes_or_six_rounds(well, settings, sweep, silence):
    settings.SWEEP_SECONDS = sweep
    last = NOW - timedelta(seconds=silence)

    actions.note_pulse(health.SENDER, now=last)
    assert troubles() == []
    actions.note_pulse(health.SENDER, now=last - SECOND)
    assert troubles() == [Trouble.SILENT]
    assert sign().wrong
    # Of a clock that was ahead, so it tells nothing of this moment.
    actions.note_pulse(health.SENDER, now=NOW + timedelta(hours=1))
    assert troubles() == [Trouble.SILENT]


@pytest.mark.usefixtures("well")
def test_a_channel_that_the_settings_name_no_more_is_no_trouble(settings):
    settings.SMS_GATEWAY = object()
    actions.note_health(working=[], down={Channel.SMS: "401"}, now=NOW)
    assert troubles() == [Trouble.CHANNEL]

    settings.SMS_GATEWAY = None
    assert troubles() == []
    assert not sign().wrong


@pytest.mark.django_db
def test_a_portal_that_never_sent_anything_is_silent():
    assert troubles() == [Trouble.SILENT]
    assert sign().wrong


@pytest.mark.usefixtures("well")
def test_what_was_given_up_is_told_for_a_day_and_counted_as_a_call():
    def lost(at, why):
        overdue(MINUTE, failed_at=at, failed_because=why)

    lost(NOW - DAY, Failure.UNWRITABLE)
    assert troubles() == []
    lost(NOW - DAY + SECOND, Failure.REFUSED)
    assert troubles() == [Trouble.FAILED]
    assert sign() == (2, False)

    lost(NOW - DAY + SECOND, Failure.UNWRITABLE)
    assert troubles() == [Trouble.UNWRITABLE, Trouble.FAILED]
    assert sign() == (3, True)  # a fault of the portal: the board says so


@pytest.mark.usefixtures("well")
@pytest.mark.parametrize(
    ("why", "nobody"),
    [(Failure.WITHHELD, False), (Failure.INACTIVE, False), (Failure.UNREACHABLE, True)],
)
def test_what_was_not_to_go_by_itself_is_a_call_and_no_alarm(why, nobody):
    lost = overdue(MINUTE, failed_at=NOW, failed_because=why)
    if nobody:  # a patient without an account
        Message.objects.filter(pk=lost.pk).update(recipient=None)
    assert troubles() == []
    assert sign() == (1, False)

    overdue(MINUTE, failed_at=NOW, failed_because=Failure.UNREACHABLE)
    (alert,) = health.alerts(NOW)
    assert (alert.trouble, alert.count) == (Trouble.FAILED, 1)


def a_scheduler():
    client = Client()
    client.force_login(make_user(Role.SCHEDULER))
    return client


@pytest.mark.usefixtures("well")
def test_the_page_and_the_board_say_what_is_wrong_and_what_to_do():
    client = a_scheduler()
    assert "Yes. Nothing is wrong." in client.get("/messages/health/").content.decode()
    assert "Messages do not go out" not in client.get("/queue/").content.decode()

    actions.note_health(working=[], down={Channel.EMAIL: "OSError"}, now=NOW)
    overdue(16 * MINUTE)
    overdue(MINUTE, failed_at=NOW, failed_because=Failure.REJECTED)
    page = client.get("/messages/health/").content.decode()
    board = client.get("/queue/").content.decode()

    for trouble in (Trouble.CHANNEL, Trouble.LATE, Trouble.FAILED):
        assert all(str(words) in page for words in health.WORDS[trouble])
    assert "Messages do not go out as they should." in board
    assert "1 message reached nobody: call" in board


@pytest.mark.django_db
def test_the_board_pays_one_journey_through_indexes_for_it():
    with CaptureQueriesContext(connection) as asked:
        sign()
    assert len(asked) == 1
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
        cursor.execute("DISCARD PLANS")  # it was planned for a table that was empty
        cursor.execute(f"EXPLAIN {asked[0]['sql']}")
        plan = "\n".join(line for (line,) in cursor.fetchall())

    assert "message_to_call" in plan
    assert "message_failed" in plan
    assert "message_unsent_by_" in plan  # by due or by try: as few rows, either way
    assert "Seq Scan on outbox_message" not in plan


# --- Machines -------------------------------------------------------------------------


def figures(client, capsys):
    """Return the metrics as Prometheus reads them: by name and labels."""
    call_command("add_system", "watcher", "--for", "metrics")
    secret = capsys.readouterr().out.strip()
    answer = client.get("/metrics", headers={"Authorization": f"Bearer {secret}"})
    assert answer.status_code == 200
    assert answer["Content-Type"].startswith("text/plain")
    text = answer.content.decode()
    return text, {
        (one.name.removeprefix("portal_messages"), *one.labels.values()): one.value
        for family in text_string_to_metric_families(text)
        for one in family.samples
    }


@pytest.mark.usefixtures("well")
def test_metrics_tell_numbers_and_nobody(client, capsys, settings):
    late = overdue(16 * MINUTE, attempts=3)
    overdue(MINUTE, sent_at=NOW, channel=Channel.SMS, attempts=1)
    overdue(MINUTE, failed_at=NOW, failed_because=Failure.REFUSED)
    overdue(2 * DAY, sent_at=NOW - 2 * DAY, channel=Channel.SMS)
    down = NOW - 3 * MINUTE
    actions.note_health(working=[], down={Channel.EMAIL: "OSError"}, now=down)
    odd = {Channel.SMS: "201"}
    actions.note_health(working=[Channel.SMS], down={}, now=NOW, unread=odd)
    settings.SMS_GATEWAY = object()

    text, found = figures(client, capsys)

    wanted = {
        ("", "none", "owed"): 1,
        ("", "sms", "sent"): 1,
        ("", "email", "sent"): 0,
        ("", "none", "failed"): 1,
        ("_waiting",): 1,
        ("_late",): 1,
        ("_oldest_due_seconds",): 960,
        ("_attempts",): 4,
        ("_channel_failing_seconds", "email"): 180,
        ("_channel_failing_seconds", "sms"): 0,
        ("_channel_unread", "email"): 0,
        ("_channel_unread", "sms"): 1,
        ("_sender_silent_seconds",): 0,
        ("_to_call",): 1,
    }
    assert {name: found[name] for name in wanted} == wanted
    assert late.recipient.email not in text
    assert late.recipient.name not in text


@pytest.mark.django_db
def test_a_stranger_sees_no_metrics(client):
    client.force_login(make_user(Role.LEAD))

    for secret in ("", "Bearer wrong"):
        answer = client.get("/metrics", headers={"Authorization": secret})
        assert (answer.status_code, answer.content.count(b"portal_")) == (401, 0)


@pytest.mark.usefixtures("well")
def test_the_portal_is_ready_though_messages_are_late(client):
    actions.note_pulse(health.SENDER, now=NOW - DAY)
    overdue(16 * MINUTE)

    answer = client.get("/readyz")

    told = {"status": "ready", "messages": {"late": 1, "beat": "silent"}}
    assert (answer.status_code, answer.json()) == (200, told)


# --- From a refusal to a call ---------------------------------------------------------


@pytest.mark.usefixtures("committed")
def test_a_refusal_for_good_is_on_the_list_of_calls_with_the_next_round(settings):
    """Beat comes every SWEEP_SECONDS, so the list has it within five minutes."""
    assert 2 * settings.SWEEP_SECONDS < 300
    visit = make_appointment()
    message = make_message(kind=KIND, subject=visit, to=visit.patient.user)
    with mail_server() as server:
        server.at_rcpt = "550 5.1.1 no such user"
        settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
        settings.EMAIL_HOST, settings.EMAIL_PORT = LOOPBACK, server.port
        for at in (NOW, NOW + timedelta(seconds=settings.SWEEP_SECONDS)):
            sending.send(pk=message.pk, now=at)

    shown = a_scheduler().get("/messages/calls/").content.decode()

    assert str(visit.patient) in shown
    assert "Reminder of a visit" in shown
    assert f"Email to {visit.patient.user.email} is stopped" in shown
