"""
The links in mail: each shows what the mail said, and acts only on its button.

Programs that look for harm open links in mail, so opening one changes nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from appointments import actions
from appointments.codes import Ending
from appointments.models import Appointment
from appointments.views.deeds import terms
from appointments.views.patient import how_it_ended, is_over
from massage_portal.access import by_link
from massage_portal.audit.context import by_a_link
from massage_portal.audit.record import record
from massage_portal.tokens import unsign

ANSWERS = {"accept": actions.accept, "decline": actions.decline}
Act = Callable[..., Appointment]
TOLD_FOR = timedelta(days=3)  # what became of an offer, counted from its end


def _of(purpose: str, token: str) -> Appointment | None:
    """
    Return what a link of this purpose is about, as it stands; None for any other text.
    """
    rows = Appointment.objects.with_place().select_related("patient__user", "entry")
    rows = rows.filter(patient__user__is_active=True)
    return rows.as_it_stands(unsign(purpose, token))


def _unknown(request: HttpRequest) -> HttpResponse:
    """Answer every link that does not work alike, whatever the reason."""
    return render(request, "accounts/link_spent.html", status=404)


def _is_old(found: Appointment, now: datetime) -> bool:
    """
    Say whether a link is too old to tell its holder what became of its visit or offer.

    It tells of a visit until its day is over, so that nobody comes in vain.
    """
    if now.astimezone(found.zone).date() > found.local_start.date():
        return True
    if found.booked_at is not None:
        return False
    ended_at = found.ended_at or found.held_until
    return ended_at is not None and now >= ended_at + TOLD_FOR


def _too_old(request: HttpRequest) -> HttpResponse:
    """Show nothing of what an old link was about, and say where to ask."""
    return render(request, "appointments/patient/link_over.html", status=410)


def _done(act: Act, found: Appointment, *, now: datetime) -> str:
    """Do it for the patient; return why not, or ""."""
    try:
        with by_a_link():
            act(appointment=found, by=found.patient.user, now=now)
    except actions.Refusal as refusal:
        return str(refusal)
    return ""


def _shown(
    request: HttpRequest,
    template: str,
    found: Appointment,
    *,
    refusal: str,
    now: datetime,
    **more: Any,
) -> HttpResponse:
    """Show what the link is about as it stands now, and leave a trail of the sight."""
    record("appointment.seen_by_link", found, by=None, at=now)
    found.refresh_from_db()
    context = {
        "appointment": found,
        "open": found.is_open_offer(now),
        "can_change": found.is_booked_ahead(now),
        "over": is_over(found, now),
        "ended": how_it_ended(found, now),
        "refusal": refusal,
        **terms(found, now),
        **more,
    }
    status = 409 if refusal else 200
    page = f"appointments/patient/{template}.html"
    return render(request, page, context, status=status)


@by_link
@require_http_methods(["GET", "HEAD", "POST"])
def answer(request: HttpRequest, token: str) -> HttpResponse:
    """
    Let whoever holds the signed link answer one offer, without signing in.

    It shows no more than the mail did. Every link that does not work gets one answer,
    whatever the reason; an offer that has ended says so for a few days.
    """
    found = _of("offer", token)
    if found is None:
        return _unknown(request)
    now = timezone.now()
    if _is_old(found, now):
        return _too_old(request)
    refusal = ""
    if request.method == "POST" and request.POST.get("answer") in ANSWERS:
        refusal = _done(ANSWERS[request.POST["answer"]], found, now=now)
        if not refusal:
            return redirect("appointments:answer", token)
    kept = found.keeps
    return _shown(request, "answer", found, refusal=refusal, now=now, kept=kept)


def _on_visit(request: HttpRequest, token: str, purpose: str, act: Act) -> HttpResponse:
    """Show the page of a link about a booked visit, and act on its one button."""
    found = _of(purpose, token)
    if found is None:
        return _unknown(request)
    now = timezone.now()
    if _is_old(found, now):
        return _too_old(request)
    refusal = ""
    if request.method == "POST" and request.POST.get("answer") == purpose:
        refusal = _done(act, found, now=now)
        if not refusal:
            return redirect(f"appointments:{purpose}_by_link", token)
    return _shown(request, f"{purpose}_by_link", found, refusal=refusal, now=now)


@by_link
@require_http_methods(["GET", "HEAD", "POST"])
def confirm_by_link(request: HttpRequest, token: str) -> HttpResponse:
    """Let whoever holds the signed link say that the patient will come."""
    return _on_visit(request, token, "confirm", actions.confirm)


@by_link
@require_http_methods(["GET", "HEAD", "POST"])
def cancel_by_link(request: HttpRequest, token: str) -> HttpResponse:
    """Let whoever holds the signed link cancel, after saying what that means."""
    said = request.POST.get("late") == "yes"  # by the page whose button was pressed
    act = partial(actions.cancel, ending=Ending.BY_PATIENT, late_is_known=said)
    return _on_visit(request, token, "cancel", act)
