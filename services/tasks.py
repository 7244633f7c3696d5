"""Celery's part: publish what time has come for. It decides nothing."""

from __future__ import annotations

from typing import Any

from celery import shared_task
from django.utils import timezone

from services import actions


@shared_task(name="services.publish_due")
def publish_due(**_: Any) -> None:
    """Publish the approved texts that are due. Beat runs this every SWEEP_SECONDS."""
    actions.publish_due(now=timezone.now())
