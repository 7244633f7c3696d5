"""The worker and the beat: what runs in the background, and how often."""

from __future__ import annotations

import os
from typing import Any

from celery import Celery
from celery.signals import worker_shutting_down
from kombu.transport.redis import Channel

from massage_portal import ending

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "massage_portal.settings")

app = Celery("massage_portal")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()

# As the broker goes away, kombu 5.7 gives back what is not acknowledged yet over the
# connection that is gone, and the whole worker ends with an AttributeError. No task is
# worth that: each only says that there are rows to look at, and beat says so again.
Channel.do_restore = False


@worker_shutting_down.connect
def end(**_: Any) -> None:
    """Tell the tasks at work that the worker was asked to end: Celery does not."""
    ending.begin()
