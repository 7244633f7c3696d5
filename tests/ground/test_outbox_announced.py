"""A mail server hears of the next mail while the database is asked about it."""

from __future__ import annotations

import pytest
from django.core import mail

from massage_portal.outbox.carriers.email import EmailCarrier
from massage_portal.outbox.carriers.smtp import Bounded
from massage_portal.outbox.models import Message
from massage_portal.outbox.models.message import MessageQuerySet
from tests.factories import NOW, make_message
from tests.processes import until
from tests.sending import send_all, words

pytestmark = pytest.mark.django_db


@pytest.fixture
def at_begin(monkeypatch):
    """Set what is done as each message begins; it is told the message's key."""
    begin = MessageQuerySet.begin

    def use(work):
        def told(self, key, **how):
            work(key)
            return begin(self, key, **how)

        monkeypatch.setattr(MessageQuerySet, "begin", told)

    return use


def void(key):
    Message.objects.filter(pk=key).update(voided_at=NOW)


def sent():
    """Return which of the messages went, in their order."""
    return [bool(one.sent_at) for one in Message.objects.order_by("pk")]


def test_the_server_hears_of_each_mail_but_the_first_before_it_is_begun(
    server, at_begin
):
    messages = [make_message() for _ in range(3)]
    heard = []

    def note(key):
        if key != messages[0].pk:
            until(lambda: server.named == len(heard) + 1, "the sender's name")
        heard.append(server.named)

    at_begin(note)
    assert send_all() == 3
    assert heard == [0, 2, 3]
    assert sent() == [True] * 3
    assert server.connections == 1


def test_what_was_withdrawn_as_it_was_announced_does_not_go_and_the_others_do(
    server, at_begin
):
    messages = [make_message() for _ in range(4)]
    at_begin(lambda key: void(key) if key in (messages[1].pk, messages[3].pk) else None)
    assert send_all() == 4
    assert sent() == [True, False, True, False]
    assert [mail["To"] for mail in server.mails] == [
        messages[0].recipient.email,
        messages[2].recipient.email,
    ]
    assert server.connections == 1


def test_an_announcement_that_cannot_be_taken_back_ends_with_its_connection(
    server, at_begin
):
    messages = [make_message() for _ in range(3)]

    def hang_up(key):
        if key == messages[1].pk:
            void(key)
        if key == messages[2].pk:
            server.cut_at = ""

    server.before_answer = lambda _raw: setattr(server, "cut_at", "MAIL")
    at_begin(hang_up)
    assert send_all() == 3
    assert sent() == [True, False, True]
    assert (server.connections, server.named) == (2, 3)


@pytest.mark.parametrize(
    ("fails", "code"),
    [
        pytest.param({"at_mail": "451 later"}, "451", id="refused"),
        pytest.param({"cut_at": "MAIL"}, "SMTPServerDisconnected", id="cut"),
    ],
)
def test_an_announcement_that_is_not_taken_is_tried_again_later(server, fails, code):
    messages = [make_message() for _ in range(2)]

    def fail(_raw):
        for name, value in fails.items():
            setattr(server, name, value)

    server.before_answer = fail
    send_all()
    last = Message.objects.get(pk=messages[1].pk)
    assert (last.sent_at, last.failed_at, last.claim) == (None, None, None)
    assert last.code == code
    assert last.try_at > NOW
    assert len(server.caught) == 1


def test_a_senders_address_that_nobody_can_read_ends_no_batch(server, settings, render):
    first, second, third = (make_message() for _ in range(3))
    ours = settings.DEFAULT_FROM_EMAIL

    def write(message):
        """Write it while the server reads the one before, which was composed then."""
        settings.DEFAULT_FROM_EMAIL = "the clinic <" if message == second else ours
        return words(message)

    render(write)
    assert send_all() == 3
    assert sent() == [True, False, True]
    second.refresh_from_db()
    assert (second.claim, second.faults) == (None, 1)
    assert [mail["To"] for mail in server.mails] == [
        one.recipient.email for one in (first, third)
    ]


def test_what_was_composed_of_one_message_is_not_sent_as_another_of_its_words(render):
    first, second = (make_message() for _ in range(2))
    carrier = EmailCarrier()
    carrier.compose(first, words(first), address="ana@example.org")
    carrier.send(second, words(second), address="ana@example.org")
    (out,) = mail.outbox
    assert out.message()["Message-ID"] == f"<{second.message_id}@example.org>"


def test_a_mail_that_grew_after_it_was_announced_is_announced_anew(server, monkeypatch):
    announce = Bounded.announce
    monkeypatch.setattr(
        Bounded, "announce", lambda self, sender, size: announce(self, sender, size + 1)
    )
    for _ in range(2):
        make_message()
    assert send_all() == 2
    assert sent() == [True] * 2
    assert server.named == 3


def test_a_mail_that_cannot_be_composed_ahead_is_composed_as_it_goes(
    server, monkeypatch
):
    monkeypatch.setattr(EmailCarrier, "compose", None)
    for _ in range(3):
        make_message()
    assert send_all() == 3
    assert sent() == [True] * 3
    assert server.named == 3
