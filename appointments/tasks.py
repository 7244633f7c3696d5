"""Celery's part: see what time has changed. It decides nothing."""

from __future__ import annotations

from typing import Any

from celery import shared_task
from django.utils import timezone

from appointments import actions
from appointments.actions.draw_up import draw_up
from appointments.actions.send_draft import send_rest
from appointments.models import Draft
from massage_portal.broker import hand_out


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
    """Tell those whose target, or whose wish, is over. Beat runs this every hour."""
    now = timezone.now()
    actions.tell_of_waits(now=now)
    actions.tell_of_lost_wishes(now=now)


@shared_task(name="appointments.reckon_waits")
def reckon_waits(**_: Any) -> None:
    """Reckon the expected waits anew. Beat runs this four times a day."""
    actions.reckon_waits(now=timezone.now())


@shared_task(name="appointments.draw_up_due")
def draw_up_due(**_: Any) -> None:
    """
    Hand out the plans that are asked for. Beat runs this every SWEEP_SECONDS.

    Most were handed out at once; left are those whose worker died, or that the broker
    never got.
    """
    for pk in Draft.objects.to_draw_up(timezone.now()).values_list("pk", flat=True):
        if not hand_out(draw_up_one, pk=pk):
            return


@shared_task(name="appointments.draw_up")
def draw_up_one(*, pk: int, **_: Any) -> None:
    """Draw up one plan. If the worker dies, its lease runs out and a round retries."""
    draw_up(pk=pk, now=timezone.now(), clock=timezone.now)


def draw_up_soon(pk: int) -> None:
    """Hand a plan out at once; where no broker answers, beat does so later."""
    hand_out(draw_up_one, pk=pk)


@shared_task(name="appointments.send_drafts_due")
def send_drafts_due(**_: Any) -> None:
    """Hand out plans of which offers are left. Beat runs this every SWEEP_SECONDS."""
    for pk in Draft.objects.being_sent(timezone.now()).values_list("pk", flat=True):
        if not hand_out(send_draft_on, pk=pk):
            return


@shared_task(name="appointments.send_draft")
def send_draft_on(*, pk: int, **_: Any) -> None:
    """Send some offers of a plan; what is left is a task of its own."""
    if send_rest(pk=pk, clock=timezone.now):
        send_draft_soon(pk)


def send_draft_soon(pk: int) -> None:
    """Hand on at once what is left of a plan; where no broker answers, beat does so."""
    hand_out(send_draft_on, pk=pk)
