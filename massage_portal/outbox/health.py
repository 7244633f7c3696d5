"""
What is wrong with the messages: told to staff, to whoever watches, and on the board.

Each read is of few rows or through a partial index, whatever number has been sent.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum
from typing import Any, NamedTuple

from django.conf import settings
from django.db.models import Count, Min, Q, QuerySet
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from massage_portal.built import Built, text, whole
from massage_portal.outbox.carriers.channels import serves
from massage_portal.outbox.codes import Channel, Failure
from massage_portal.outbox.models import ChannelHealth, Message, Pulse

SENDER = "outbox.send_due"
DAY = timedelta(days=1)
SLOW = timedelta(minutes=5)  # staff who look at the board see this much already
# Calls to make, and nothing that is wrong: these were never to go by themselves.
NOT_TO_GO = Q(failed_because__in=[Failure.WITHHELD, Failure.INACTIVE])
NOT_TO_GO |= Q(recipient=None)


def longest_silence() -> timedelta:
    """Return after how long without a sign of life beat or the workers are missed."""
    return max(timedelta(minutes=2), timedelta(seconds=6 * settings.SWEEP_SECONDS))


class Trouble(Enum):
    """What may be wrong: in plain words, and what to do about it."""

    SILENT = "silent"
    CHANNEL = "channel"
    UNREAD = "unread"
    LATE = "late"
    UNWRITABLE = "unwritable"
    UNANSWERED = "unanswered"
    FAILED = "failed"


WORDS: dict[Trouble, tuple[Promise, Promise]] = {
    Trouble.SILENT: (
        _("Nothing is being sent: the background work of the portal stands still."),
        _(
            "Tell whoever runs the portal now: beat, the broker or the workers do not "
            "run. Until they do, tell patients by telephone what cannot wait."
        ),
    ),
    Trouble.CHANNEL: (
        _("A channel takes no messages."),
        _(
            "Tell whoever runs the portal. Nothing is lost: the portal tries again by "
            "itself until each message is of no more use. Tell patients by telephone "
            "what cannot wait."
        ),
    ),
    Trouble.UNREAD: (
        _("A channel takes messages, and answers what the portal cannot read."),
        _(
            "The messages count as sent, and go no second time. Ask a patient whether "
            "one came, and tell whoever runs the portal: the address of the provider "
            "may be wrong, or its answers have changed."
        ),
    ),
    Trouble.LATE: (
        _("Messages wait past the time at which they should have gone."),
        _(
            "If nothing else is listed here, wait a few minutes and look again. If "
            "they do not become fewer, tell whoever runs the portal."
        ),
    ),
    Trouble.UNWRITABLE: (
        _("The portal could not write some messages of the last day."),
        _(
            "Tell whoever runs the portal: this is a fault of its own, and its logs "
            "say which. Call whom the messages were for."
        ),
    ),
    Trouble.UNANSWERED: (
        _("Messages of the last day may not have arrived."),
        _(
            "A server was handed each of them twice, and never said that it took it. "
            "Tell whoever runs the portal that it answers too late. Call whom they "
            "were for, as the list of calls says."
        ),
    ),
    Trouble.FAILED: (
        _("Messages of the last day could not be sent."),
        _("Call whom they were for: the list of calls says whom, and about what."),
    ),
}


@dataclass(frozen=True)
class Alert:
    """One thing that is wrong at this moment."""

    trouble: Trouble
    count: int = 0
    since: datetime | None = None  # None where it is not known
    channel: Channel | None = None
    code: str = ""  # what the channel's server last said

    @property
    def title(self) -> Promise:
        """What is wrong."""
        return WORDS[self.trouble][0]

    @property
    def advice(self) -> Promise:
        """What to do about it."""
        return WORDS[self.trouble][1]


def alerts(now: datetime) -> list[Alert]:
    """Return all that is wrong at `now`, the worst first; nothing if all is well."""
    found = []
    if is_silent(pulse := last_pulse(), now):
        found.append(Alert(Trouble.SILENT, since=pulse))
    found += [
        _of_channel(Trouble.CHANNEL, one, since=one.failing_since) for one in failing()
    ]
    found += [_of_channel(Trouble.UNREAD, one, since=None) for one in unread()]
    late = Message.objects.late(now).aggregate(n=Count("pk"), oldest=Min("due_at"))
    if late["n"]:
        found.append(Alert(Trouble.LATE, late["n"], since=late["oldest"]))
    failed = failed_since(now - DAY)
    unwritable = Q(failed_because=Failure.UNWRITABLE)
    unanswered = Q(failed_because=Failure.UNANSWERED)
    for trouble, some in (
        (Trouble.UNWRITABLE, failed.filter(unwritable)),
        (Trouble.UNANSWERED, failed.filter(unanswered)),
        (Trouble.FAILED, failed.exclude(unwritable | unanswered | NOT_TO_GO)),
    ):
        given_up = some.aggregate(n=Count("pk"), oldest=Min("failed_at"))
        if given_up["n"]:
            found.append(Alert(trouble, given_up["n"], since=given_up["oldest"]))
    return found


def _of_channel(
    trouble: Trouble, one: ChannelHealth, *, since: datetime | None
) -> Alert:
    return Alert(trouble, since=since, channel=Channel(one.channel), code=one.code)


def failing() -> QuerySet[ChannelHealth]:
    """Return the channels that take nothing, of those that the settings name."""
    return _ours(ChannelHealth.objects.filter(failing_since__isnull=False))


def unread() -> QuerySet[ChannelHealth]:
    """Return those that took something last, and answered what nobody can read."""
    works = ChannelHealth.objects.filter(failing_since=None)
    return _ours(works.exclude(code=""))


def _ours(some: QuerySet[ChannelHealth]) -> QuerySet[ChannelHealth]:
    ours = [channel for channel in Channel if serves(channel)]
    return some.filter(channel__in=ours).order_by("channel")


def channels() -> QuerySet[ChannelHealth]:
    """Return how each channel fared that was ever used."""
    return ChannelHealth.objects.order_by("channel")


class Waiting(NamedTuple):
    """What should have gone and has not, late or not."""

    number: int
    oldest: datetime | None  # when it was due


def waiting(now: datetime) -> Waiting:
    """Return how much waits to be sent at `now`."""
    some = Message.objects.waiting(now)
    return Waiting(**some.aggregate(number=Count("pk"), oldest=Min("due_at")))


def failed_since(moment: datetime) -> QuerySet[Message]:
    """Return what was given up since."""
    return Message.objects.filter(failed_at__gt=moment)


def last_pulse() -> datetime | None:
    """Return when the sender last showed that it lives."""
    return _pulse().values_list("at", flat=True).first()


def _pulse() -> QuerySet[Pulse]:
    return Pulse.objects.filter(task=SENDER)


def is_silent(pulse: datetime | None, now: datetime) -> bool:
    """Say whether beat, broker or workers are missed."""
    # A sign from a time to come is of a clock that was ahead: it tells nothing of now.
    return pulse is None or abs(now - pulse) > longest_silence()


class Sign(NamedTuple):
    """What the schedulers' board says of messages."""

    to_call: int
    wrong: bool


def _sign(*, now: datetime, slow: datetime, since: datetime) -> tuple[str, Any]:
    dead = failed_since(since).filter(failed_because=Failure.UNWRITABLE)
    odd = ChannelHealth.objects.exclude(failing_since=None, code="")
    return whole(
        """
        SELECT (SELECT count(*) FROM ({calls}) one),
               EXISTS ({waits}) OR EXISTS ({poison}),
               ARRAY({odd}),
               ({pulse})
        """,
        calls=Message.objects.to_call(now).values("pk"),
        waits=Message.objects.waiting(now, by=slow).values("pk"),
        poison=dead.values("pk"),
        odd=odd.values_list(text("channel")),
        pulse=_pulse().values("at"),
    )


_SIGN = Built("sign_of_messages", _sign, now=datetime, slow=datetime, since=datetime)


def sign(now: datetime) -> Sign:
    """
    Return what the board says, in one journey to the database: it is asked for often.

    A channel that takes nothing is a sign, and one that answers what nobody can read.
    What waits longer than SLOW is one already, though nobody is alarmed by it yet.
    What could not be sent is not: it is a call to make.
    """
    ((to_call, wrong, odd, pulse),) = _SIGN.rows(
        now=now, slow=now - SLOW, since=now - DAY
    )
    wrong = wrong or any(serves(Channel(one)) for one in odd)
    return Sign(to_call, wrong or is_silent(pulse, now))
