"""Messages owed: rows that a worker claims, sends and marks, once each."""

from __future__ import annotations

import uuid
from datetime import datetime, timedelta
from typing import Self

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _


class MessageQuerySet(models.QuerySet["Message"]):
    """Reads and claims of messages owed."""

    # Longer than the longest send: 11 steps of SMTP with TLS, EMAIL_TIMEOUT each.
    LEASE = timedelta(seconds=100)

    def unsent(self) -> Self:
        """Neither sent, nor given up, nor withdrawn."""
        return self.filter(sent_at=None, failed_at=None, voided_at=None)

    def due(self, now: datetime) -> Self:
        """Unsent, come due, still of use, and in no other worker's hands."""
        unheld = Q(claimed_until=None) | Q(claimed_until__lte=now)
        return self.unsent().filter(unheld, due_at__lte=now, expires_at__gt=now)

    def claim(self, pk: int, *, now: datetime) -> uuid.UUID | None:
        """
        Take one due message for LEASE; return the claim's own key, or None.

        This is one UPDATE that tests only the row's own columns. Add no join: the
        test would move into a subquery, which PostgreSQL does not repeat after
        waiting for a row lock, and two workers would both win.
        """
        key = uuid.uuid4()
        won = self.due(now).filter(pk=pk)
        taken = won.update(
            claim=key, claimed_until=now + self.LEASE, attempts=F("attempts") + 1
        )
        return key if taken == 1 else None

    def begin(self, pk: int, *, claim: uuid.UUID, now: datetime) -> bool:
        """Say, right before the send, whether the message is still ours and wanted."""
        mine = self.unsent().filter(pk=pk, claim=claim, claimed_until__gt=now)
        return mine.update(began_at=now) == 1

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
    recipient = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="messages"
    )
    message_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    created_at = models.DateTimeField()
    due_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    claim = models.UUIDField(null=True, editable=False)
    claimed_until = models.DateTimeField(null=True, editable=False)
    began_at = models.DateTimeField(null=True, editable=False)
    attempts = models.PositiveSmallIntegerField(default=0)
    sent_at = models.DateTimeField(null=True, blank=True)
    failed_at = models.DateTimeField(null=True, blank=True)
    voided_at = models.DateTimeField(null=True, blank=True)

    objects = MessageQuerySet.as_manager()

    class Meta:
        verbose_name = _("message")
        verbose_name_plural = _("messages")
        default_permissions = ("view",)
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
                name="message_claim_is_whole",
                condition=Q(claim=None, claimed_until=None)
                | Q(claim__isnull=False, claimed_until__isnull=False),
            ),
        ]
        indexes = [
            models.Index(
                fields=["due_at"],
                name="message_unsent_by_due",
                condition=Q(sent_at=None, failed_at=None, voided_at=None),
            ),
            models.Index(fields=["about"], name="message_about"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.key}"

    @property
    def subject_key(self) -> int:
        """The key of the record that the message is about."""
        return int(self.about.rpartition(":")[2])
