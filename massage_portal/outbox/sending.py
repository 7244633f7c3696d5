"""
Send what has come due: claim a batch, write each message, hand it over, mark it.

Not a transaction: a claim must be seen by others before the mail leaves. Right before
each message is handed over, one statement asks whether it is still wanted, and whoever
withdraws it later comes too late, as with a letter in the post. If the worker dies
between the server's answer and the mark, the message goes again with the same
Message-ID, which lets the recipient's server drop it.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Iterable
from contextlib import suppress
from datetime import datetime

import structlog
from django.db import connection

from massage_portal import ending
from massage_portal.outbox.actions.stop import stop
from massage_portal.outbox.carriers import (
    AddressRefused,
    MessageRejected,
    Unanswered,
    Undelivered,
)
from massage_portal.outbox.codes import Channel, Failure, Halt
from massage_portal.outbox.doubts import MANY, Believed, Doubt
from massage_portal.outbox.kept import Clock, Kept
from massage_portal.outbox.kinds import Kind, Withheld, kind_of, read_ahead
from massage_portal.outbox.letter import Letter, way_of, written
from massage_portal.outbox.locks import sign_of_life
from massage_portal.outbox.models import Message
from massage_portal.outbox.models.message import Went
from massage_portal.outbox.patience import LOST, let_go_of_what_is_lost, patiently
from massage_portal.outbox.readers import readers
from massage_portal.outbox.route import Reader, Route
from massage_portal.outbox.ways import Ways

BATCH = 100
AHEAD = 50  # so many are read at once, and marked for good
# Then a task gives back what it has not reached: a worker that is asked to end does so
# when its tasks and one hand-over more have ended, within 30 seconds.
BUDGET = 5.0  # seconds

log = structlog.get_logger(__name__)


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


class Batch:
    """One worker's claimed messages, and the channels that it opened for them."""

    def __init__(self, claim: int, keys: list[int], clock: Clock) -> None:
        self.claim = claim
        self.clock = clock
        self.sent = 0
        self.last: Letter | None = None  # the last that went, until it is marked
        self.went: list[Went] = []  # what is not marked for good yet
        self.doubts: list[Doubt] = []  # refused, and not believed yet
        self.kept = Kept(claim, clock)
        self.unwritten: deque[Message] = deque()
        self.written: Letter | None = None  # while the server read the one before
        self.fault: Exception | None = None  # of the database, met meanwhile
        self.ways = Ways(now=clock(), meanwhile=self._write_meanwhile)
        rows = Message.objects.filter(pk__in=keys).order_by("try_at", "pk")
        self.messages = list(rows.select_related("recipient__preference"))
        self.readers = readers(self.messages, now=clock())

    def send(self, *, ends_at: float) -> None:
        """Send one after the other while time is left, and one in any case."""
        delivered = 0
        for first in range(0, len(self.messages), AHEAD):
            self.unwritten.extend(self.messages[first : first + AHEAD])
            self._read_ahead(self.unwritten)
            while letter := self._next():
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
            self._judge()
            self._mark_for_good()
        finally:
            self.ways.close()
            patiently(self._give_back)

    def _give_back(self) -> None:
        self.kept.give_back()
        self.ways.note(now=self.clock())

    # --- Write ------------------------------------------------------------------------

    def _read_ahead(self, messages: Iterable[Message]) -> None:
        """Read what they need at once; where that fails, each is on its own."""
        try:
            read_ahead(messages)
        except Exception as fault:
            if isinstance(fault, LOST) and not connection.is_usable():
                raise
            log.exception("messages_not_read_ahead")

    def _next(self) -> Letter | None:
        """Return the next, which may be written already; None if none is left."""
        if fault := self.fault:
            self.fault = None
            raise fault
        self._write_next()
        letter, self.written = self.written, None
        return letter

    def _write_next(self) -> None:
        while self.unwritten and self.written is None:
            self.written = self._write(self.unwritten.popleft())

    def _write_meanwhile(self) -> None:
        """
        Write the next while the server reads the last, which takes it as long.

        Nothing that goes wrong here says anything of the last: it is told later.
        """
        try:
            self._write_next()
            if self.written:
                self._compose(self.written)
        except Exception as fault:
            self.fault = fault

    def _write(self, message: Message) -> Letter | None:
        """Write one; None if that fails, or if its reason is gone."""
        try:
            kind = kind_of(message.kind)
            mail = written(message, kind) if self._wants(message, kind) else None
        except Withheld:
            self.kept.give_up(message, Failure.WITHHELD)
            return None
        except Exception as fault:
            if isinstance(fault, LOST) and not connection.is_usable():
                raise  # the database is away, which is not the message's fault
            log.exception("message_not_written", message=message.pk, kind=message.kind)
            self.kept.fault(message)
            return None
        if mail is None:
            self.kept.withdraw(message)
            return None
        return Letter(message, kind, mail)

    def _compose(self, letter: Letter) -> None:
        """Make it ready for the way that it would take now; it is asked again then."""
        with suppress(Exception):  # it comes up again as the letter is handed over
            way = way_of(letter, self._reader(letter.message), now=self.clock())
            if way is not None:
                self.ways.compose(letter.message, letter.mail, way)

    def _wants(self, message: Message, kind: Kind) -> bool:
        reader = self._reader(message)
        return not kind.optional or reader is None or reader.preference.optional

    def _reader(self, message: Message) -> Reader | None:
        return self.readers.get(message.recipient_id or 0)

    # --- Hand over --------------------------------------------------------------------

    def _deliver(
        self,
        letter: Letter,
        because: Failure = Failure.UNREACHABLE,
        *,
        by_text: bool = True,
    ) -> None:
        """
        Hand it over by the first way that takes it, or decide what becomes of it.

        :param because: why it is given up where no way is left.
        :param by_text: whether it may be a text; not if no gateway takes these words.
        """
        message = letter.message
        if message.recipient is not None and not message.recipient.is_active:
            self.kept.give_up(message, Failure.INACTIVE)
            return
        reader = self._reader(message)
        way = way_of(letter, reader, now=self.clock(), by_text=by_text)
        if way is None:
            self.kept.give_up(message, because)
        elif way.wait_until is not None or self.ways.is_down(way.channel):
            self._mark_for_good()
            self.kept.put_back(message, way.wait_until)
        else:
            self.ways.announce(message, letter.mail, way)
            if self._begin(message, way):
                self._hand_over(letter, way)
            else:
                self.ways.take_back(way)

    def _hand_over(self, letter: Letter, way: Route) -> None:
        message = letter.message
        try:
            number = self.ways.send(message, letter.mail, way)
        except (AddressRefused, MessageRejected) as refusal:
            self._doubt(Doubt(letter, way, refusal))
        except Unanswered as silence:
            self.kept.wait_for_word(message, code=silence.code)
        except Undelivered as refusal:
            self.kept.put_back(message, code=refusal.code)
        except Exception:
            log.exception("message_not_sent", message=message.pk, kind=message.kind)
            self.kept.fault(message)
        else:
            self._took(letter, way, number)
            self._believe(way.channel)

    def _begin(self, message: Message, way: Route) -> bool:
        """Write down that it goes now, if it is still ours and still wanted."""
        if self.last and self._is_near(message, self.last.message):
            self._mark_for_good()
        try:
            begun = Message.objects.begin(
                message.pk,
                claim=self.claim,
                channel=way.channel,
                address=way.address,
                now=self.clock(),
                went=self.went[-1] if self.last else None,
            )
        except LOST:
            session_is_gone = not connection.is_usable()
            self._mark_for_good()
            if session_is_gone:
                raise
            # Somebody holds its row, most likely, or PostgreSQL ended a deadlock: the
            # last is marked by now, and this one is given back.
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
        Say whether somebody is likely to change both in one transaction.

        Whoever locks two rows that we lock in the other order waits for us, and we for
        them, until PostgreSQL ends one of both. It may come to that with others too, as
        where a clinic ends the visits of many at once, and loses nothing: see `_begin`.
        """
        same_reader = last.recipient_id == message.recipient_id
        return same_reader or last.about == message.about

    def _mark_for_good(self) -> None:
        """Mark what went, so that it is on disk when this returns."""
        if self.went:
            patiently(lambda: Message.objects.mark(self.went))
        self.last, self.went = None, []

    # --- Refused ----------------------------------------------------------------------

    def _doubt(self, doubt: Doubt) -> None:
        """Wait with a refusal until the server takes another message."""
        self.doubts.append(doubt)
        if isinstance(doubt.refusal, AddressRefused) and doubt.refusal.opted_out:
            self._believe(doubt.way.channel, only=doubt)

    def _believe(self, channel: Channel, only: Doubt | None = None) -> None:
        """Take a channel's refusals for what they say."""
        ours = [one for one in self.doubts if one.way.channel == channel]
        for doubt in [only] if only else ours:
            self.doubts.remove(doubt)
            letter, way, refusal = doubt
            self.kept.note_code(letter.message, refusal.code)
            if isinstance(refusal, AddressRefused):
                self._stop(letter.message, way, refusal)
                self._deliver(letter, Failure.REFUSED)
            elif way.channel == Channel.SMS:
                self._deliver(letter, Failure.REJECTED, by_text=False)
            else:
                self.kept.give_up(letter.message, Failure.REJECTED)

    def _judge(self) -> None:
        """Decide at the end what the refusals mean after which nothing was taken."""
        while self.doubts:
            channel, now = self.doubts[0].way.channel, self.clock()
            ours = [one for one in self.doubts if one.way.channel == channel]
            takes_some = channel in self.ways.working
            believed = Believed(channel, now=now)
            if not takes_some and len(ours) + len(believed) >= MANY:
                self.ways.found_down.setdefault(channel, ours[0].refusal.code)
                believed.take_back()
            if not self.ways.is_down(channel):
                self._believe(channel)
                continue
            for doubt in ours:
                self.doubts.remove(doubt)
                self.kept.put_back(doubt.letter.message, code=doubt.refusal.code)

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
