"""Celery's part: see what time has changed. It decides nothing."""

from __future__ import annotations

from typing import Any

from celery import shared_task
from django.utils import timezone

from referrals import actions


@shared_task(name="referrals.warn_of_expiry")
def warn_of_expiry(**_: Any) -> None:
    """Warn of referrals that end soon. Beat runs this every hour."""
    actions.warn_of_expiry(now=timezone.now())
