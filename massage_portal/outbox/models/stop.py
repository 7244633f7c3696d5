"""Addresses that are written to no more, until somebody mends them."""

from __future__ import annotations

from typing import Self

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _
from phonenumber_field.phonenumber import to_python

from massage_portal.outbox.codes import Channel, Halt, Mended


class StopQuerySet(models.QuerySet["Stop"]):
    """Reads of stops."""

    def standing(self) -> Self:
        """Those that nobody has lifted."""
        return self.filter(lifted_at=None)

    def to_call(self) -> Self:
        """
        Standing, of an address still in use, and nobody has called about it yet.

        Whoever asked for no more on one channel knows it; nobody need tell them.
        """
        email = Q(channel=Channel.EMAIL, address=F("user__email"))
        text = Q(channel=Channel.SMS, address=F("user__preference__mobile"))
        asked = self.standing().filter(email | text, handled_at=None)
        return asked.exclude(because=Halt.OPTED_OUT)


class Stop(models.Model):
    """
    One address of one person that a channel may not use any more.

    It names the address, so that a new one is not stopped with the old: correcting the
    address is what mends it. Staff are told to call.
    """

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.CASCADE, related_name="stops"
    )
    channel = models.CharField(max_length=5, choices=Channel)
    address = models.CharField(max_length=254)
    because = models.CharField(max_length=10, choices=Halt)
    stopped_at = models.DateTimeField()
    lifted_at = models.DateTimeField(null=True)
    lifted_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+"
    )
    lifted_because = models.CharField(max_length=8, choices=Mended, blank=True)
    handled_at = models.DateTimeField(null=True)  # somebody called
    handled_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+"
    )

    patient_id: int | None = None  # whose address it is, where that was read

    objects = StopQuerySet.as_manager()

    class Meta:
        verbose_name = _("stopped address")
        verbose_name_plural = _("stopped addresses")
        default_permissions = ("view",)
        constraints = [
            models.UniqueConstraint(
                name="stop_stands_once_for_an_address",
                fields=["user", "channel", "address"],
                condition=Q(lifted_at=None),
            ),
            models.CheckConstraint(
                name="stop_is_lifted_after_it_began",
                condition=Q(lifted_at=None) | Q(lifted_at__gte=F("stopped_at")),
            ),
            models.CheckConstraint(
                name="stop_is_lifted_for_a_reason",
                condition=Q(lifted_at=None, lifted_because="")
                | Q(lifted_at__isnull=False, lifted_because__in=Mended.values),
            ),
            models.CheckConstraint(
                name="stop_is_handled_by_someone",
                condition=Q(handled_at=None, handled_by=None)
                | Q(handled_at__isnull=False, handled_by__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return f"stop {self.pk} of {self.channel}"

    @property
    def shown(self) -> str:
        """The address as people read it: "+1 507-555-0100"."""
        is_number = self.channel == Channel.SMS
        return str(to_python(self.address)) if is_number else self.address
