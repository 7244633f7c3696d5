"""How one person wants to be reached."""

from __future__ import annotations

from datetime import time
from typing import Any, Self
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from phonenumber_field.modelfields import PhoneNumberField

from massage_portal.nights import Quiet
from massage_portal.outbox.codes import Channel

QUIET_FROM, QUIET_UNTIL = time(21, 0), time(8, 0)


def e164(number: Any) -> str:
    """Return a field's telephone number as the database keeps it; "" for none."""
    return str(getattr(number, "as_e164", number or ""))


def zone_named(name: str) -> ZoneInfo:
    """Return a time zone; the clinic's for "", or should one be struck off."""
    try:
        return ZoneInfo(name or settings.TIME_ZONE)
    except (ZoneInfoNotFoundError, ValueError):
        return ZoneInfo(settings.TIME_ZONE)


class PreferenceQuerySet(models.QuerySet["Preference"]):
    """Reads of preferences."""

    def of(self, user: models.Model) -> Preference:
        """Return what the user chose, or what holds for whoever chose nothing."""
        return self.filter(user_id=user.pk).first() or Preference(user_id=user.pk)

    def with_number(self, number: str) -> Self:
        """Those who gave this number, whether or not they confirmed it."""
        if not number:  # most gave none, and are nobody's
            return self.none()
        return self.filter(Q(mobile=number) | Q(asked_mobile=number))


class Preference(models.Model):
    """
    The channel, the quiet hours and the time zone that a person chose.

    Whoever chose nothing has no row: they get email, and quiet from 21:00 to 8:00.
    Without a time zone of their own, those are the hours of the place of their visit,
    or of the clinic. Their language is `User.language`. A mobile number counts only
    once the code that was sent to it came back: a wrong number would read about their
    visits. Until then it stands in `asked_mobile`, and what held before goes on.
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
    asked_mobile = PhoneNumberField(blank=True, editable=False)
    code_seed = models.CharField(max_length=32, blank=True, editable=False)
    code_expires_at = models.DateTimeField(null=True, editable=False)
    code_tries = models.PositiveSmallIntegerField(default=0, editable=False)
    quiet_from = models.TimeField(_("no messages from"), default=QUIET_FROM)
    quiet_until = models.TimeField(_("no messages until"), default=QUIET_UNTIL)
    time_zone = models.CharField(_("time zone"), max_length=40, blank=True)
    optional = models.BooleanField(
        _("also what need not be sent, such as reminders"), default=True
    )
    version = models.PositiveIntegerField(default=0, editable=False)

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
            models.CheckConstraint(
                name="preference_code_is_for_a_number",
                condition=Q(asked_mobile="", code_seed="", code_expires_at=None)
                | (
                    ~Q(asked_mobile="")
                    & ~Q(code_seed="")
                    & Q(code_expires_at__isnull=False)
                ),
            ),
        ]

    def __str__(self) -> str:
        return f"preference of user {self.pk}"

    @property
    def quiet(self) -> Quiet:
        """The hours in which nothing is sent that can wait; two alike are none."""
        return Quiet(self.quiet_from, self.quiet_until)

    @property
    def number(self) -> str:
        """The confirmed number as gateways want it, "+15075550100"; "" for none."""
        return e164(self.mobile)

    @property
    def asked_number(self) -> str:
        """The number that waits for its code, in the same form."""
        return e164(self.asked_mobile)

    @property
    def zone(self) -> ZoneInfo:
        """Where the person is; the clinic's zone where they named none."""
        return zone_named(self.time_zone)
