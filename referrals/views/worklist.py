"""The day's list: what is missing of which referral, and the one next step."""

from __future__ import annotations

from datetime import date
from typing import Any

from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_safe

from massage_portal.access import SignedInRequest, requires
from massage_portal.audit.record import record_all
from referrals.codes import Status
from referrals.models import Referral
from referrals.pieces import OPEN_IT, Piece, Work

ROWS = 50
LABELS = {
    Work.CLEARANCE: _("Clearance open"),
    Work.DRAFTS: _("Safety questions open"),
    Work.MISSING: _("Insurer's number missing"),
    Work.EXPIRING: _("Ends soon"),
    Work.UNSIGNED: _("Plan unsigned"),
}


@requires("referrals.view_referral")
@require_safe
def worklist(request: SignedInRequest) -> HttpResponse:
    """List the referrals with work, the most urgent first; or all of a state."""
    today = timezone.localdate()
    visible = Referral.objects.visible_to(request.user)
    state, show = request.GET.get("state", ""), request.GET.get("show", "")
    state = state if state in Status.values else ""
    if show not in [*Work, "all"]:  # an address with a state alone lists all of it
        show = "all" if state else ""
    found = visible.worklist() if show == "all" else visible.with_work(today, _of(show))
    if state:
        found = found.filter(status=state)
    page = Paginator(found.with_pieces(today), ROWS).get_page(request.GET.get("page"))
    page.object_list = list(page.object_list)
    record_all("referral.listed", page.object_list, by=request.user, at=timezone.now())
    counts = visible.count_work(today)
    context = {
        "page": page,
        "rows": [(one, tasks(one, request, today)) for one in page.object_list],
        "show": show,
        "state": state,
        "states": Status.choices,
        "figures": [(one, label, counts[one]) for one, label in LABELS.items()],
    }
    return render(request, "referrals/worklist.html", context)


def _of(show: str) -> Work | None:
    return Work(show) if show else None


def tasks(
    referral: Referral, request: SignedInRequest, today: date
) -> list[dict[str, Any]]:
    """Return what is missing, each with its step: one that this user may take."""
    return [_task(piece, referral, request) for piece in referral.pieces(today)]


def _task(piece: Piece, referral: Referral, request: SignedInRequest) -> dict[str, Any]:
    step = piece.step
    if step.permission and not request.user.has_perm(step.permission):
        step = OPEN_IT
    key = referral.patient_id if step.of_patient else referral.pk
    url = reverse(step.view, args=[key])
    return {"piece": piece, "step": step, "url": url}
