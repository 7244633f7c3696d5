"""Messages owed: rows that a worker claims, sends and marks, once each."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple, Self

from django.conf import settings
from django.db import connection, models
from django.db.models import F, Q, QuerySet, Value
from django.db.models.functions import Replace
from django.utils.translation import gettext_lazy as _

from massage_portal.outbox.codes import Channel, Failure, State
from massage_portal.outbox.models.statements import (
    BEGIN,
    CLAIM,
    MARK_AND_BEGIN,
    PROVE,
    VOID,
)

# The longest that one hand-over takes: a carrier gives up sooner, twice 10 seconds.
HAND_OVER = timedelta(seconds=30)
# And the longest until it is marked, should the database be away meanwhile.
LEASE = timedelta(seconds=100)
UNSENT = Q(sent_at=None, failed_at=None, voided_at=None)


class Went(NamedTuple):
    """A message that a channel took, to be marked."""

    sent_at: datetime
    channel: str
    provider_id: str
    pk: int


class MessageQuerySet(models.QuerySet["Message"]):
    """Reads and claims of messages owed."""

    LATE = timedelta(minutes=15)  # past due by this much, staff are told

    def unsent(self) -> Self:
        """Neither sent, nor given up, nor withdrawn."""
        return self.filter(UNSENT)

    def due(self, now: datetime) -> Self:
        """Unsent, come due, and still of use; a worker may have it."""
        return self.unsent().filter(try_at__lte=now, expires_at__gt=now)

    def claim(
        self, number: int, *, most: int, now: datetime, only: int | None = None
    ) -> list[int]:
        """
        Take up to `most` due messages, the longest due first.

        What another has claimed is taken over only when its session is gone: see
        locks.py. What it had begun may have gone, or be going: that must be over too.
        Rows that another worker is just taking are left to it.

        :param number: of the lock that the caller holds.
        :param only: the key of the one message to take.
        :returns: their keys.
        """
        lease = LEASE.total_seconds()
        values: list[Any] = [number, now, now, only, only, lease, now - HAND_OVER, most]
        with connection.cursor() as cursor:
            cursor.execute(CLAIM, values)
            return [key for (key,) in cursor.fetchall()]

    def begin(
        self,
        key: int,
        *,
        claim: int,
        channel: str,
        now: datetime,
        address: str = "",
        went: Went | None = None,
    ) -> bool:
        """
        Write down that a claimed message is handed over; say whether it may be.

        It may not once it was withdrawn, given up, or taken over by another; nor once
        the address was stopped, though it stood when the batch was read.

        :param went: what to mark in the same journey to the database.
        """
        this = {"key": key, "claim": claim, "channel": channel, "address": address}
        this["now"] = now
        if went is None:
            return bool(BEGIN.rows(**this))
        last = {"by": went.channel, "number": went.provider_id, "last": went.pk}
        written = MARK_AND_BEGIN.rows(**this, **last, sent_at=went.sent_at)
        return (key,) in written

    def mark(self, went: Sequence[Went]) -> None:
        """Write down that messages went, for good: once it returns, it is on disk."""
        columns = [list(column) for column in zip(*went, strict=True)]
        with connection.cursor() as cursor:
            cursor.execute(PROVE, [*columns, went[-1].pk])

    def texts(
        self, users: Iterable[int], *, since: datetime
    ) -> QuerySet[Message, tuple[int, datetime]]:
        """Return to whom text messages went since a moment, and when."""
        went = self.filter(recipient__in=users, channel=Channel.SMS, sent_at__gt=since)
        return went.values_list("recipient", "sent_at")

    def expired(self, now: datetime) -> Self:
        """Unsent, of no use any more, and on no way at this moment."""
        still = Q(claim=None) | Q(began_at=None) | Q(began_at__lte=now - LEASE)
        return self.unsent().filter(
            still, due_at__lte=now, expires_at__lte=now, try_at__lte=now
        )

    def expired_too_soon(self, now: datetime) -> Self:
        """Given up as expired at a moment that is yet to come: the clock was wrong."""
        early = self.filter(failed_because=Failure.EXPIRED, failed_at__gt=now)
        return early.filter(expires_at__gt=now)

    def due_between(self, start: datetime, end: datetime) -> Self:
        """Those that came due in a time, whatever became of them."""
        return self.filter(due_at__gt=start, due_at__lte=end)

    def waiting(self, now: datetime, *, by: datetime | None = None) -> Self:
        """Unsent, of use, and should have gone by then, or now; not by quiet hours."""
        awake = Q(quiet_until=None) | Q(quiet_until__lte=by or now)
        past_due = self.unsent().filter(due_at__lte=by or now, expires_at__gt=now)
        return past_due.filter(awake)

    def late(self, now: datetime) -> Self:
        """Unsent, of use, and should have gone LATE ago."""
        return self.waiting(now, by=now - self.LATE)

    def to_call(self, now: datetime) -> Self:
        """Those that reached nobody, and whose reader should be called instead."""
        lost = Q(failed_at__isnull=False) | Q(returned_at__isnull=False)
        return self.filter(lost, handled_at=None, expires_at__gt=now, worth_a_call=True)

    def called_about(self, message: Message) -> bool:
        """Say whether somebody called in place of one like it that was withheld."""
        alike = self.filter(about=message.about, kind=message.kind)
        return alike.filter(
            failed_because=Failure.WITHHELD, handled_at__isnull=False
        ).exists()

    def told(self, kind: str, *, about: str) -> bool:
        """Say whether one of a kind went, or somebody called in its place."""
        heard = Q(sent_at__isnull=False, returned_at=None) | Q(handled_at__isnull=False)
        return self.filter(heard, kind=kind, about=about).exists()

    def in_state(self, state: State) -> Self:
        """Those that stand there: as `Message.state` tells it of one."""
        return self.filter(
            {
                State.OWED: UNSENT & Q(claim=None),
                State.SENDING: UNSENT & Q(claim__isnull=False),
                State.SENT: Q(sent_at__isnull=False, returned_at=None),
                State.RETURNED: Q(returned_at__isnull=False),
                State.FAILED: Q(failed_at__isnull=False),
                State.VOIDED: Q(voided_at__isnull=False),
            }[state]
        )

    def void(self, *, about: str, now: datetime) -> None:
        """
        Withdraw every unsent message about one record.

        Nobody is called any more about those that reached nobody, nor about those that
        come back from now on: a call would say what is not true.
        """
        VOID.run(about=about, now=now)

    def let_go(self) -> None:
        """Free what is claimed and not begun: it may be written of what was before."""
        self.unsent().filter(began_at=None).update(claim=None)

    def owe_again(self, *, now: datetime) -> int:
        """
        Owe what was withdrawn and is of use still, as if put off until now.

        :returns: how many.
        """
        withdrawn = self.filter(voided_at__isnull=False, expires_at__gt=now)
        return withdrawn.update(voided_at=None, quiet_until=now)

    def hand_on(
        self, old: str, new: str, *, kinds: Sequence[str], now: datetime
    ) -> int:
        """
        Have messages of some kinds about one record be about another; return how many.

        Whoever has claimed one and not begun may have written it of the old record, so
        it is free again. What was withdrawn and is of use is owed again, as if it had
        been put off until now.
        """
        ours = self.filter(about=old, kind__in=kinds)
        ours.let_go()
        ours.owe_again(now=now)
        names = (f":{one.rpartition(':')[2]}:" for one in (old, new))
        key = Replace("key", *(Value(name) for name in names))
        return ours.update(about=new, key=key)


class Message(models.Model):
    """
    One message owed to one person, about one record, from `due_at` to `expires_at`.

    Its words are not stored: they are rendered when it is sent, so that they are true
    then. A late message is worse than none, so each has an end.
    """

    key = models.CharField(max_length=120)  # the same fact is owed once
    kind = models.CharField(max_length=60)  # "appointments.reminder"
    about = models.CharField(max_length=60)  # "appointments.appointment:7"
    recipient = models.ForeignKey(  # None: no account; only a call can reach them
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        db_index=False,  # `message_of_recipient` finds them
        related_name="messages",
    )
    instead_of = models.ForeignKey(  # what came back: this one goes by mail
        "self",
        models.PROTECT,
        null=True,
        db_index=False,  # `message_takes_the_place_of_one` finds it
        related_name="+",
        editable=False,
    )
    message_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    created_at = models.DateTimeField()
    due_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    # When it may be tried next.
    try_at = models.DateTimeField(editable=False)
    # Until when it was put off for its reader's hours, the last time that it was.
    quiet_until = models.DateTimeField(null=True, editable=False)
    claim = models.BigIntegerField(null=True, editable=False)  # the sender's lock
    # When its last sender began to hand it over; None until it did.
    began_at = models.DateTimeField(null=True, editable=False)
    attempts = models.PositiveSmallIntegerField(default=0)
    faults = models.PositiveSmallIntegerField(default=0)  # it could not be written
    # It was handed over, and the server did not say that it took it.
    unanswered = models.PositiveSmallIntegerField(default=0)
    # The last refusal; its words would name addresses, and are not kept.
    code = models.CharField(max_length=60, blank=True, editable=False)
    channel = models.CharField(max_length=5, choices=Channel, blank=True)
    provider_id = models.CharField(max_length=120, blank=True)
    sent_at = models.DateTimeField(null=True, blank=True)
    delivered_at = models.DateTimeField(null=True, blank=True)  # where we are told
    returned_at = models.DateTimeField(null=True, blank=True)  # it bounced
    failed_at = models.DateTimeField(null=True, blank=True)
    failed_because = models.CharField(max_length=11, choices=Failure, blank=True)
    voided_at = models.DateTimeField(null=True, blank=True)
    worth_a_call = models.BooleanField(default=True)
    handled_at = models.DateTimeField(null=True, blank=True)  # somebody called
    handled_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        db_index=False,  # nobody looks by it
        related_name="+",
    )

    patient_id: int | None = None  # whose record it is about, where that was read
    ahead: Any = None  # what its renderer needs, where that was read for many at once

    objects = MessageQuerySet.as_manager()

    class Meta:
        verbose_name = _("message")
        verbose_name_plural = _("messages")
        default_permissions = ("view",)
        permissions = [("handle_message", "Can call whom no message reached")]
        constraints = [
            models.UniqueConstraint(name="message_is_owed_once", fields=["key"]),
            models.UniqueConstraint(
                name="message_takes_the_place_of_one",
                fields=["instead_of"],
                condition=Q(instead_of__isnull=False),
            ),
            models.CheckConstraint(
                name="message_expires_after_it_is_due",
                condition=Q(expires_at__gt=F("due_at")),
            ),
            models.CheckConstraint(
                name="message_ends_one_way",
                condition=Q(sent_at=None, failed_at=None)
                | Q(sent_at=None, voided_at=None)
                | Q(failed_at=None, voided_at=None),
            ),
            models.CheckConstraint(
                name="message_failed_for_a_reason",
                condition=Q(failed_at=None, failed_because="")
                | Q(failed_at__isnull=False, failed_because__in=Failure.values),
            ),
            models.CheckConstraint(
                name="message_comes_back_after_it_went",
                condition=Q(returned_at=None, delivered_at=None)
                | Q(sent_at__isnull=False),
            ),
            models.CheckConstraint(
                name="message_is_handled_by_someone",
                condition=Q(handled_at=None, handled_by=None)
                | Q(handled_at__isnull=False, handled_by__isnull=False),
            ),
        ]
        indexes = [
            models.Index(
                fields=["try_at", "id"], name="message_unsent_by_try", condition=UNSENT
            ),
            models.Index(
                fields=["due_at"], name="message_unsent_by_due", condition=UNSENT
            ),
            models.Index(fields=["about"], name="message_about"),
            models.Index(fields=["recipient", "-due_at"], name="message_of_recipient"),
            models.Index(fields=["-due_at", "-id"], name="message_by_due"),
            models.Index(  # what a provider tells is found by the provider's id
                fields=["provider_id"],
                name="message_of_provider",
                condition=~Q(provider_id=""),
            ),
            models.Index(
                fields=["failed_at"],
                name="message_failed",
                condition=Q(failed_at__isnull=False),
            ),
            models.Index(
                fields=["expires_at"],
                name="message_to_call",
                condition=Q(handled_at=None, worth_a_call=True)
                & (Q(failed_at__isnull=False) | Q(returned_at__isnull=False)),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.key}"

    @property
    def subject_key(self) -> int:
        """The key of the record that the message is about."""
        return int(self.about.rpartition(":")[2])

    @property
    def state(self) -> State:
        """Where it stands, told from its moments."""
        if self.returned_at:
            return State.RETURNED
        if self.sent_at:
            return State.SENT
        if self.failed_at:
            return State.FAILED
        if self.voided_at:
            return State.VOIDED
        return State.OWED if self.claim is None else State.SENDING
