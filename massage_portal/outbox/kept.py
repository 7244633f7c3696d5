"""What becomes of a claimed message that did not go."""

from __future__ import annotations

import random
from collections.abc import Callable
from datetime import datetime, timedelta

import structlog
from django.db.models import F

from massage_portal.outbox.codes import Failure
from massage_portal.outbox.models import Message
from massage_portal.outbox.models.message import MessageQuerySet

FIRST_PAUSE, LONGEST_PAUSE = timedelta(seconds=30), timedelta(minutes=10)
MOST_FAULTS = 5
# Handed over so often without an answer, it may have arrived, and goes no more.
MOST_UNANSWERED = 2

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


class Kept:
    """What a sender claimed and has not sent: to be tried again, or ended."""

    def __init__(self, claim: int, clock: Clock) -> None:
        self.clock = clock
        self.mine = Message.objects.unsent().filter(claim=claim)

    def of(self, message: Message) -> MessageQuerySet:
        """Return one of them, if it is the sender's still."""
        return self.mine.filter(pk=message.pk)

    def give_back(self) -> None:
        """Free what was not begun, as if never tried."""
        untried = self.mine.filter(began_at=None)
        untried.update(claim=None, attempts=F("attempts") - 1)

    def withdraw(self, message: Message) -> None:
        """End what there is no reason for."""
        self.of(message).update(voided_at=self.clock(), claim=None)

    def note_code(self, message: Message, code: str) -> None:
        """Keep what its channel said."""
        self.of(message).update(code=code[:60])

    def put_back(
        self, message: Message, until: datetime | None = None, *, code: str = ""
    ) -> None:
        """
        Let it be tried again after a pause, by whoever claims it then.

        :param until: when the hours of its reader begin, if it waits for those; then it
            was not tried at all.
        :param code: what its channel said.
        """
        if until is None:
            try_at = self.clock() + pause_after(message.attempts)
            some = {"code": code[:60]} if code else {}
            self.of(message).update(claim=None, try_at=try_at, **some)
        else:
            self.of(message).update(
                claim=None,
                try_at=until,
                quiet_until=until,
                attempts=F("attempts") - 1,
            )

    def wait_for_word(self, message: Message, *, code: str) -> None:
        """
        Count what was handed over and not answered, and hand it over once more.

        Not soon: the server may be at work on it yet, and a report may tell.
        """
        times, now = message.unanswered + 1, self.clock()
        self.of(message).update(unanswered=times, code=code[:60])
        if times >= MOST_UNANSWERED:
            self.give_up(message, Failure.UNANSWERED)
        else:
            pause = min(LONGEST_PAUSE, (message.expires_at - now) / 2)
            self.of(message).update(claim=None, try_at=now + pause)

    def fault(self, message: Message) -> None:
        """Count what could not be written; MOST_FAULTS times, and no more."""
        faults = message.faults + 1
        if faults >= MOST_FAULTS:
            self.of(message).update(faults=faults)
            self.give_up(message, Failure.UNWRITABLE)
        else:
            try_at = self.clock() + pause_after(faults)
            self.of(message).update(claim=None, faults=faults, try_at=try_at)

    def give_up(self, message: Message, why: Failure) -> None:
        """End it, for all to see."""
        end = {"failed_at": self.clock(), "failed_because": why}
        self.of(message).update(claim=None, **end)
        log.warning("message_given_up", message=message.pk, why=why)
