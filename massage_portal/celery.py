"""The worker and the beat: what runs in the background, and how often."""

from __future__ import annotations

import os

from celery import Celery
from kombu.transport.redis import Channel

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "massage_portal.settings")

app = Celery("massage_portal")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()

# As the broker goes away, kombu 5.7 gives back what is not acknowledged yet over the
# connection that is gone, and the whole worker ends with an AttributeError. No task is
# worth that: each only says that there are rows to look at, and beat says so again.
Channel.do_restore = False
