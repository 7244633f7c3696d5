"""How the channels fare, and when the background last gave a sign of life."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from massage_portal.outbox.codes import Channel

# Shorter than a message's first pause: what is tried again finds the channel awake.
REST = timedelta(seconds=20)


class ChannelHealthQuerySet(models.QuerySet["ChannelHealth"]):
    """Reads of how the channels fare."""

    def resting(self, now: datetime) -> dict[str, str]:
        """
        Return the channels that are left alone for now, each with its last code.

        A rest that ends later than it may was begun by a clock that was ahead.
        """
        asleep = self.filter(rests_until__gt=now, rests_until__lte=now + REST)
        return dict(asleep.values_list("channel", "code"))

    def ailing(self) -> set[str]:
        """Return the channels that took nothing the last time."""
        broken = self.filter(failing_since__isnull=False)
        return set(broken.values_list("channel", flat=True))

    def took_at(self, channel: Channel) -> datetime | None:
        """Return when a channel last took a message."""
        return self.filter(channel=channel).values_list("took_at", flat=True).first()


class ChannelHealth(models.Model):
    """
    What the last batches found of one channel's server: a row for each channel.

    Written once a batch, never once a message: all workers share the row. A channel
    that takes nothing rests, or each batch would wait for its server anew, and what
    goes by other channels behind it.
    """

    channel = models.CharField(primary_key=True, max_length=5, choices=Channel)
    took_at = models.DateTimeField(null=True)  # it last took a message
    failing_since = models.DateTimeField(null=True)  # None: it works
    rests_until = models.DateTimeField(null=True)
    # Its last refusal, without its words; of one that works, the status with which it
    # took a message and said what nobody can read.
    code = models.CharField(max_length=60, blank=True)

    objects = ChannelHealthQuerySet.as_manager()

    class Meta:
        verbose_name = _("health of a channel")
        verbose_name_plural = _("health of the channels")
        default_permissions = ("view",)
        constraints = [
            models.CheckConstraint(
                name="channel_health_is_of_a_known_channel",
                condition=Q(channel__in=Channel.values),
            ),
        ]

    def __str__(self) -> str:
        return self.channel


class Pulse(models.Model):
    """When a task that beat hands out last ran: silence means beat or workers died."""

    task = models.CharField(primary_key=True, max_length=60)
    at = models.DateTimeField()

    class Meta:
        verbose_name = _("sign of life")
        verbose_name_plural = _("signs of life")
        default_permissions = ("view",)

    def __str__(self) -> str:
        return self.task
