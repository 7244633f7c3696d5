"""Offers: give free time to a patient, and see which offers are out."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import (
    require_http_methods,
    require_POST,
    require_safe,
)

from appointments import actions
from appointments.forms.staff import Propose
from appointments.models import Appointment, Policy, Supply, Therapist, WaitlistEntry
from appointments.openings import Opening
from massage_portal.access import SignedInRequest, requires
from massage_portal.audit.record import record, record_all

CHOICES = 8


@requires("appointments.offer_appointment")
@require_http_methods(["GET", "HEAD", "POST"])
def propose(request: SignedInRequest, pk: int) -> HttpResponse:
    """Show the best openings for one patient; send an offer, or book at once."""
    visible = WaitlistEntry.objects.visible_to(request.user)
    entry = get_object_or_404(visible.with_patient().with_referral(), pk=pk)
    now = timezone.now()
    policy = Policy.objects.in_force(now)
    supply = Supply.ahead(now=now, policy=policy)
    form = Propose(request.POST if request.method == "POST" else None)
    refusal, status = "", 200
    if form.is_valid():
        therapist, starts_at = form.cleaned_data["opening"]
        technique = entry.referral.technique
        opening = supply.at(technique, therapist=therapist, starts_at=starts_at)
        give = actions.book if form.cleaned_data["how"] == "book" else actions.offer
        try:
            if opening is None:
                raise actions.TimeTaken(_("That time is not free any more."))
            made = give(entry=entry, opening=opening, by=request.user, now=now)
        except actions.Refusal as said:
            refusal, status = str(said), 409
            supply = Supply.ahead(now=now, policy=policy)
        else:
            _say(request, made)
            return redirect("appointments:queue")
    elif form.errors:
        refusal, status = _("Choose one of the times shown."), 422
    record("request.seen", entry, by=request.user, at=now)
    openings = supply.for_entry(entry, most=CHOICES) if entry.is_waiting else []
    context = {
        "entry": entry,
        "why": entry.explain(now=now, exponent=float(policy.harm_exponent)),
        "rows": _rows(openings, supply, entry),
        "refusal": refusal,
        "policy": policy,
        "offer": entry.appointments.offers_open(now).with_place().first(),
    }
    return render(request, "appointments/staff/propose.html", context, status=status)


def _rows(
    openings: list[Opening], supply: Supply, entry: WaitlistEntry
) -> list[dict[str, Any]]:
    """Return each opening with its therapist, and who in greater need could use it."""
    names = {
        one.pk: one for one in Therapist.objects.select_related("user", "location")
    }
    return [
        {
            "opening": opening,
            "therapist": names[opening.therapist],
            "value": f"{opening.therapist},{opening.starts_at.isoformat()}",
            "before": supply.rank_before(entry, opening),
        }
        for opening in openings
    ]


def _say(request: SignedInRequest, made: Appointment) -> None:
    when = f"{made.local_start:%Y-%m-%d %H:%M %Z}"
    if made.status == "booked":
        messages.success(request, _("Booked for %(when)s.") % {"when": when})
    else:
        messages.success(
            request,
            _("Offer sent for %(when)s. The time is held until it is answered.")
            % {"when": when},
        )


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
        )[:50]
    )
    record_all("appointment.listed", [*open_offers, *ended], by=request.user, at=now)
    context = {"open_offers": open_offers, "ended": ended, "now": now}
    return render(request, "appointments/staff/offers.html", context)


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
