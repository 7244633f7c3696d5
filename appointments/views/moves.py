"""A patient asks for another time for a booked visit, or keeps the one they have."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from appointments import actions
from appointments.forms.patient import AskToMove
from appointments.views.deeds import OF_VISIT, shut
from appointments.views.patient import OWN, own_appointment, page_of_shut
from massage_portal.access import SignedInRequest, requires
from massage_portal.audit.record import record


@requires(OWN)
@require_http_methods(["GET", "HEAD", "POST"])
def ask_to_move(request: SignedInRequest, pk: int) -> HttpResponse:
    """Take the wish for another time, after saying that the visit stays booked."""
    found = own_appointment(request, pk)
    now = timezone.now()
    deed = OF_VISIT["move"]
    if why := shut(request, deed, found, now):
        record("appointment.seen", found, by=request.user, at=now)
        up = reverse("appointments:offer", args=[pk])
        return page_of_shut(request, deed.title, why, up=up)
    form = AskToMove(
        request.POST if request.method == "POST" else None,
        initial={"words": found.move_words},
    )
    status = 200
    if form.is_valid():
        words = form.cleaned_data["words"]
        try:
            actions.ask_to_move(
                appointment=found, words=words, by=request.user, now=now
            )
        except actions.NotMovable as refusal:
            form.add_error(None, str(refusal))
            found.refresh_from_db(fields=["status"])
            status = 409
        else:
            messages.success(
                request, _("We look for another time. Until then this visit stays.")
            )
            return redirect("appointments:offer", pk)
    elif form.errors:
        status = 422
    record("appointment.seen", found, by=request.user, at=now)
    context = {"appointment": found, "form": form}
    return render(request, "appointments/patient/move.html", context, status=status)


@requires(OWN)
@require_POST
def keep_time(request: SignedInRequest, pk: int) -> HttpResponse:
    """Take the wish back."""
    found = own_appointment(request, pk)
    try:
        actions.keep_time(appointment=found, by=request.user, now=timezone.now())
    except actions.NotMovable as refusal:
        messages.error(request, str(refusal))
    else:
        messages.success(request, _("You keep this time."))
    return redirect("appointments:offer", pk)
