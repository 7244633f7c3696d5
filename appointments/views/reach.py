"""A patient says on the telephone how they want to be reached; staff write it down."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from appointments.views.telephone import CALLS
from massage_portal.access import SignedInRequest, requires
from massage_portal.audit.context import at_the_telephone
from massage_portal.audit.record import record
from massage_portal.outbox import actions
from massage_portal.outbox.codes import Channel
from massage_portal.outbox.models import Preference
from massage_portal.outbox.views import preferences as own
from referrals.models import Patient


def _with_account(request: SignedInRequest, pk: int) -> Patient:
    """Return the patient, who has an account: others are called in any case."""
    visible = Patient.objects.visible_to(request.user).select_related("user")
    return get_object_or_404(visible, pk=pk, user__isnull=False)


@requires(CALLS)
@require_http_methods(["GET", "HEAD", "POST"])
def call_reach(request: SignedInRequest, pk: int) -> HttpResponse:
    """Show how a patient is reached, and change it for them."""
    patient, now = _with_account(request, pk), timezone.now()
    user: Any = patient.user
    with at_the_telephone():
        form, status = own.reach(own.sent(request), user=user, by=request.user, now=now)
    if status == own.DONE:
        if Preference.objects.of(user).asked_number:
            return redirect("appointments:call_code", pk)
        messages.success(request, _("Done, and marked as done by telephone."))
        return redirect("appointments:caller", pk)
    stops = own.stops_of(user)
    mail_is_stopped = any(one.channel == Channel.EMAIL for one in stops)
    more = {"form": form, "stops": stops, "mail_is_stopped": mail_is_stopped}
    return _page(request, patient, "reach", more, status=status, now=now)


@requires(CALLS)
@require_http_methods(["GET", "HEAD", "POST"])
def call_code(request: SignedInRequest, pk: int) -> HttpResponse:
    """Take the code that the patient reads out from their phone."""
    patient, now = _with_account(request, pk), timezone.now()
    user: Any = patient.user
    if not Preference.objects.of(user).asked_number:
        return redirect("appointments:call_reach", pk)
    with at_the_telephone():
        form, status = own.confirm(
            own.sent(request), user=user, by=request.user, now=now
        )
    if status == own.DONE:
        messages.success(request, _("Done, and marked as done by telephone."))
        return redirect("appointments:call_reach", pk)
    more = {"form": form, **own.of_code(user, now=now)}
    return _page(request, patient, "code", more, status=status, now=now)


@requires(CALLS)
@require_POST
def call_code_again(request: SignedInRequest, pk: int) -> HttpResponse:
    """Send the patient another code."""
    patient = _with_account(request, pk)
    with at_the_telephone():
        own.send_again(request, user=patient.user, now=timezone.now())
    return redirect("appointments:call_code", pk)


@requires(CALLS)
@require_POST
def mail_came_back(request: SignedInRequest, pk: int) -> HttpResponse:
    """Stop the patient's email address: a mail to it came back to the clinic."""
    patient = _with_account(request, pk)
    user: Any = patient.user
    actions.stop_by_hand(
        user=user,
        channel=Channel.EMAIL,
        address=user.email,
        by=request.user,
        now=timezone.now(),
    )
    messages.success(request, _("Nothing goes to this address until it is corrected."))
    return redirect("appointments:call_reach", pk)


def _page(
    request: SignedInRequest,
    patient: Patient,
    name: str,
    more: dict[str, Any],
    *,
    status: int,
    now: datetime,
) -> HttpResponse:
    """Answer with a page about the patient, which leaves a trail."""
    record("patient.seen", patient, by=request.user, at=now)
    context = {"patient": patient, **more}
    template = f"appointments/staff/call_{name}.html"
    return render(request, template, context, status=status)
