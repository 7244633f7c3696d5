"""Celery's part: hand out what has come due. It decides nothing."""

from __future__ import annotations

from typing import Any

from celery import shared_task
from django.utils import timezone

from massage_portal.outbox import actions
from massage_portal.outbox.models import Message


@shared_task(name="outbox.send_due")
def send_due(**_: Any) -> None:
    """
    Hand out the messages that have come due. Beat runs this every SWEEP_SECONDS.

    A message is a row, not a task with an ETA: the broker gives a task that waits
    longer than its visibility timeout to a second worker, which would send it again,
    and a row can be withdrawn when its visit is cancelled.
    """
    due = Message.objects.due(timezone.now()).order_by("due_at")
    for pk in due.values_list("pk", flat=True)[:5000]:
        send.delay(pk=pk)


@shared_task(name="outbox.send", acks_late=True)
def send(*, pk: int, **_: Any) -> None:
    """
    Send one message. If the worker dies, its lease runs out and the next round retries.

    `**_` lets an old worker accept a task from newer code during a release.
    """
    actions.send(pk=pk, now=timezone.now())
