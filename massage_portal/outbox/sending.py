"""
Send what has come due: claim a batch, write each message, hand it over, mark it.

Not a transaction: a claim must be seen by others before the mail leaves. Right before
each message is handed over, one statement asks whether it is still wanted, and whoever
withdraws it later comes too late, as with a letter in the post. If the worker dies
between the server's answer and the mark, the message goes again with the same
Message-ID, which lets the recipient's server drop it.
"""

from __future__ import annotations

import random
import time
from collections import defaultdict
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import structlog
from django.db import InterfaceError, OperationalError, connection
from django.db.models import F
from django.utils import translation

from massage_portal.outbox.actions.stop import note_health, stop
from massage_portal.outbox.carriers import (
    AddressRefused,
    Carrier,
    MessageRejected,
    ServerDown,
    Undelivered,
)
from massage_portal.outbox.carriers.channels import carrier_of
from massage_portal.outbox.codes import Channel, Failure, Halt
from massage_portal.outbox.kinds import Kind, Mail, kind_of
from massage_portal.outbox.locks import sign_of_life
from massage_portal.outbox.models import Message, Preference, Stop
from massage_portal.outbox.models.message import LEASE, MessageQuerySet
from massage_portal.outbox.route import MOST_TEXTS, Reader, Route, route

BATCH = 100
BUDGET = timedelta(seconds=40)  # then a batch gives back what it has not reached
FIRST_PAUSE, LONGEST_PAUSE = timedelta(seconds=30), timedelta(minutes=10)
MOST_FAULTS = 5
MARK_PAUSES = (0.2, 0.5, 1, 2, 4, 8, 15, 30)  # seconds
TEXTS_OF = max(period for period, _most in MOST_TEXTS)

log = structlog.get_logger(__name__)
Clock = Callable[[], datetime]


def pause_after(attempts: int) -> timedelta:
    """
    Return the wait after the n-th failed attempt.

    30 s, doubled each time, 10 minutes at most, and a fifth more or less by chance, so
    that what failed together does not come back together.
    """
    pause = FIRST_PAUSE * 2 ** min(max(0, attempts - 1), 10)
    return min(pause, LONGEST_PAUSE) * random.uniform(0.8, 1.2)  # noqa: S311 - no secret


def send_some(*, clock: Clock, most: int = BATCH) -> int:
    """
    Claim up to `most` due messages and send them; return how many were claimed.

    :param clock: tells the time; a batch lasts, so one moment would not do.
    """
    with sign_of_life() as claim:
        keys = Message.objects.claim(claim, most=most, now=clock())
        if keys:
            batch = Batch(claim, keys, clock)
            try:
                batch.send()
            finally:
                batch.finish()
    return len(keys)


def send(*, pk: int, now: datetime) -> bool:
    """Send one message if it is due and nobody has it; say whether it went."""
    with sign_of_life() as claim:
        keys = Message.objects.claim(claim, most=1, now=now, only=pk)
        if not keys:
            return False
        batch = Batch(claim, keys, lambda: now)
        try:
            batch.send()
        finally:
            batch.finish()
    return batch.sent == 1


class Batch:
    """One worker's claimed messages, and the channels that it opened for them."""

    def __init__(self, claim: int, keys: list[int], clock: Clock) -> None:
        self.clock = clock
        self.sent = 0
        self.mine = Message.objects.unsent().filter(claim=claim)
        self.ways = Ways()
        rows = Message.objects.filter(pk__in=keys)
        rows = rows.select_related("recipient__preference").order_by("due_at", "pk")
        self.messages = list(rows)
        self.readers = readers(self.messages, now=clock())

    def send(self) -> None:
        """Send one after the other while the budget lasts."""
        until = self.clock() + BUDGET
        for message in self.messages:
            if self.clock() > until:
                return
            self._send(message)

    def finish(self) -> None:
        """Close the channels, and give back what was not reached."""
        self.ways.close(now=self.clock())
        self.mine.update(claim=None, try_at=self.clock(), attempts=F("attempts") - 1)

    def _send(self, message: Message) -> None:
        """Send one, or put it back, or give it up; the others go on in any case."""
        now = self.clock()
        try:
            kind = kind_of(message.kind)
            mail = written(message, kind)
        except (OperationalError, InterfaceError):
            raise  # the database is away, which is not the message's fault
        except Exception:
            log.exception("message_not_written", message=message.pk, kind=message.kind)
            self._fault(message, now=now)
            return
        reader = self.readers.get(message.recipient_id or 0)
        unwanted = kind.optional and reader and not reader.preference.optional
        if mail is None or unwanted:
            self._of(message).update(voided_at=now, claim=None)
            return
        way = way_of(message, kind, mail, reader, now=now)
        if way is None:
            self._give_up(message, Failure.UNREACHABLE, now=now)
        elif way.wait_until is not None:
            self._put_back(message, way.wait_until, tried=False)
        elif way.channel in self.ways.down:
            self._put_back(message, now + pause_after(message.attempts), tried=False)
        else:
            self._hand_over(message, mail, way)

    def _hand_over(self, message: Message, mail: Mail, way: Route) -> None:
        """Give it to the channel, if it is still ours and wanted at this moment."""
        now = self.clock()
        begun = self._of(message).filter(expires_at__gt=now)
        if not begun.update(began_at=now, try_at=now + LEASE, channel=way.channel):
            return
        try:
            number = self.ways.to(way.channel).send(message, mail, address=way.address)
        except Undelivered as refusal:
            self.ways.refused(way.channel, refusal)
            self._refused(message, way, refusal)
        except Exception:
            log.exception("message_not_sent", message=message.pk, kind=message.kind)
            self._fault(message, now=self.clock())
        else:
            self.ways.took(way.channel)
            self.sent += 1
            mark_sent(message, way.channel, number, clock=self.clock)

    def _refused(self, message: Message, way: Route, refusal: Undelivered) -> None:
        """Do what the kind of refusal asks for."""
        now = self.clock()
        if isinstance(refusal, AddressRefused):
            # The next try finds another channel, or none, and then staff are told.
            assert message.recipient is not None  # noqa: S101 - it had an address
            stop(
                user=message.recipient,
                channel=way.channel,
                address=way.address,
                because=Halt.OPTED_OUT if refusal.opted_out else Halt.REFUSED,
                now=now,
            )
            if (reader := self.readers.get(message.recipient_id or 0)) is not None:
                self.readers[reader.user] = reader.without(way)
            self._put_back(message, now)
        elif isinstance(refusal, MessageRejected):
            self._give_up(message, Failure.REJECTED, now=now)
        else:
            self._put_back(message, now + pause_after(message.attempts))

    def _of(self, message: Message) -> MessageQuerySet:
        return self.mine.filter(pk=message.pk)

    def _put_back(self, message: Message, at: datetime, *, tried: bool = True) -> None:
        """Let it be tried again at a moment, by whoever claims it then."""
        attempts = F("attempts") if tried else F("attempts") - 1
        self._of(message).update(claim=None, try_at=at, attempts=attempts)

    def _fault(self, message: Message, *, now: datetime) -> None:
        """Count what could not be written; MOST_FAULTS times, and no more."""
        if message.faults + 1 >= MOST_FAULTS:
            self._of(message).update(faults=F("faults") + 1)
            self._give_up(message, Failure.UNWRITABLE, now=now)
            return
        pause = pause_after(message.faults + 1)
        self._of(message).update(claim=None, try_at=now + pause, faults=F("faults") + 1)

    def _give_up(self, message: Message, why: Failure, *, now: datetime) -> None:
        """End it, for all to see."""
        self._of(message).update(failed_at=now, failed_because=why, claim=None)
        log.warning("message_given_up", message=message.pk, why=why)


class Ways:
    """The channels' carriers of one batch, opened when first needed."""

    def __init__(self) -> None:
        self.carriers: dict[Channel, Carrier] = {}
        self.down: dict[Channel, str] = {}  # it takes nothing, and this is its code
        self.working: set[Channel] = set()

    def to(self, channel: Channel) -> Carrier:
        """Return the channel's carrier."""
        if channel not in self.carriers:
            self.carriers[channel] = carrier_of(channel)
        return self.carriers[channel]

    def took(self, channel: Channel) -> None:
        """Remember that it took a message."""
        self.working.add(channel)

    def refused(self, channel: Channel, refusal: Undelivered) -> None:
        """Remember that it takes nothing, if that is what it said."""
        if isinstance(refusal, ServerDown):
            self.down[channel] = refusal.code

    def close(self, *, now: datetime) -> None:
        """Let the connections go, and write down how the channels fared."""
        for carrier in self.carriers.values():
            carrier.close()
        note_health(working=self.working - {*self.down}, down=self.down, now=now)


def written(message: Message, kind: Kind) -> Mail | None:
    """Return the words of a message, in its reader's language."""
    language = message.recipient.language if message.recipient else None
    with translation.override(language):
        return kind.render(message)


def way_of(
    message: Message, kind: Kind, mail: Mail, reader: Reader | None, *, now: datetime
) -> Route | None:
    """Return the way that the message takes now; None if nothing reaches its reader."""
    if reader is None:
        return None
    return route(
        reader,
        now=now,
        expires_at=message.expires_at,
        short=bool(mail.short),
        at_once=kind.at_once,
    )


def mark_sent(message: Message, channel: Channel, number: str, *, clock: Clock) -> None:
    """
    Mark what went, even if it was withdrawn or given up elsewhere while on its way.

    It went, so this must not fail: a database that is away is waited for.
    """
    for pause in (*MARK_PAUSES, None):
        try:
            Message.objects.filter(pk=message.pk, sent_at=None).update(
                sent_at=clock(),
                channel=channel,
                provider_id=number[:120],
                voided_at=None,
                failed_at=None,
                failed_because="",
                claim=None,
            )
        except (OperationalError, InterfaceError):
            if pause is None:
                raise
            connection.close()
            time.sleep(pause)
        else:
            return


def readers(messages: list[Message], *, now: datetime) -> dict[int, Reader]:
    """Return what the way depends on, for each recipient, in three queries at most."""
    users = {one.recipient_id: one.recipient for one in messages if one.recipient}
    stopped = defaultdict(set)
    for user, *stop_of in (
        Stop.objects.standing()
        .filter(user__in=[*users])
        .values_list("user", "channel", "address")
    ):
        stopped[user].add(tuple(stop_of))
    found = {
        key: Reader(
            user=key,
            preference=preference_of(user),
            email=user.email,
            stopped=frozenset(stopped[key]),
        )
        for key, user in users.items()
    }
    texts = defaultdict(list)
    by_text = [
        key for key, one in found.items() if one.preference.channel == Channel.SMS
    ]
    if by_text:
        for user, sent_at in Message.objects.texts(by_text, since=now - TEXTS_OF):
            texts[user].append(sent_at)
    return {
        key: replace(reader, texts=tuple(texts[key])) for key, reader in found.items()
    }


def preference_of(user: Any) -> Preference:
    """Return what was chosen, as it was read with the user."""
    try:
        return user.preference
    except Preference.DoesNotExist:
        return Preference(user=user)
