"""Celery's part: hand out what has come due. It decides nothing."""

from __future__ import annotations

from typing import Any

from celery import shared_task
from django.utils import timezone

from massage_portal.broker import hand_out
from massage_portal.outbox import actions, sending
from massage_portal.outbox.models import Message

MOST_TASKS = 16  # handed out at once; each goes on while more is due
TASK_LASTS = 30  # seconds until one that no worker took up is dropped


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
    free = due.filter(claim=None)[: MOST_TASKS * sending.BATCH].count()
    tasks = -(-free // sending.BATCH)
    if tasks == 0 and due.exists():  # claimed, perhaps by a worker that is gone
        tasks = 1
    for _number in range(tasks):
        if not hand_out(send_some, lasts=TASK_LASTS):
            return


@shared_task(name="outbox.send_some")
def send_some(**_: Any) -> None:
    """
    Send what is due for a while. If the worker dies, another takes its claim over.

    A task that nobody takes up is dropped, for the next rounds hand out others: so no
    number of messages makes a long queue before the other tasks. `**_` lets an old
    worker accept a task from newer code during a release.
    """
    if sending.send_for_a_while(clock=timezone.now):
        hand_out(send_some, lasts=TASK_LASTS)
