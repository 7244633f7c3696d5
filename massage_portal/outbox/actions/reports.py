"""Note what a gateway or a mail provider tells of a message that it took."""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from django.contrib.auth import get_user_model
from django.db import transaction
from django.db.models import Q
from django.db.models.functions import Coalesce

from massage_portal.outbox.actions.again import instead
from massage_portal.outbox.actions.stop import stop
from massage_portal.outbox.codes import Channel, Halt
from massage_portal.outbox.models import Message, Preference

UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")


class Outcome(StrEnum):
    """What became of a message."""

    DELIVERED = "delivered"
    RETURNED = "returned"
    UNTOLD = "untold"  # the report is about its address alone


@dataclass(frozen=True)
class Report:
    """
    What is told of one message.

    :param number: the provider's id of it.
    :param message_id: ours, as the provider repeats it; a text that holds it will do.
    :param address: where it went, as the provider writes it.
    :param halt: why this address can be written to no more, if so.
    """

    outcome: Outcome
    number: str = ""
    message_id: str = ""
    address: str = ""
    halt: Halt | None = None


def note_reports(*, channel: Channel, reports: Iterable[Report], now: datetime) -> None:
    """Note each; what is told twice, or of nothing of ours, changes nothing."""
    for report in reports:
        _note(channel, report, now=now)


@transaction.atomic
def _note(channel: Channel, report: Report, *, now: datetime) -> None:
    message = _message(channel, report)
    if message is not None and _is_of_its_way(message, channel, report):
        _mark(message, channel, report, now=now)
    if report.halt is not None and report.address:
        for user in _readers(channel, report.address, message):
            stop(
                user=user,
                channel=channel,
                address=report.address,
                because=report.halt,
                now=now,
            )
    if message is not None and channel == Channel.SMS:
        message.refresh_from_db()
        if message.returned_at is not None:
            instead(message, now=now)


def _message(channel: Channel, report: Report) -> Message | None:
    """Return our row, found by our own id or by the provider's."""
    told = UUID.search(report.message_id.lower())
    ours = Q(pk=None)
    if told is not None:
        ours |= Q(message_id=uuid.UUID(told[0]))
    if report.number:
        ours |= Q(channel=channel, provider_id=report.number)
    locked = Message.objects.select_for_update(of=("self",), no_key=True)
    return locked.filter(ours).select_related("recipient").order_by("pk").first()


def _is_of_its_way(message: Message, channel: Channel, report: Report) -> bool:
    """
    Say whether the report is of the way that the message went.

    A text may be handed over twice, for the first answer was lost, and then go by mail:
    what is told of the ways before says nothing of that.
    """
    if report.outcome == Outcome.UNTOLD:
        return False
    if message.sent_at is None:
        return True
    if message.channel != channel:
        return False
    known = message.provider_id
    other = bool(known and report.number) and known != report.number[:120]
    return channel != Channel.SMS or not other


def _mark(message: Message, channel: Channel, report: Report, *, now: datetime) -> None:
    """
    Note it on the row, which then was sent, even where the sender died before its mark.

    A mail may come back after it was taken, a text may not; nothing is delivered after
    it came back.
    """
    if channel == Channel.SMS and message.delivered_at is not None:
        return
    moments: dict[str, Any] = {"returned_at": Coalesce("returned_at", now)}
    if report.outcome == Outcome.DELIVERED:
        if message.returned_at is not None:
            return
        moments = {"delivered_at": Coalesce("delivered_at", now)}
    if message.sent_at is None:
        moments |= {"sent_at": now, "channel": channel, "claim": None}
        moments |= {"voided_at": None, "failed_at": None, "failed_because": ""}
        # Who claimed it again forgot when it was begun.
        moments["began_at"] = Coalesce("began_at", now)
    if not message.provider_id:
        moments["provider_id"] = report.number[:120]
    Message.objects.filter(pk=message.pk).update(**moments)


def _readers(channel: Channel, address: str, message: Message | None) -> list[Any]:
    """Return who is written to at this address: the reader, and whoever shares it."""
    if channel == Channel.EMAIL:
        users = list(get_user_model()._default_manager.filter(email=address))
    else:
        rows = Preference.objects.with_number(address).select_related("user")
        users = [preference.user for preference in rows]
    reader = message.recipient if message is not None else None
    return users if reader is None or reader in users else [*users, reader]
