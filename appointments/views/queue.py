"""The queue: who waits, in the order of need, and why each stands there."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe
from django.views.decorators.vary import vary_on_headers

from appointments.explain import sentence
from appointments.models import Policy, Supply, WaitlistEntry
from appointments.models.waitlist import WaitlistEntryQuerySet
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
    ranked = visible.waiting().in_order_of_need(now=now, exponent=exponent)
    page = Paginator(ranked.values("pk"), PAGE).get_page(request.GET.get("page"))
    # Keys are ranked first: only the rows shown are joined with what they show.
    keys: Any = page.object_list  # not read yet: it becomes a part of the next query
    entries = ranked.filter(pk__in=keys).with_patient().with_open_offer(now)
    waiting = _rows(entries, page.start_index(), now, exponent)
    shown = [entry for entry, _rank, _why, _said in waiting]
    context: dict[str, Any] = {
        "page": page,
        "rows": waiting,
        "now": now,
        "today": timezone.localdate(now),
        "marked": request.GET.get("entry", ""),
    }
    partial = request.headers.get("HX-Request") == "true"
    if not partial:
        context |= _above(request, visible, now=now, policy=policy)
        shown += context["to_triage"]
        proposal = context["proposal"]
        if proposal and proposal.entry.pk not in {entry.pk for entry in shown}:
            shown.append(proposal.entry)
    record_all("request.listed", shown, by=request.user, at=now)
    template = "_waiting.html" if partial else "queue.html"
    return render(request, f"appointments/staff/{template}", context)


def _above(
    request: SignedInRequest,
    visible: WaitlistEntryQuerySet,
    *,
    now: datetime,
    policy: Policy,
) -> dict[str, Any]:
    """Return what stands above the line: counts, the next offer, what to triage."""
    asked = visible.to_triage()
    may_offer = request.user.has_perm("appointments.offer_appointment")
    supply = Supply.ahead(now=now, policy=policy)
    return {
        "to_triage": list(asked.with_patient()[:PAGE]),
        "to_triage_count": asked.count(),
        "waiting_count": visible.waiting().count(),
        "proposal": supply.next_proposal() if may_offer else None,
    }


def _rows(
    entries: Any, first: int, now: Any, exponent: float
) -> list[tuple[WaitlistEntry, int, Any, str]]:
    """Return each entry with its rank, its numbers, and its sentence."""
    rows = []
    for rank, entry in enumerate(entries, start=first):
        why = entry.explain(now=now, exponent=exponent)
        rows.append((entry, rank, why, sentence(why)))
    return rows
