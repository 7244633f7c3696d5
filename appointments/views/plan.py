"""The treatment plan, as those who give the treatment read and sign it."""

from __future__ import annotations

from datetime import datetime

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from appointments.codes import TAKING_THE_ENTRY
from appointments.models import Appointment
from massage_portal.access import SignedInRequest, requires
from massage_portal.audit.record import record
from referrals import actions
from referrals.forms.plan import SignPlan
from referrals.models import Referral


@requires("referrals.sign_plan")
@require_http_methods(["GET", "HEAD", "POST"])
def plan(request: SignedInRequest, pk: int) -> HttpResponse:
    """Show the plan behind a visit to its therapist, and take their signature."""
    mine = Appointment.objects.visible_to(request.user).with_place().with_precautions()
    found = get_object_or_404(
        mine.filter(therapist__user=request.user, status__in=TAKING_THE_ENTRY), pk=pk
    )
    now = timezone.now()
    referral = found.entry.referral
    form = SignPlan(request.POST if request.method == "POST" else None)
    status = sign(form, referral, request, now=now)
    if status == 302:
        return redirect("appointments:visit", pk)
    record("referral.seen", referral, by=request.user, at=now)
    plans = list(referral.plans.newest_first())
    signable = bool(plans) and referral.is_living
    context = {
        "appointment": found,
        "referral": referral,
        "plans": plans,
        "to_sign": signable and plans[0].therapist_signed_at is None,
        "form": form,
    }
    return render(request, "appointments/staff/plan.html", context, status=status)


def sign(
    form: SignPlan, referral: Referral, request: SignedInRequest, *, now: datetime
) -> int:
    """Sign the version that the form names; return the status of the answer."""
    if not form.is_valid():
        return 422 if form.errors else 200
    number = form.cleaned_data["number"]
    read = get_object_or_404(referral.plans.all(), number=number)
    try:
        actions.sign_plan(plan=read, by=request.user, now=now)
    except actions.Refusal as refusal:
        form.add_error(None, str(refusal))
        return 409
    messages.success(request, _("You have signed the plan."))
    return 302
