"""Celery's part: see what time has changed. It decides nothing."""

from __future__ import annotations

from typing import Any

from celery import shared_task
from django.utils import timezone

from appointments import actions


@shared_task(name="appointments.lapse_offers")
def lapse_offers(**_: Any) -> None:
    """End the offers whose hold is over. Beat runs this every SWEEP_SECONDS."""
    actions.lapse_offers(now=timezone.now())


@shared_task(name="appointments.offer_freed_times")
def offer_freed_times(**_: Any) -> None:
    """Pass freed time on. Beat runs this every SWEEP_SECONDS."""
    actions.offer_freed_times(now=timezone.now())


@shared_task(name="appointments.tell_of_waits")
def tell_of_waits(**_: Any) -> None:
    """Tell those whose target has passed. Beat runs this every hour."""
    actions.tell_of_waits(now=timezone.now())


@shared_task(name="appointments.reckon_waits")
def reckon_waits(**_: Any) -> None:
    """Reckon the expected waits anew. Beat runs this four times a day."""
    actions.reckon_waits(now=timezone.now())
