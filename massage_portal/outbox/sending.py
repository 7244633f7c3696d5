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
from collections.abc import Callable
from datetime import datetime, timedelta
from itertools import chain, repeat
from typing import NamedTuple

import structlog
from django.db import DatabaseError, InterfaceError, connection
from django.db.models import F
from django.utils import translation

from massage_portal import ending
from massage_portal.outbox.actions.stop import stop
from massage_portal.outbox.carriers import (
    AddressRefused,
    MessageRejected,
    Undelivered,
)
from massage_portal.outbox.carriers.channels import serves
from massage_portal.outbox.codes import Channel, Failure, Halt
from massage_portal.outbox.kinds import Kind, Mail, kind_of, read_ahead
from massage_portal.outbox.locks import sign_of_life
from massage_portal.outbox.models import Message
from massage_portal.outbox.models.message import MessageQuerySet, Went
from massage_portal.outbox.readers import readers
from massage_portal.outbox.route import Reader, Route, route
from massage_portal.outbox.ways import Ways

BATCH = 100
AHEAD = 50  # so many are read at once
WRITING = 0.2  # seconds; what was written by then is handed over before the next
# Then a task gives back what it has not reached: a worker that is asked to end does so
# when its tasks and one hand-over more have ended, within 30 seconds.
BUDGET = 5.0  # seconds
FIRST_PAUSE, LONGEST_PAUSE = timedelta(seconds=30), timedelta(minutes=10)
MOST_FAULTS = 5
PATIENCE = 60.0  # seconds for a database that is away; LEASE - HAND_OVER at the most
PAUSES = (0.2, 0.5, 1, 2)  # seconds between two looks for it, then always the last
# What the driver raises as the server goes; of some ends it only says DatabaseError.
LOST = (DatabaseError, InterfaceError)

log = structlog.get_logger(__name__)
Clock = Callable[[], datetime]


def pause_after(attempts: int) -> timedelta:
    """
    Return the wait after the n-th failed attempt.

    30 s, doubled each time, 10 minutes at most, and a fifth less at most by chance, so
    that what failed together does not come back together.
    """
    pause = FIRST_PAUSE * 2 ** min(max(0, attempts - 1), 10)
    return min(pause, LONGEST_PAUSE) * random.uniform(0.8, 1)  # noqa: S311 - no secret


def send_for_a_while(*, clock: Clock) -> bool:
    """
    Send batches of what is due until BUDGET is used; say whether more may be due.

    :param clock: tells the time; this lasts, so one moment would not do.
    """
    ends_at = time.monotonic() + BUDGET
    while time.monotonic() < ends_at and not ending.is_near():
        if send_some(clock=clock, ends_at=ends_at) < BATCH:
            return False
    return True


def send_some(*, clock: Clock, ends_at: float | None = None) -> int:
    """
    Claim up to BATCH due messages and send them; return how many were claimed.

    :param ends_at: when to give back the rest, by the clock that never jumps.
    """
    with sign_of_life() as claim:
        keys = Message.objects.claim(claim, most=BATCH, now=clock())
        _send(claim, keys, clock, ends_at=ends_at)
    return len(keys)


def send(*, pk: int, now: datetime) -> bool:
    """Send one message if it is due and nobody has it; say whether it went."""
    with sign_of_life() as claim:
        keys = Message.objects.claim(claim, most=1, now=now, only=pk)
        return _send(claim, keys, lambda: now) == 1


def _send(
    claim: int, keys: list[int], clock: Clock, *, ends_at: float | None = None
) -> int:
    """Send what is claimed; return how many went."""
    if not keys:
        return 0
    batch = Batch(claim, keys, clock)
    try:
        batch.send(ends_at=ends_at or time.monotonic() + BUDGET)
    finally:
        batch.finish()
    return batch.sent


class Letter(NamedTuple):
    """A message with its words, ready to be handed over."""

    message: Message
    kind: Kind
    mail: Mail


class Batch:
    """One worker's claimed messages, and the channels that it opened for them."""

    def __init__(self, claim: int, keys: list[int], clock: Clock) -> None:
        self.claim = claim
        self.clock = clock
        self.sent = 0
        self.last: Letter | None = None  # the last that went, until it is marked
        self.went: list[Went] = []  # what is not marked for good yet
        self.mine = Message.objects.unsent().filter(claim=claim)
        self.ways = Ways(now=clock())
        rows = Message.objects.filter(pk__in=keys).order_by("try_at", "pk")
        self.messages = list(rows.select_related("recipient__preference"))
        self.readers = readers(self.messages, now=clock())

    def send(self, *, ends_at: float) -> None:
        """Send one after the other while time is left, and one in any case."""
        delivered = 0
        for first in range(0, len(self.messages), AHEAD):
            some = self.messages[first : first + AHEAD]
            self._read_ahead(some)
            while some:
                for letter in self._write_some(some):
                    # At least one goes, however long it took to write the first.
                    if delivered and (ending.is_near() or time.monotonic() > ends_at):
                        return
                    self._deliver(letter)
                    delivered += 1
                self._mark_for_good()

    def finish(self) -> None:
        """Close the channels, and give back what was not begun, as if never tried."""
        let_go_of_what_is_lost()
        try:
            self._mark_for_good()
        finally:
            self.ways.close()
            patiently(self._give_back)

    def _give_back(self) -> None:
        untried = self.mine.filter(began_at=None)
        untried.update(claim=None, attempts=F("attempts") - 1)
        self.ways.note(now=self.clock())

    # --- Write ------------------------------------------------------------------------

    def _read_ahead(self, messages: list[Message]) -> None:
        """Read what they need at once; where that fails, each is on its own."""
        try:
            read_ahead(messages)
        except Exception as fault:
            if isinstance(fault, LOST) and not connection.is_usable():
                raise
            log.exception("messages_not_read_ahead")

    def _write_some(self, messages: list[Message]) -> list[Letter]:
        """Write the first of them, for a moment at the most, and take them away."""
        ends_at = time.monotonic() + WRITING
        letters = []
        while messages and time.monotonic() < ends_at:
            if letter := self._write(messages.pop(0)):
                letters.append(letter)
        return letters

    def _write(self, message: Message) -> Letter | None:
        """Write one; None if that fails, or if its reason is gone."""
        now = self.clock()
        try:
            kind = kind_of(message.kind)
            mail = written(message, kind)
        except Exception as fault:
            if isinstance(fault, LOST) and not connection.is_usable():
                raise  # the database is away, which is not the message's fault
            log.exception("message_not_written", message=message.pk, kind=message.kind)
            self._fault(message, now=now)
            return None
        reader = self._reader(message)
        unwanted = kind.optional and reader and not reader.preference.optional
        if mail is None or unwanted:
            self._of(message).update(voided_at=now, claim=None)
            return None
        return Letter(message, kind, mail)

    def _reader(self, message: Message) -> Reader | None:
        return self.readers.get(message.recipient_id or 0)

    # --- Hand over --------------------------------------------------------------------

    def _deliver(self, letter: Letter) -> None:
        """Hand it over by the first way that takes it, or decide what becomes of it."""
        message, because = letter.message, Failure.UNREACHABLE
        while way := way_of(letter, self._reader(message), now=self.clock()):
            if way.wait_until is not None or self.ways.is_down(way.channel):
                self._mark_for_good()
                self._put_back(message, way.wait_until)
                return
            if not self._begin(message, way):
                return
            try:
                number = self.ways.send(message, letter.mail, way)
            except AddressRefused as refusal:
                self._stop(message, way, refusal)
                because = Failure.REFUSED
            except MessageRejected:
                self._give_up(message, Failure.REJECTED)
                return
            except Undelivered:
                self._put_back(message)
                return
            except Exception:
                log.exception("message_not_sent", message=message.pk, kind=message.kind)
                self._fault(message, now=self.clock())
                return
            else:
                self._took(letter, way, number)
                return
        self._give_up(message, because)

    def _begin(self, message: Message, way: Route) -> bool:
        """Write down that it goes now, if it is still ours and still wanted."""
        if self.last and self._is_near(message, self.last.message):
            self._mark_for_good()
        try:
            begun = Message.objects.begin(
                message.pk,
                claim=self.claim,
                channel=way.channel,
                now=self.clock(),
                went=self.went[-1] if self.last else None,
            )
        except LOST:
            session_is_gone = not connection.is_usable()
            self._mark_for_good()
            if session_is_gone:
                raise
            # Somebody holds its row, most likely: it is given back.
            log.exception("message_not_begun", message=message.pk)
            return False
        self.last = None
        return begun

    def _took(self, letter: Letter, way: Route, number: str) -> None:
        """Remember that its channel took it; the next statement marks it."""
        self.sent += 1
        self.last = letter
        message, now = letter.message, self.clock()
        self.went.append(Went(now, way.channel, number[:120], message.pk))
        if way.channel == Channel.SMS and (reader := self._reader(message)):
            self.readers[reader.user] = reader.after_text(now)

    @staticmethod
    def _is_near(message: Message, last: Message) -> bool:
        """
        Say whether somebody may change both in one transaction.

        Whoever locks two rows that we lock in the other order would wait for us for
        ever, and we for them.
        """
        same_reader = last.recipient_id == message.recipient_id
        return same_reader or last.about == message.about

    def _mark_for_good(self) -> None:
        """Mark what went, so that it is on disk when this returns."""
        if self.went:
            patiently(lambda: Message.objects.mark(self.went))
        self.last, self.went = None, []

    # --- Otherwise --------------------------------------------------------------------

    def _of(self, message: Message) -> MessageQuerySet:
        return self.mine.filter(pk=message.pk)

    def _stop(self, message: Message, way: Route, refusal: AddressRefused) -> None:
        """Write to this address no more."""
        reader = self._reader(message)
        assert reader is not None  # noqa: S101 - it had an address
        stop(
            user=message.recipient,
            channel=way.channel,
            address=way.address,
            because=Halt.OPTED_OUT if refusal.opted_out else Halt.REFUSED,
            now=self.clock(),
        )
        self.readers[reader.user] = reader.without(way)

    def _put_back(self, message: Message, until: datetime | None = None) -> None:
        """
        Let it be tried again after a pause, by whoever claims it then.

        :param until: when the hours of its reader begin, if it waits for those; then it
            was not tried at all.
        """
        if until is None:
            try_at = self.clock() + pause_after(message.attempts)
            self._of(message).update(claim=None, try_at=try_at)
        else:
            self._of(message).update(
                claim=None,
                try_at=until,
                quiet_until=until,
                attempts=F("attempts") - 1,
            )

    def _fault(self, message: Message, *, now: datetime) -> None:
        """Count what could not be written; MOST_FAULTS times, and no more."""
        faults = message.faults + 1
        if faults >= MOST_FAULTS:
            self._of(message).update(faults=faults)
            self._give_up(message, Failure.UNWRITABLE)
        else:
            try_at = now + pause_after(faults)
            self._of(message).update(claim=None, faults=faults, try_at=try_at)

    def _give_up(self, message: Message, why: Failure) -> None:
        """End it, for all to see."""
        end = {"failed_at": self.clock(), "failed_because": why}
        self._of(message).update(claim=None, **end)
        log.warning("message_given_up", message=message.pk, why=why)


def written(message: Message, kind: Kind) -> Mail | None:
    """Return the words of a message, in its reader's language."""
    language = message.recipient.language if message.recipient else None
    with translation.override(language):
        return kind.render(message)


def way_of(letter: Letter, reader: Reader | None, *, now: datetime) -> Route | None:
    """Return the way that the message takes now; None if nothing reaches its reader."""
    if reader is None:
        return None
    mail, texts = letter.mail, serves(Channel.SMS)
    if mail.to_number:  # to nobody's address yet, and by no other way
        asked = Channel.SMS, mail.to_number
        return Route(*asked) if texts and reader.may_use(*asked) else None
    return route(
        reader,
        now=now,
        expires_at=letter.message.expires_at,
        short=bool(mail.short) and texts,
        at_once=letter.kind.at_once,
    )


def let_go_of_what_is_lost() -> None:
    """Close a connection that serves no more: the next statement opens another."""
    if connection.errors_occurred and not connection.in_atomic_block:
        if not connection.is_usable():
            connection.close()
        connection.errors_occurred = False


def patiently(work: Callable[[], None]) -> None:
    """Do what must not fail: a database that is away is waited for, for a while."""
    gives_up_at = time.monotonic() + PATIENCE
    for pause in chain(PAUSES, repeat(PAUSES[-1])):
        try:
            work()
        except LOST:
            let_go_of_what_is_lost()
            if ending.is_here() or time.monotonic() > gives_up_at:
                log.error("database_away_too_long")
                raise
            time.sleep(pause)
        else:
            return
