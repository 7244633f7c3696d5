"""Messages owed: rows that a worker claims, sends and marks, once each."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Self

from django.conf import settings
from django.db import connection, models
from django.db.models import F, Q, QuerySet
from django.utils.translation import gettext_lazy as _

from massage_portal.outbox.codes import Channel, Failure, State
from massage_portal.outbox.locks import SENDER_IS_GONE

# Longer than the longest send: 11 steps of SMTP with TLS, EMAIL_TIMEOUT each.
LEASE = timedelta(seconds=100)
UNSENT = Q(sent_at=None, failed_at=None, voided_at=None)

# The rows are chosen once (ARRAY), locked as they are chosen, and judged again on their
# newest version, so of two workers that want a row one gets it.
CLAIM = f"""
    UPDATE outbox_message
       SET claim = %s, try_at = %s, attempts = attempts + 1
     WHERE id = ANY(ARRAY(
        SELECT id FROM outbox_message
         WHERE sent_at IS NULL AND failed_at IS NULL AND voided_at IS NULL
           AND try_at <= %s AND expires_at > %s
           AND (%s::bigint IS NULL OR id = %s)
           AND (claim IS NULL OR {SENDER_IS_GONE})
         ORDER BY try_at, id LIMIT %s
           FOR UPDATE SKIP LOCKED))
    RETURNING id
"""  # noqa: S608 - no value is written into it


class MessageQuerySet(models.QuerySet["Message"]):
    """Reads and claims of messages owed."""

    LATE = timedelta(minutes=15)  # past due by this much, staff are told

    def unsent(self) -> Self:
        """Neither sent, nor given up, nor withdrawn."""
        return self.filter(UNSENT)

    def due(self, now: datetime) -> Self:
        """Unsent, come due, still of use, and in no worker's lease."""
        return self.unsent().filter(try_at__lte=now, expires_at__gt=now)

    def claim(
        self, number: int, *, most: int, now: datetime, only: int | None = None
    ) -> list[int]:
        """
        Take up to `most` due messages for LEASE, the longest due first.

        A claim that ran out is taken over only where its sender's session is gone too:
        see locks.py. Rows that another worker is just taking are left to it.

        :param number: of the lock that the caller holds.
        :param only: the key of the one message to take.
        :returns: their keys.
        """
        with connection.cursor() as cursor:
            cursor.execute(CLAIM, [number, now + LEASE, now, now, only, only, most])
            return [key for (key,) in cursor.fetchall()]

    def texts(
        self, users: Iterable[int], *, since: datetime
    ) -> QuerySet[Message, tuple[int, datetime]]:
        """Return to whom text messages went since a moment, and when."""
        went = self.filter(recipient__in=users, channel=Channel.SMS, sent_at__gt=since)
        return went.values_list("recipient", "sent_at")

    def expired(self, now: datetime) -> Self:
        """Unsent, of no use any more, and in no worker's lease."""
        return self.unsent().filter(
            due_at__lte=now, expires_at__lte=now, try_at__lte=now
        )

    def late(self, now: datetime) -> Self:
        """Unsent, of use, and should have gone LATE ago."""
        return self.unsent().filter(due_at__lte=now - self.LATE, expires_at__gt=now)

    def to_call(self, now: datetime) -> Self:
        """Those that reached nobody, and whose reader should be called instead."""
        lost = Q(failed_at__isnull=False) | Q(returned_at__isnull=False)
        return self.filter(lost, handled_at=None, expires_at__gt=now, worth_a_call=True)

    def void(self, *, about: str, now: datetime) -> int:
        """Withdraw every unsent message about one record; return how many."""
        return self.unsent().filter(about=about).update(voided_at=now)


class Message(models.Model):
    """
    One message owed to one person, about one record, from `due_at` to `expires_at`.

    Its words are not stored: they are rendered when it is sent, so that they are true
    then. A late message is worse than none, so each has an end.
    """

    key = models.CharField(max_length=120, unique=True)  # the same fact is owed once
    kind = models.CharField(max_length=60)  # "appointments.reminder"
    about = models.CharField(max_length=60)  # "appointments.appointment:7"
    recipient = models.ForeignKey(  # None: no account; only a call can reach them
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="messages"
    )
    message_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    created_at = models.DateTimeField()
    due_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    # When it may be tried next; while a worker has it, when the worker's lease ends.
    try_at = models.DateTimeField(editable=False)
    claim = models.BigIntegerField(null=True, editable=False)  # the sender's lock
    began_at = models.DateTimeField(null=True, editable=False)
    attempts = models.PositiveSmallIntegerField(default=0)
    faults = models.PositiveSmallIntegerField(default=0)  # it could not be written
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
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+"
    )

    objects = MessageQuerySet.as_manager()

    class Meta:
        verbose_name = _("message")
        verbose_name_plural = _("messages")
        default_permissions = ("view",)
        permissions = [("handle_message", "Can call whom no message reached")]
        constraints = [
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
                fields=["try_at"], name="message_unsent_by_try", condition=UNSENT
            ),
            models.Index(
                fields=["due_at"], name="message_unsent_by_due", condition=UNSENT
            ),
            models.Index(fields=["about"], name="message_about"),
            models.Index(fields=["recipient", "-due_at"], name="message_of_recipient"),
            models.Index(fields=["-due_at", "-id"], name="message_by_due"),
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
