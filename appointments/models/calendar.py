"""The private address under which a patient's own calendar reads their visits."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Self

from django.conf import settings
from django.db import models
from django.db.models import Case, F, Q, Value, When
from django.utils.translation import gettext_lazy as _

from massage_portal.accounts.systems import LONGEST, hashed

HOUR = timedelta(hours=1)
SHA256 = r"^[0-9a-f]{64}$"


class CalendarFeedQuerySet(models.QuerySet["CalendarFeed"]):
    """Reads of addresses, and the count of looks."""

    def opened_by(self, secret: str) -> CalendarFeed | None:
        """
        Return the feed that the secret opens, of an account in use; else None.

        The row is found by the hash, which tells a stopwatch nothing about the secret.
        """
        if not 0 < len(secret) <= LONGEST:
            return None
        found = self.filter(secret_sha256=hashed(secret), user__is_active=True)
        return found.select_related("user").first()

    def count_look(self, now: datetime) -> Self:
        """Count one look at each, from one again when an hour has gone by."""
        old = Q(seen_at=None) | Q(seen_at__lte=now - HOUR)
        self.update(
            looks=Case(When(old, then=Value(1)), default=F("looks") + 1),
            seen_at=Case(When(old, then=Value(now)), default=F("seen_at")),
        )
        return self


class CalendarFeed(models.Model):
    """
    One account's address; of its secret, only the hash is kept.

    It hangs on the account and not on the patient's record: records are merged, and
    whoever may sign in is who may read.
    """

    user = models.OneToOneField(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="calendar_feed"
    )
    secret_sha256 = models.CharField(max_length=64, unique=True)
    made_at = models.DateTimeField()
    seen_at = models.DateTimeField(null=True)  # the first look of an hour
    looks = models.PositiveIntegerField(default=0)  # in that hour

    objects = CalendarFeedQuerySet.as_manager()

    class Meta:
        verbose_name = _("calendar address")
        verbose_name_plural = _("calendar addresses")
        default_permissions = ()
        constraints = [
            models.CheckConstraint(
                name="calendar_feed_keeps_no_secret",
                condition=Q(secret_sha256__regex=SHA256),
            ),
        ]

    def __str__(self) -> str:
        return f"calendar address {self.pk}"

    @property
    def patient_id(self) -> int | None:
        """The key of the patient whose visits it shows, for the trail."""
        patient = getattr(self.user, "patient", None)
        return patient.pk if patient else None
