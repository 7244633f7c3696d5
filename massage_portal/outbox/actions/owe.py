"""Owe messages, and withdraw what is owed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Case, Model, Value, When

from massage_portal.outbox.codes import Failure
from massage_portal.outbox.kinds import kind_of
from massage_portal.outbox.models import Message
from massage_portal.outbox.models.statements import OWE


def about(subject: Model) -> str:
    """Return the text by which messages about `subject` are found again."""
    return f"{subject._meta.label_lower}:{subject.pk}"


@dataclass(frozen=True)
class Owed:
    """
    One message to be owed.

    :param due_at: when it may go; at once if left out. A message that would come due
        after it expires is not owed at all.
    :param key: what makes it the same message; owed twice, it exists once.
    """

    kind: str
    expires_at: datetime
    due_at: datetime | None = None
    key: str = ""


def owe_each(
    *messages: Owed,
    subject: Model,
    to: Any,  # a user, who stands above the outbox; None for whoever has no account
    now: datetime,
) -> None:
    """
    Owe `to` messages about `subject`, as rows of the caller's transaction.

    What is owed to nobody's account reaches nobody by itself: when it is due, it stands
    on the list of calls.
    """
    owed = [one for one in messages if (one.due_at or now) < one.expires_at]
    if owed:
        OWE.run(
            about=about(subject),
            recipient=to.pk if to else None,
            now=now,
            keys=[f"{one.kind}:{subject.pk}:{one.key}" for one in owed],
            kinds=[one.kind for one in owed],
            due=[one.due_at or now for one in owed],
            expire=[one.expires_at for one in owed],
            worth_a_call=[kind_of(one.kind).worth_a_call for one in owed],
        )


def owe(
    kind: str,
    subject: Model,
    *,
    to: Any,  # as in owe_each
    now: datetime,
    expires_at: datetime,
    due_at: datetime | None = None,
    key: str = "",
) -> None:
    """Owe `to` one message about `subject`: `Owed` says what the words mean."""
    owed = Owed(kind, expires_at=expires_at, due_at=due_at, key=key)
    owe_each(owed, subject=subject, to=to, now=now)


def void(subject: Model, *, now: datetime) -> None:
    """Withdraw what is unsent about `subject`, and the calls that took its place."""
    Message.objects.void(about=about(subject), now=now)


def hand_on(subject: Model, *, to: Model, kinds: Sequence[str], now: datetime) -> None:
    """
    Have messages about `subject` be about `to`, which took its place in the world.

    They stay the same messages, so what was sent is not owed again. What was withdrawn
    while it seemed to be over, and is of use still, is owed after all.
    """
    Message.objects.hand_on(about(subject), about(to), kinds=kinds, now=now)


def owe_again(subject: Model, *, kinds: Sequence[str], now: datetime) -> int:
    """Owe what was withdrawn about `subject` and is of use still; return how many."""
    ours = Message.objects.filter(about=about(subject), kind__in=kinds)
    return ours.owe_again(now=now)


def let_go(*subjects: Model) -> None:
    """Have what a sender holds of these, and has not begun, written anew."""
    Message.objects.filter(about__in=[about(one) for one in subjects]).let_go()


def void_due_before(moment: datetime, *, now: datetime) -> int:
    """Withdraw what should have gone before `moment`; return how many."""
    return Message.objects.unsent().filter(due_at__lt=moment).update(voided_at=now)


def expire(*, now: datetime) -> int:
    """
    Give up, for all to see, what could not be sent in time; return how many.

    What was given up in an hour that is yet to come is owed again: the clock was wrong.
    """
    early = Message.objects.expired_too_soon(now).filter(handled_at=None)
    early.update(failed_at=None, failed_because="")
    late = Message.objects.expired(now)
    may_have_arrived = When(unanswered__gt=0, then=Value(Failure.UNANSWERED))
    why = Case(may_have_arrived, default=Value(Failure.EXPIRED))
    return late.update(failed_at=now, failed_because=why, claim=None)
