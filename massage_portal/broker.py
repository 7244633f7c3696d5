"""
Hand a task to the broker without ever waiting long for it.

A task only says that there are rows to look at. So it is tried once, and where the
broker is away or silent that is told in the log and does no harm: beat finds the rows.
"""

from __future__ import annotations

from typing import Any

import structlog
from celery import Task
from django.db import connection
from kombu.exceptions import OperationalError

PATIENCE = 0.75  # seconds to connect, and as many to answer
ONCE = {
    "max_retries": 0,
    "socket_connect_timeout": PATIENCE,
    "socket_timeout": PATIENCE,
}
log = structlog.get_logger(__name__)


def hand_out(task: Task, *, lasts: int | None = None, **words: Any) -> bool:
    """
    Hand a task out; say whether the broker took it.

    It has a connection of its own: one that was kept may be to a broker that is gone,
    and to find that out takes as long as to find that there is none.

    :param lasts: after how many seconds nobody need take it up any more.
    :raises RuntimeError: inside a transaction: a worker would not see its rows, and
        locks would be held while the broker is waited for.
    """
    # As Django asks for `atomic(durable=True)`: what wraps a test does not count.
    around: list[Any] = connection.atomic_blocks
    if any(not block._from_testcase for block in around):
        raise RuntimeError("A task is handed out once its rows are committed.")
    try:
        with task.app.connection_for_write(transport_options=ONCE) as link:
            how: Any = {"connection": link, "retry": False, "expires": lasts}
            task.apply_async(kwargs=words, **how)
    except OperationalError as fault:
        log.warning("no_broker", task=task.name, error=type(fault).__name__)
        return False
    return True
