"""Which offers are out, which have ended, and who is to be called about theirs."""

from __future__ import annotations

from datetime import timedelta

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from appointments import actions
from appointments.models import Appointment, Policy, WaitlistEntry
from massage_portal.access import SignedInRequest, requires
from massage_portal.audit.record import record_all

MOST_SHOWN = 50


@requires("appointments.view_appointment")
@require_safe
def offers(request: SignedInRequest) -> HttpResponse:
    """List open offers, and those that ended in the past week."""
    now = timezone.now()
    visible = Appointment.objects.visible_to(request.user).with_place()
    open_offers = list(visible.offers_open(now).order_by("held_until", "pk"))
    ended = list(
        visible.filter(ended_at__gte=now - timedelta(days=7)).order_by(
            "-ended_at", "-pk"
        )[:MOST_SHOWN]
    )
    record_all("appointment.listed", [*open_offers, *ended], by=request.user, at=now)
    to_move = list(visible.to_move(now).with_open_move(now))
    record_all("appointment.listed", to_move, by=request.user, at=now)
    policy = Policy.objects.in_force(now)
    waiting = WaitlistEntry.objects.visible_to(request.user).waiting()
    to_call = list(
        waiting.to_call(most_missed=policy.most_missed)
        .with_offers_not_taken()
        .select_related("patient")
        .order_by("received_at", "pk")[:MOST_SHOWN]
    )
    record_all("request.listed", to_call, by=request.user, at=now)
    context = {
        "open_offers": open_offers,
        "ended": ended,
        "now": now,
        "to_move": to_move,
        "to_call": to_call,
    }
    return render(request, "appointments/staff/offers.html", context)


@requires("appointments.offer_appointment")
@require_POST
def called(request: SignedInRequest, pk: int) -> HttpResponse:
    """Record that a patient was called; pressed twice, it is one call."""
    visible = WaitlistEntry.objects.visible_to(request.user)
    entry = get_object_or_404(visible, pk=pk)
    actions.record_call(entry=entry, by=request.user, now=timezone.now())
    messages.success(
        request, _("Recorded. Freed times are offered to this patient again.")
    )
    return redirect("appointments:offers")


@requires("appointments.offer_appointment")
@require_POST
def withdraw_offer(request: SignedInRequest, pk: int) -> HttpResponse:
    """Take an unanswered offer back."""
    visible = Appointment.objects.visible_to(request.user)
    found = get_object_or_404(visible, pk=pk)
    try:
        actions.withdraw_offer(appointment=found, by=request.user, now=timezone.now())
    except actions.OfferGone as refusal:
        messages.error(request, str(refusal))
    else:
        messages.success(request, _("The offer is taken back; the patient waits on."))
    return redirect("appointments:offers")
