"""Celery's part: what accounts leave behind. It decides nothing."""

from __future__ import annotations

from typing import Any

from celery import shared_task
from django.core.management import call_command


@shared_task(name="accounts.clear_sessions")
def clear_sessions(**_: Any) -> None:
    """
    Delete the sessions that have ended. Beat runs this every hour.

    A request begun and never sent leaves its answers in one.
    """
    call_command("clearsessions")
