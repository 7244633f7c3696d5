"""Messages owed, against a real mail server that takes them, refuses, cuts or hangs."""

from __future__ import annotations

import pytest
from django.db import OperationalError, connection
from django.utils import translation

from massage_portal.outbox import actions, sending
from massage_portal.outbox.carriers.email import EmailCarrier
from massage_portal.outbox.codes import Channel, Failure, Halt
from massage_portal.outbox.kept import MOST_FAULTS
from massage_portal.outbox.kinds import Mail
from massage_portal.outbox.models import ChannelHealth, Message, Preference, Stop
from massage_portal.outbox.models.message import HAND_OVER
from tests.factories import DAY, HOUR, NOW, make_message, make_user
from tests.processes import until
from tests.sending import SECOND, assert_tried_again_later, send, send_all, words

pytestmark = pytest.mark.django_db


def changed(**fields):
    """Return a message as if it had come so far."""
    message = make_message()
    Message.objects.filter(pk=message.pk).update(**fields)
    message.refresh_from_db()
    return message


# --- Sent -----------------------------------------------------------------------------


def test_a_mail_goes_to_its_recipient_and_says_that_a_machine_wrote_it(server):
    user = make_user()
    message = make_message(to=user)
    assert send(message)
    assert not send(message)
    (mail,) = server.mails
    assert server.recipients == [user.email]
    assert (mail["To"], mail["Subject"]) == (user.email, "A subject")
    assert mail["Auto-Submitted"] == "auto-generated"
    assert mail["Message-ID"] == f"<{message.message_id}@example.org>"
    assert mail.get_body(("plain",)).get_content().strip() == "Some text"
    assert mail.get_body(("html",)).get_content().strip() == "<p>Some text</p>"
    assert (message.sent_at, message.claim) == (NOW, None)
    assert (message.channel, message.attempts) == (Channel.EMAIL, 1)
    assert server.greeted_by == "testserver"  # not a name that it had to ask for


def test_words_are_written_in_the_recipients_language(server, render):
    def writes(message):
        return Mail(subject=translation.get_language(), text="", html="")

    render(writes)
    for language in ["es", "en"]:
        assert send(make_message(to=make_user(language=language)))
    assert [mail["Subject"] for mail in server.mails] == ["es", "en"]


@pytest.mark.parametrize("line_break", ["\n", "\r\n", "\r", "\u2028", "\x85", "\n "])
def test_a_line_break_in_a_subject_forges_no_header(line_break, server, render):
    subject = f"Hello{line_break}Bcc: victim@example.org{line_break}{line_break}Body"
    render(lambda message: Mail(subject=subject, text="", html=""))
    message = make_message()
    assert send(message)
    (mail,) = server.mails
    assert mail["Subject"] == "Hello Bcc: victim@example.org Body"
    assert mail["Bcc"] is None
    assert server.recipients == [message.recipient.email]


def test_a_batch_goes_over_one_connection_and_each_is_marked(server):
    made = [make_message() for _ in range(sending.AHEAD + 3)]
    assert send_all() == len(made)
    assert Message.objects.filter(sent_at=NOW, claim=None).count() == len(made)
    assert len(server.caught) == len(made)
    assert server.connections == 1
    assert ChannelHealth.objects.get().took_at == NOW


def test_the_next_is_written_while_the_server_reads_the_last(server, render):
    """Its answer waits until then, so one that came before would be waited for."""
    begun = []

    def writes(message):
        begun.append(message.pk)
        return Mail(subject=f"{message.pk}", text="", html="")

    def reads(_mail):
        until(lambda: len(begun) > len(server.caught), "the next to be written")

    render(writes)
    made = [make_message().pk for _number in range(4)]
    server.before_answer = lambda mail: len(begun) == len(made) or reads(mail)

    assert send_all() == 4

    assert begun == made
    assert [int(mail["Subject"]) for mail in server.mails] == made
    assert Message.objects.filter(sent_at=NOW).count() == 4


def test_what_goes_wrong_while_the_server_reads_says_nothing_of_the_mail(
    server, render, monkeypatch
):
    """The connection to the database is lost as the second is written."""
    first, second = make_message(), make_message()

    def writes(message):
        if message.pk == second.pk:
            raise OperationalError("the server closed the connection")
        return Mail(subject="One", text="", html="")

    render(writes)
    monkeypatch.setattr(connection, "is_usable", lambda: False)

    with pytest.raises(OperationalError):
        sending.send_some(clock=lambda: NOW)

    first.refresh_from_db()
    second.refresh_from_db()
    assert [mail["Subject"] for mail in server.mails] == ["One"]
    assert (first.sent_at, first.faults, first.claim) == (NOW, 0, None)
    assert (second.sent_at, second.faults, second.claim) == (None, 0, None)


class Killed(BaseException):
    """What nothing catches, as nothing catches the end of the process."""


def test_one_message_goes_where_writing_it_used_up_the_time(server):
    messages = [make_message() for _number in range(3)]

    assert sending.send_some(clock=lambda: NOW, ends_at=1.0) == 3

    for message in messages:
        message.refresh_from_db()
    left = [one for one in messages if one.sent_at is None]
    assert (len(server.caught), len(left)) == (1, 2)
    assert {(one.claim, one.attempts) for one in left} == {(None, 0)}


def test_a_worker_killed_after_the_servers_answer_sends_again_with_the_same_id(
    server, monkeypatch
):
    to_be_sent = EmailCarrier.send

    def dies(self, *args, **kwargs):
        to_be_sent(self, *args, **kwargs)
        raise Killed

    first, second = make_message(), make_message()
    with monkeypatch.context() as patch:
        patch.setattr(EmailCarrier, "send", dies)
        with pytest.raises(Killed):
            send_all()
    first.refresh_from_db()
    assert first.claim is not None  # what became of it, nobody knows
    assert send_all(NOW + HAND_OVER - SECOND) == 1  # the second was never tried
    assert send_all(NOW + HAND_OVER) == 1
    assert send_all(NOW + HOUR) == 0
    assert server.times_caught == {mail_id(first): 2, mail_id(second): 1}
    second.refresh_from_db()
    assert second.attempts == 1


def mail_id(message):
    return f"<{message.message_id}@example.org>"


# --- Refused --------------------------------------------------------------------------


@pytest.mark.parametrize("at", ["at_rcpt", "at_data"])
@pytest.mark.parametrize("code", ["451 come back later", "421 goodbye"])
def test_what_the_server_refuses_for_now_is_tried_again_and_goes_once(at, code, server):
    message = make_message()
    setattr(server, at, code)
    assert not send(message)
    assert_tried_again_later(message)
    setattr(server, at, "250 fine")
    assert send(message, NOW + 30 * SECOND)
    assert list(server.times_caught.values()) == [1]


def test_pauses_grow_to_ten_minutes_and_go_on_until_it_expires(server):
    server.at_rcpt = "451 come back later"
    message, now, pauses = make_message(expires_at=NOW + HOUR), NOW, []
    while Message.objects.due(now).exists():
        send(message, now)
        pauses.append((message.try_at - now).total_seconds())
        now = message.try_at
    for pause, most in zip(pauses, [30, 60, 120, 240, 480, *[600] * 9], strict=False):
        assert 0.8 * most <= pause <= most
    assert (
        len(set(pauses)) == len(pauses) > 8
    )  # what failed together does not return so
    assert message.failed_at is None
    assert send_all(now) == 0


@pytest.mark.parametrize(
    ("at", "says", "because", "stopped"),
    [
        ("at_rcpt", "550 nobody of that name", Failure.REFUSED, 1),
        ("at_rcpt", "550 5.1.1 nobody of that name", Failure.REFUSED, 1),
        ("at_rcpt", "554 5.7.1 relay access denied", Failure.REJECTED, 0),
        ("at_data", "554 it looks like spam", Failure.REJECTED, 0),
    ],
)
def test_what_the_server_refuses_for_good_fails_at_once(
    at, says, because, stopped, server
):
    setattr(server, at, says)
    message = make_message()
    assert not send(message)
    assert (message.failed_at, message.failed_because) == (NOW, because)
    assert (message.attempts, message.claim) == (1, None)
    assert Stop.objects.filter(because=Halt.REFUSED).count() == stopped
    assert Message.objects.to_call(NOW).get() == message
    setattr(server, at, "250 fine")
    assert not send(message, NOW + HOUR)
    assert server.caught == []


def test_to_a_stopped_address_nothing_goes_any_more(server):
    server.at_rcpt = "550 nobody of that name"
    user = make_user()
    assert not send(make_message(to=user))
    server.at_rcpt = "250 fine"
    later = make_message(to=user)
    assert not send(later)
    assert later.failed_because == Failure.UNREACHABLE
    user.email = "another@example.org"
    user.save()
    assert send(make_message(to=user))


def test_what_is_owed_to_nobodys_account_stands_on_the_list_of_calls(server):
    message = changed(recipient=None)
    assert not send(message)
    assert message.failed_because == Failure.UNREACHABLE
    assert Message.objects.to_call(NOW).get() == message


@pytest.mark.parametrize("worth_a_call", [True, False])
def test_nothing_goes_to_an_account_that_is_switched_off(worth_a_call, server, render):
    render(words, kind="tests.owed", worth_a_call=worth_a_call)
    user = make_user()
    user.is_active = False
    user.save()
    message = make_message(kind="tests.owed", to=user)
    assert not send(message)
    assert message.failed_because == Failure.INACTIVE
    assert Message.objects.to_call(NOW).count() == worth_a_call
    assert not send(message, NOW + HOUR)
    assert server.caught == []


# --- Not sent -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("fields", "is_due"),
    [
        pytest.param({}, True, id="its moment"),
        pytest.param({"try_at": NOW + SECOND}, False, id="ahead"),
        pytest.param({"due_at": NOW - HOUR, "expires_at": NOW}, False, id="expired"),
        pytest.param({"expires_at": NOW + SECOND}, True, id="still of use"),
        pytest.param({"sent_at": NOW}, False, id="sent"),
        pytest.param({"voided_at": NOW}, False, id="voided"),
    ],
)
def test_only_what_is_due_can_be_claimed_and_is_sent(fields, is_due, server):
    message = changed(**fields)
    assert Message.objects.due(NOW).filter(pk=message.pk).exists() == is_due
    assert send(message) == is_due
    assert len(server.caught) == is_due


def test_a_message_voided_between_claim_and_begin_is_never_sent(server, render):
    def voids(message):
        Message.objects.filter(pk=message.pk).update(voided_at=NOW)
        return words(message)

    render(voids)
    message = make_message()
    assert not send(message)
    assert not send(message, NOW + HOUR)
    assert server.caught == []
    assert message.began_at is None


def test_a_message_voided_on_its_way_counts_as_sent(server, monkeypatch):
    deliver = EmailCarrier.send

    def voided_meanwhile(self, message, mail, **how):
        Message.objects.filter(pk=message.pk).update(voided_at=NOW)
        return deliver(self, message, mail, **how)

    monkeypatch.setattr(EmailCarrier, "send", voided_meanwhile)
    message = make_message()
    assert send(message)
    assert (message.sent_at, message.voided_at) == (NOW, None)


def test_an_address_stopped_between_reading_and_begin_gets_nothing(server, render):
    user, other = make_user(), make_user()

    def stops(message):
        actions.stop(
            user=user,
            channel=Channel.EMAIL,
            address=user.email,
            because=Halt.OPTED_OUT,
            now=NOW,
        )
        return words(message)

    render(stops)
    theirs, message = make_message(to=user), make_message(to=other)
    assert send_all() == 2
    theirs.refresh_from_db()
    message.refresh_from_db()
    assert (theirs.began_at, theirs.claim, theirs.attempts) == (None, None, 0)
    assert message.sent_at == NOW
    assert not send(theirs)
    assert theirs.failed_because == Failure.UNREACHABLE


def test_a_message_whose_reason_is_gone_is_voided_and_not_tried_again(server, render):
    render(lambda message: None)
    message = make_message()
    assert not send(message)
    assert (message.voided_at, message.began_at) == (NOW, None)
    assert server.caught == []


def test_whoever_wants_no_more_than_must_be_is_sent_no_more(server, render):
    render(words, kind="tests.optional", optional=True)
    user = make_user()
    Preference.objects.create(user=user, optional=False)
    unwanted = make_message(kind="tests.optional", to=user)
    assert not send(unwanted)
    assert unwanted.voided_at == NOW
    assert send(make_message(to=user))


def test_what_comes_due_at_night_waits_for_the_morning_as_if_never_tried(
    server, render
):
    render(words, at_once=False)
    night = NOW + 12 * HOUR  # 22:00 in Rochester
    message = make_message(due_at=night, expires_at=NOW + 2 * DAY)
    assert not send(message, night)
    assert (message.attempts, message.claim) == (0, None)
    morning = NOW + 22 * HOUR
    assert (message.try_at, message.quiet_until) == (morning, morning)
    assert send(message, morning)


def test_a_zone_that_is_struck_off_the_list_holds_nobodys_messages_up(server, render):
    render(words, at_once=False)
    user = make_user()
    Preference.objects.create(user=user, time_zone="America/Atlantis")
    both = [make_message(to=user), make_message()]
    send_all(NOW)
    assert Message.objects.exclude(sent_at=None).count() == len(both)


def test_a_message_that_cannot_be_written_stops_no_other_and_is_given_up(
    server, render
):
    def raises(message):
        raise ZeroDivisionError

    render(raises, kind="tests.poison")
    poison = make_message(kind="tests.poison", expires_at=NOW + 9 * DAY)
    unknown = changed(kind="tests.nobody-writes-it", expires_at=NOW + 9 * DAY)
    good = make_message()
    for round_ in range(MOST_FAULTS + 2):
        send_all(NOW + round_ * HOUR)
    for message in (poison, unknown):
        message.refresh_from_db()
        assert (message.attempts, message.faults) == (5, 5)
        assert message.failed_because == Failure.UNWRITABLE
        assert message.sent_at is None
    good.refresh_from_db()
    assert good.sent_at == NOW
    assert len(server.caught) == 1
