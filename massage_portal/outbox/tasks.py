"""Celery's part: hand out what has come due. It decides nothing."""

from __future__ import annotations

from typing import Any

from celery import shared_task
from django.utils import timezone

from massage_portal.outbox import actions, sending
from massage_portal.outbox.models import Message

MOST_HANDED_OUT = 10_000  # messages a round
TASK_LASTS = 60  # seconds; what was not taken up by then is handed out again


@shared_task(name="outbox.send_due")
def send_due(**_: Any) -> None:
    """
    Hand out the messages that have come due. Beat runs this every SWEEP_SECONDS.

    A message is a row, not a task with an ETA: the broker gives a task that waits
    longer than its visibility timeout to a second worker, which would send it again,
    and a row can be withdrawn when its visit is cancelled. A task only says that there
    is something to send; which, the rows say. So a task too many does no harm.
    """
    now = timezone.now()
    actions.note_pulse("outbox.send_due", now=now)
    actions.expire(now=now)
    due = Message.objects.due(now)
    free = due.filter(claim=None)[:MOST_HANDED_OUT].count()
    for _number in range(0, free, sending.BATCH):
        send_some.apply_async(expires=TASK_LASTS)
    if due.exclude(claim=None).exists():  # perhaps of a worker that is gone
        send_some.apply_async(expires=TASK_LASTS)


@shared_task(name="outbox.send_some", acks_late=True)
def send_some(**_: Any) -> None:
    """
    Send a batch. If the worker dies, another takes its claim over.

    `**_` lets an old worker accept a task from newer code during a release.
    """
    sending.send_some(clock=timezone.now)
