"""The link in an offer's mail: it shows the offer, and acts only on a button."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from appointments import actions
from appointments.models import Appointment, Policy
from appointments.views.patient import is_over
from massage_portal.access import by_link
from massage_portal.accounts.tokens import unsign
from massage_portal.audit.record import record

ANSWERS = {"accept": actions.accept, "decline": actions.decline}


@by_link
@require_http_methods(["GET", "HEAD", "POST"])
def answer(request: HttpRequest, token: str) -> HttpResponse:
    """
    Let whoever holds the signed link answer one offer, without signing in.

    It shows no more than the mail did. Every link that does not work gets one answer,
    whatever the reason; an offer that has ended says so.
    """
    found = (
        Appointment.objects.with_place()
        .select_related("patient__user")
        .filter(pk=unsign("offer", token), patient__user__is_active=True)
        .first()
    )
    user = found.patient.user if found else None
    if found is None or user is None:
        return render(request, "accounts/link_spent.html", status=404)
    now = timezone.now()
    refusal = ""
    if request.method == "POST" and request.POST.get("answer") in ANSWERS:
        try:
            ANSWERS[request.POST["answer"]](appointment=found, by=user, now=now)
        except actions.Refusal as said:
            refusal = str(said)
        else:
            return redirect("appointments:answer", token)
    record("appointment.seen_by_link", found, by=None, at=now)
    found.refresh_from_db()
    context = {
        "appointment": found,
        "open": found.is_open_offer(now),
        "over": is_over(found, now),
        "refusal": refusal,
        "token": token,
        "kept": found.keeps,
        "policy": Policy.objects.in_force(now),
    }
    status = 409 if refusal else 200
    return render(request, "appointments/patient/answer.html", context, status=status)
