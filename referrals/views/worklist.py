"""The staff's list of referrals."""

from __future__ import annotations

from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from massage_portal.access import SignedInRequest, requires
from massage_portal.audit.record import record_all
from referrals.codes import Status
from referrals.models import Referral


@requires("referrals.view_referral")
@require_safe
def worklist(request: SignedInRequest) -> HttpResponse:
    """List referrals, those on hold first, then the newest."""
    state = request.GET.get("state", "")
    found = Referral.objects.visible_to(request.user).worklist()
    if state in Status.values:
        found = found.filter(status=state)
    page = Paginator(found, 50).get_page(request.GET.get("page"))
    record_all("referral.listed", page.object_list, by=request.user, at=timezone.now())
    context = {"page": page, "state": state, "states": Status.choices}
    return render(request, "referrals/worklist.html", context)
