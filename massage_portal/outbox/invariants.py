"""What must hold of messages, whatever they are about: each once, in time, in hand."""

from __future__ import annotations

from datetime import datetime, timedelta

from massage_portal.invariants import Found, Invariant, ask, count
from massage_portal.outbox.kept import MOST_UNANSWERED
from massage_portal.outbox.locks import SENDER_IS_GONE
from massage_portal.outbox.models import Message

PATIENCE = timedelta(seconds=60)  # the sweep has come by then
ALL = "SELECT count(*) FROM outbox_message"


def once(now: datetime) -> Found:
    """No fact is owed or handed over twice, and what was sent was begun before."""
    faults = [
        f"messages {keys}: they are one and the same, owed {times} times"
        for keys, times in ask(
            """
            SELECT string_agg(id::text, ', ' ORDER BY id), count(*)
              FROM outbox_message GROUP BY key HAVING count(*) > 1 ORDER BY min(id)
            """
        )
    ]
    faults += [
        f"message {pk}: it is marked as sent, and no worker began to send it"
        for (pk,) in ask(
            """
            SELECT id FROM outbox_message
             WHERE sent_at IS NOT NULL AND (attempts = 0 OR began_at IS NULL)
             ORDER BY id
            """
        )
    ]
    faults += [
        f"message {pk}: it was handed over {times} times without an answer, and no "
        f"more than {MOST_UNANSWERED} are right"
        for pk, times in ask(
            "SELECT id, unanswered FROM outbox_message WHERE unanswered > %s"
            " ORDER BY id",
            MOST_UNANSWERED,
        )
    ]
    return Found(count(ALL), faults)


def in_time(now: datetime) -> Found:
    """What is of no use any more is given up, and was not sent then."""
    over = Message.objects.expired(now - PATIENCE).order_by("pk")
    faults = [
        f"message {pk}: it is of no use since {(now - end).total_seconds():.0f} s, "
        "and not given up (does beat run?)"
        for pk, end in over.values_list("pk", "expires_at")
    ]
    faults += [
        f"message {pk}: it was sent {(began - end).total_seconds():.0f} s after it was "
        "of any use"
        for pk, began, end in ask(
            """
            SELECT id, began_at, expires_at FROM outbox_message
             WHERE sent_at IS NOT NULL AND began_at >= expires_at ORDER BY id
            """
        )
    ]
    return Found(count(ALL), faults)


def in_hand(now: datetime) -> Found:
    """
    No message is left in the hands of a sender that is gone.

    The locks are read a moment after the rows, so one whose sender just went is let be.
    """
    rows = ask(
        f"""
        SELECT id, greatest(try_at, began_at) FROM outbox_message
         WHERE sent_at IS NULL AND failed_at IS NULL AND voided_at IS NULL
           AND expires_at > %s AND greatest(try_at, began_at) < %s
           AND claim IS NOT NULL AND {SENDER_IS_GONE}
         ORDER BY id
        """,  # noqa: S608 - no value is written into it
        now,
        now - Message.objects.none().LATE,
    )
    faults = [
        f"message {pk}: its sender is gone, and no other took it for "
        f"{(now - since).total_seconds() / 60:.0f} minutes (do workers run?)"
        for pk, since in rows
    ]
    return Found(count(f"{ALL} WHERE claim IS NOT NULL"), faults)


INVARIANTS = [
    Invariant("each message is owed once, and sent by a sender", once),
    Invariant("no message is kept or sent past its use", in_time),
    Invariant("no message is left with a sender that is gone", in_hand),
]
