"""What tests of sending share: words to send, and what comes of them."""

from __future__ import annotations

from datetime import timedelta

from django.db import connection

from massage_portal.outbox import sending
from massage_portal.outbox.kinds import Mail
from massage_portal.outbox.models import Message
from tests.factories import DAY, NOW, make_user
from tests.processes import LOOPBACK

SECOND, MINUTE = timedelta(seconds=1), timedelta(minutes=1)
KIND = "tests.words"
FILL = """
    INSERT INTO outbox_message (key, kind, about, message_id, created_at, due_at,
           try_at, expires_at, attempts, faults, unanswered, channel, provider_id,
           code, sent_at, failed_because, worth_a_call, recipient_id)
    SELECT 'filled:' || n, 'tests.words', 'accounts.user:' || n, gen_random_uuid(), %s,
           %s, %s, %s, 0, 0, 0, '', '', '',
           CASE WHEN n <= %s THEN %s::timestamptz END, '', true, %s
      FROM generate_series(1, %s) n
"""


def words(message):
    return Mail(subject="A subject", text="Some text", html="<p>Some text</p>")


def reach(settings, port):
    settings.EMAIL_BACKEND = "massage_portal.outbox.carriers.smtp.Backend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = LOOPBACK, port


def send_all(now=NOW):
    """Send a batch, as a worker does; return how many it had."""
    return sending.send_some(clock=lambda: now)


def send(message, now=NOW):
    went = sending.send(pk=message.pk, now=now)
    message.refresh_from_db()
    return went


def assert_tried_again_later(message):
    """See it unsent and unfailed: not due before its pause, due right after."""
    message.refresh_from_db()
    assert (message.sent_at, message.failed_at, message.voided_at) == (None,) * 3
    assert message.claim is None
    assert NOW + 24 * SECOND <= message.try_at <= NOW + 30 * SECOND
    pk = message.pk
    assert not Message.objects.due(message.try_at - SECOND).filter(pk=pk).exists()
    assert Message.objects.due(message.try_at).filter(pk=pk).exists()


def fill(*, sent, owed):
    """Make messages by one statement, those sent first, and let it be known."""
    to = make_user()
    with connection.cursor() as cursor:
        cursor.execute(FILL, [NOW, NOW, NOW, NOW + DAY, sent, NOW, to.pk, sent + owed])
        cursor.execute("ANALYZE outbox_message")
