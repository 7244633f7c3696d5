"""How one person wants to be reached."""

from __future__ import annotations

from datetime import time
from typing import Self
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from phonenumber_field.modelfields import PhoneNumberField

from massage_portal.nights import Quiet
from massage_portal.outbox.codes import Channel

QUIET_FROM, QUIET_UNTIL = time(21, 0), time(8, 0)


class PreferenceQuerySet(models.QuerySet["Preference"]):
    """Reads of preferences."""

    def of(self, user: models.Model) -> Preference:
        """Return what the user chose, or what holds for whoever chose nothing."""
        return self.filter(user_id=user.pk).first() or Preference(user_id=user.pk)

    def by_text(self) -> Self:
        """Those who want text messages."""
        return self.filter(channel=Channel.SMS)


class Preference(models.Model):
    """
    The channel, the quiet hours and the time zone that a person chose.

    Whoever chose nothing has no row: they get email, and quiet from 21:00 to 8:00 at
    the clinic. Their language is `User.language`. A mobile number counts only once the
    code that was sent to it came back: a wrong number would read about their visits.
    """

    user = models.OneToOneField(
        settings.AUTH_USER_MODEL,
        models.CASCADE,
        primary_key=True,
        related_name="preference",
    )
    channel = models.CharField(
        _("how we reach you"),
        max_length=5,
        choices=Channel,
        default=Channel.EMAIL,
    )
    mobile = PhoneNumberField(_("mobile number"), blank=True)
    mobile_confirmed_at = models.DateTimeField(null=True, editable=False)
    code_sha256 = models.CharField(max_length=64, blank=True, editable=False)
    code_expires_at = models.DateTimeField(null=True, editable=False)
    code_tries = models.PositiveSmallIntegerField(default=0, editable=False)
    quiet_from = models.TimeField(_("no messages from"), default=QUIET_FROM)
    quiet_until = models.TimeField(_("no messages until"), default=QUIET_UNTIL)
    time_zone = models.CharField(
        _("time zone"), max_length=40, default=settings.TIME_ZONE
    )
    optional = models.BooleanField(
        _("also what need not be sent, such as reminders"), default=True
    )

    objects = PreferenceQuerySet.as_manager()

    class Meta:
        verbose_name = _("preference for messages")
        verbose_name_plural = _("preferences for messages")
        default_permissions = ("view",)
        constraints = [
            models.CheckConstraint(
                name="preference_text_goes_to_a_confirmed_number",
                condition=~Q(channel=Channel.SMS)
                | (~Q(mobile="") & Q(mobile_confirmed_at__isnull=False)),
            ),
        ]

    def __str__(self) -> str:
        return f"preference of user {self.pk}"

    @property
    def quiet(self) -> Quiet:
        """The hours in which nothing is sent that can wait; two alike are none."""
        return Quiet(self.quiet_from, self.quiet_until)

    @property
    def zone(self) -> ZoneInfo:
        """Where the person is."""
        return ZoneInfo(self.time_zone)
