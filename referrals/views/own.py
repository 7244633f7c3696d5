"""A patient's own referral."""

from __future__ import annotations

from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils import timezone
from django.views.decorators.http import require_safe

from massage_portal.access import SignedInRequest, requires
from massage_portal.audit.record import record
from referrals.codes import Status
from referrals.models import Referral


@requires("referrals.view_own_referral")
@require_safe
def own(request: SignedInRequest, pk: int) -> HttpResponse:
    """Show a patient their referral in plain words."""
    mine = Referral.objects.filter(patient__user=request.user)
    found = get_object_or_404(mine.visible_to(request.user).with_all(), pk=pk)
    record("referral.seen", found, by=request.user, at=timezone.now())
    today = timezone.localdate()
    context = {
        "referral": found,
        "usable": found.status == Status.ACTIVE and found.coverage.until >= today,
        "today": today,
    }
    return render(request, "referrals/own.html", context)
