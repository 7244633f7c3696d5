"""The queue: who waits, in the order of need, and why each stands there."""

from __future__ import annotations

from typing import Any

from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe
from django.views.decorators.vary import vary_on_headers

from appointments.explain import sentence
from appointments.models import Policy, Supply, WaitlistEntry
from massage_portal.access import SignedInRequest, requires
from massage_portal.audit.record import record_all

PAGE = 50


@requires("appointments.view_waitlistentry")
@require_safe
@vary_on_headers("HX-Request")  # one URL, two bodies: keep caches from mixing them
def queue(request: SignedInRequest) -> HttpResponse:
    """List requests to triage, then those who wait, the most pressing first."""
    now = timezone.now()
    policy = Policy.objects.in_force(now)
    exponent = float(policy.harm_exponent)
    visible = WaitlistEntry.objects.visible_to(request.user)
    ranked = (
        visible.waiting()
        .in_order_of_need(now=now, exponent=exponent)
        .with_patient()
        .with_open_offer(now)
    )
    page = Paginator(ranked, PAGE).get_page(request.GET.get("page"))
    waiting = _rows(page.object_list, page.start_index(), now, exponent)
    asked = visible.to_triage().with_patient()
    to_triage = list(asked[:PAGE])
    shown = [entry for entry, _rank, _why, _said in waiting]
    record_all("request.listed", [*to_triage, *shown], by=request.user, at=now)
    context = {
        "page": page,
        "rows": waiting,
        "to_triage": to_triage,
        "to_triage_count": asked.count(),
        "waiting_count": page.paginator.count,
        "now": now,
        "marked": request.GET.get("entry", ""),
    }
    partial = request.headers.get("HX-Request") == "true"
    if not partial and request.user.has_perm("appointments.offer_appointment"):
        context["proposal"] = Supply.ahead(now=now, policy=policy).next_proposal()
    template = "_waiting.html" if partial else "queue.html"
    return render(request, f"appointments/staff/{template}", context)


def _rows(
    entries: Any, first: int, now: Any, exponent: float
) -> list[tuple[WaitlistEntry, int, Any, str]]:
    """Return each entry with its rank, its numbers, and its sentence."""
    rows = []
    for rank, entry in enumerate(entries, start=first):
        why = entry.explain(now=now, exponent=exponent)
        rows.append((entry, rank, why, sentence(why)))
    return rows
