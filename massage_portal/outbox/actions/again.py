"""Owe again what reached nobody, by a way that is open now."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from massage_portal.outbox.codes import Channel, Failure
from massage_portal.outbox.models import Message, Stop
from massage_portal.outbox.models.message import MessageQuerySet
from massage_portal.outbox.patients import patients

NO_WAY = [Failure.REFUSED, Failure.UNREACHABLE]


def instead(message: Message, *, now: datetime) -> bool:
    """
    Owe a mail in place of a message that came back; say whether one is owed.

    It is a message of its own, and a message has one at the most. Nobody need be called
    about what came back: if the mail reaches nobody either, it says so itself.
    """
    user = message.recipient
    of_use = message.worth_a_call and message.handled_at is None
    if not of_use or message.expires_at <= now or not _takes_mail(user):
        return False
    Message.objects.bulk_create(
        [
            Message(
                key=f"{message.key}:mail",
                kind=message.kind,
                about=message.about,
                recipient=user,
                instead_of=message,
                created_at=now,
                due_at=now,
                try_at=now,
                expires_at=message.expires_at,
            )
        ],
        ignore_conflicts=True,
    )
    Message.objects.filter(pk=message.pk).update(worth_a_call=False)
    return True


def _takes_mail(user: Any) -> bool:
    if user is None or not user.is_active or not user.email:
        return False
    stopped = Stop.objects.standing().filter(user=user, channel=Channel.EMAIL)
    return not stopped.filter(address=user.email).exists()


def go_again(*, user: Any, now: datetime) -> int:
    """
    Owe again what found no way to the user, and is of use still; return how much.

    Not what somebody called about, nor what was withdrawn meanwhile.
    """
    lost = Message.objects.to_call(now).filter(recipient=user)
    number = _owe_again(lost.filter(failed_because__in=NO_WAY), now=now)
    returned = lost.filter(returned_at__isnull=False).select_related("recipient")
    return number + sum(instead(one, now=now) for one in returned.order_by("pk"))


def _owe_again(some: MessageQuerySet, *, now: datetime) -> int:
    return some.update(failed_at=None, failed_because="", quiet_until=now)


def give_to(user: Any, *, patient: int, now: datetime) -> None:
    """
    Send to a patient's new account what was owed to them while they had none.

    A call that nobody has made becomes a message again.
    """
    theirs = Message.objects.filter(patients().messages([patient]), recipient=None)
    calls = theirs.to_call(now).filter(failed_because__in=NO_WAY)
    keys = list(calls.values_list("pk", flat=True))
    unsent = list(theirs.unsent().values_list("pk", flat=True))
    mine = Message.objects.filter(pk__in=[*keys, *unsent])
    mine.update(recipient=user, claim=None)
    _owe_again(mine.filter(pk__in=keys), now=now)
