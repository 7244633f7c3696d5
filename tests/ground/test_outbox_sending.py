"""Messages owed, against a real mail server that takes them, refuses, cuts or hangs."""

from __future__ import annotations

import socket
import uuid
from datetime import timedelta

import pytest
from aiosmtpd.smtp import AuthResult
from django.utils import translation

from massage_portal.outbox import actions, kinds
from massage_portal.outbox.kinds import Mail
from massage_portal.outbox.models import Message
from tests.factories import DAY, HOUR, NOW, make_message, make_user
from tests.processes import LOOPBACK, mail_server

SECOND = timedelta(seconds=1)
LEASE = Message.objects.none().LEASE
KIND = "tests.words"

pytestmark = pytest.mark.django_db


def words(message):
    return Mail(subject="A subject", text="Some text", html="<p>Some text</p>")


@pytest.fixture
def render(monkeypatch):
    """Set what renders the messages of these tests."""

    def use(renderer, kind=KIND):
        monkeypatch.setitem(kinds._renderers, kind, renderer)

    use(words)
    return use


@pytest.fixture
def server(settings, render):
    """A real mail server, to which Django sends."""
    with mail_server() as running:
        reach(settings, running.port)
        yield running


def reach(settings, port):
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = LOOPBACK, port


def changed(**fields):
    """Return a message as if it had come so far."""
    message = make_message()
    Message.objects.filter(pk=message.pk).update(**fields)
    message.refresh_from_db()
    return message


def claimed(until):
    return {"claim": uuid.uuid4(), "claimed_until": until}


# --- Sent -----------------------------------------------------------------------------


def test_a_mail_goes_to_its_recipient_and_says_that_a_machine_wrote_it(server):
    user = make_user()
    message = make_message(to=user)
    assert actions.send(pk=message.pk, now=NOW)
    assert not actions.send(pk=message.pk, now=NOW)
    (mail,) = server.mails
    assert server.recipients == [user.email]
    assert (mail["To"], mail["Subject"]) == (user.email, "A subject")
    assert mail["Auto-Submitted"] == "auto-generated"
    assert mail["Message-ID"] == f"<{message.message_id}@example.org>"
    assert mail.get_body(("plain",)).get_content().strip() == "Some text"
    assert mail.get_body(("html",)).get_content().strip() == "<p>Some text</p>"
    message.refresh_from_db()
    assert (message.sent_at, message.claim, message.claimed_until) == (NOW, None, None)


def test_words_are_written_in_the_recipients_language(server, render):
    def writes(message):
        return Mail(subject=translation.get_language(), text="", html="")

    render(writes)
    for language in ["es", "en"]:
        message = make_message(to=make_user(language=language))
        assert actions.send(pk=message.pk, now=NOW)
    assert [mail["Subject"] for mail in server.mails] == ["es", "en"]


@pytest.mark.parametrize("line_break", ["\n", "\r\n", "\r", "\u2028", "\x85", "\n "])
def test_a_line_break_in_a_subject_forges_no_header(line_break, server, render):
    subject = f"Hello{line_break}Bcc: victim@example.org{line_break}{line_break}Body"
    render(lambda message: Mail(subject=subject, text="", html=""))
    message = make_message()
    assert actions.send(pk=message.pk, now=NOW)
    (mail,) = server.mails
    assert mail["Subject"] == "Hello Bcc: victim@example.org Body"
    assert mail["Bcc"] is None
    assert server.recipients == [message.recipient.email]


class Killed(BaseException):
    """What nothing catches, as nothing catches the end of the process."""


def test_a_worker_killed_after_the_servers_answer_sends_again_with_the_same_id(
    server, monkeypatch
):
    deliver = actions._deliver

    def dies(message, mail):
        deliver(message, mail)
        raise Killed

    monkeypatch.setattr(actions, "_deliver", dies)
    message = make_message()
    with pytest.raises(Killed):
        actions.send(pk=message.pk, now=NOW)
    monkeypatch.setattr(actions, "_deliver", deliver)
    assert not actions.send(pk=message.pk, now=NOW + LEASE - SECOND)
    assert actions.send(pk=message.pk, now=NOW + LEASE)
    assert not actions.send(pk=message.pk, now=NOW + 2 * LEASE)
    assert server.times_caught == {f"<{message.message_id}@example.org>": 2}


# --- Refused --------------------------------------------------------------------------


def assert_tried_again_later(message):
    """See it unsent and unfailed: not due before its pause, due right after."""
    message.refresh_from_db()
    assert (message.sent_at, message.failed_at, message.voided_at) == (None,) * 3
    pause = actions.pause_after(1)
    assert not Message.objects.due(NOW + pause - SECOND).filter(pk=message.pk).exists()
    assert Message.objects.due(NOW + pause).filter(pk=message.pk).exists()


@pytest.mark.parametrize("at", ["at_rcpt", "at_data"])
def test_what_the_server_refuses_for_now_is_tried_again_and_goes_once(at, server):
    message = make_message()
    setattr(server, at, "451 come back later")
    assert not actions.send(pk=message.pk, now=NOW)
    assert_tried_again_later(message)
    setattr(server, at, "250 fine")
    assert actions.send(pk=message.pk, now=NOW + actions.pause_after(1))
    assert list(server.times_caught.values()) == [1]


def test_each_failed_attempt_is_followed_by_a_longer_pause(server):
    server.at_rcpt = "451 come back later"
    message, now, pauses = make_message(expires_at=NOW + 9 * DAY), NOW, []
    for _ in range(actions.MAX_ATTEMPTS - 1):
        actions.send(pk=message.pk, now=now)
        message.refresh_from_db()
        pauses.append((message.claimed_until - now).total_seconds())
        now = message.claimed_until
    assert pauses == [30, 60, 120, 240, 480, 960, 1920]
    assert message.failed_at is None

    actions.send(pk=message.pk, now=now)
    message.refresh_from_db()
    assert (message.failed_at, message.claim) == (now, None)


@pytest.mark.parametrize("at", ["at_rcpt", "at_data"])
def test_what_the_server_refuses_for_good_fails_at_once(at, server):
    setattr(server, at, "550 nobody of that name")
    message = make_message()
    assert not actions.send(pk=message.pk, now=NOW)
    message.refresh_from_db()
    assert (message.failed_at, message.attempts) == (NOW, 1)
    setattr(server, at, "250 fine")
    assert not actions.send(pk=message.pk, now=NOW + HOUR)
    assert server.caught == []


def test_a_refused_connection_is_tried_again(settings, render):
    with socket.socket() as deaf:  # bound, so nobody else has the port; not listening
        deaf.bind((LOOPBACK, 0))
        reach(settings, deaf.getsockname()[1])
        message = make_message()
        assert not actions.send(pk=message.pk, now=NOW)
    assert_tried_again_later(message)


def test_a_server_that_does_not_let_us_in_is_tried_again(settings, render):
    options = {"authenticator": lambda *_: AuthResult(success=False, handled=False)}
    with mail_server(auth_require_tls=False, **options) as server:
        reach(settings, server.port)
        settings.EMAIL_HOST_USER, settings.EMAIL_HOST_PASSWORD = "clinic", "outdated"
        message = make_message()
        assert not actions.send(pk=message.pk, now=NOW)
    assert_tried_again_later(message)


def test_a_connection_cut_in_the_middle_of_the_mail_is_tried_again(server):
    server.cut_at = "DATA"
    message = make_message()
    assert not actions.send(pk=message.pk, now=NOW)
    assert_tried_again_later(message)


def test_a_connection_cut_after_the_mail_was_taken_changes_nothing(server):
    server.cut_at = "QUIT"
    message = make_message()
    assert actions.send(pk=message.pk, now=NOW)
    message.refresh_from_db()
    assert message.sent_at == NOW


def test_a_server_that_never_answers_is_left_and_tried_again(server, settings):
    settings.EMAIL_TIMEOUT = 0.2
    server.gate.clear()
    message = make_message()
    assert not actions.send(pk=message.pk, now=NOW)
    assert_tried_again_later(message)


@pytest.mark.parametrize(
    ("fields", "is_due"),
    [
        pytest.param({}, True, id="its moment"),
        pytest.param({"due_at": NOW + SECOND}, False, id="ahead"),
        pytest.param({"due_at": NOW - HOUR, "expires_at": NOW}, False, id="expired"),
        pytest.param({"expires_at": NOW + SECOND}, True, id="still of use"),
        pytest.param(claimed(NOW + SECOND), False, id="in other hands"),
        pytest.param(claimed(NOW), True, id="lease over"),
        pytest.param({"sent_at": NOW}, False, id="sent"),
        pytest.param({"failed_at": NOW}, False, id="given up"),
        pytest.param({"voided_at": NOW}, False, id="voided"),
    ],
)
def test_only_what_is_due_can_be_claimed_and_is_sent(fields, is_due, server):
    message = changed(**fields)
    assert Message.objects.due(NOW).filter(pk=message.pk).exists() == is_due
    assert actions.send(pk=message.pk, now=NOW) == is_due
    assert len(server.caught) == is_due


def test_a_message_voided_between_claim_and_begin_is_never_sent(server, render):
    def voids(message):
        Message.objects.filter(pk=message.pk).update(voided_at=NOW)
        return words(message)

    render(voids)
    message = make_message()
    assert not actions.send(pk=message.pk, now=NOW)
    assert not actions.send(pk=message.pk, now=NOW + LEASE)
    assert server.caught == []


def test_a_message_voided_on_its_way_counts_as_sent(server, monkeypatch):
    deliver = actions._deliver

    def voided_meanwhile(message, mail):
        deliver(message, mail)
        Message.objects.filter(pk=message.pk).update(voided_at=NOW)

    monkeypatch.setattr(actions, "_deliver", voided_meanwhile)
    message = make_message()
    assert actions.send(pk=message.pk, now=NOW)
    message.refresh_from_db()
    assert (message.sent_at, message.voided_at) == (NOW, None)


def test_a_message_whose_reason_is_gone_is_voided_and_not_tried_again(server, render):
    render(lambda message: None)
    message = make_message()
    assert not actions.send(pk=message.pk, now=NOW)
    message.refresh_from_db()
    assert (message.voided_at, message.began_at) == (NOW, None)
    assert server.caught == []


def test_a_message_that_cannot_be_written_stops_no_other_and_is_given_up(
    server, render
):
    def raises(message):
        raise ZeroDivisionError

    render(raises, kind="tests.poison")
    poison = make_message(kind="tests.poison", expires_at=NOW + 9 * DAY)
    good = make_message()
    unknown = make_message(kind="tests.nobody-writes-it", expires_at=NOW + 9 * DAY)
    now = NOW
    for _ in range(actions.MAX_ATTEMPTS + 2):
        for pk in Message.objects.due(now).order_by("pk").values_list("pk", flat=True):
            actions.send(pk=pk, now=now)
        now += HOUR
    for message in (poison, unknown):
        message.refresh_from_db()
        assert message.attempts == actions.MAX_ATTEMPTS
        assert message.failed_at is not None
        assert message.sent_at is None
    good.refresh_from_db()
    assert good.sent_at == NOW
    assert len(server.caught) == 1
