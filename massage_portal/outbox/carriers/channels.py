"""Which carrier serves which channel."""

from __future__ import annotations

from collections.abc import Callable

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

from massage_portal.outbox.carriers.carrier import Carrier, ServerDown
from massage_portal.outbox.carriers.email import EmailCarrier
from massage_portal.outbox.carriers.sms import SmsCarrier
from massage_portal.outbox.codes import Channel


def serves(channel: Channel) -> bool:
    """Say whether the settings name a way out for the channel."""
    return channel == Channel.EMAIL or settings.SMS_GATEWAY is not None


def carrier_of(
    channel: Channel, meanwhile: Callable[[], None] | None = None
) -> Carrier:
    """
    Return a carrier for one batch; nothing is connected yet.

    :param meanwhile: done while a mail server reads a mail; it must raise nothing.
    :raises ServerDown: if the channel cannot work as it is set up.
    """
    if channel == Channel.SMS:
        if settings.SMS_GATEWAY is None:
            raise ServerDown("SMS_URL is empty")
        return SmsCarrier(settings.SMS_GATEWAY)
    try:
        return EmailCarrier(meanwhile)
    except ImproperlyConfigured as fault:  # anymail's, for a setting it lacks
        raise ServerDown(type(fault).__name__) from fault
