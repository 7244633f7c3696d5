"""What a provider sees: the referrals they sent, and how each patient fares."""

from __future__ import annotations

from typing import Any

from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_http_methods, require_safe

from appointments.faring import (
    SIGNABLE,
    Stage,
    counts,
    fare,
    needing_a_step,
    sent_by,
    visits_of,
    with_visits,
)
from appointments.views.plan import sign
from massage_portal.access import SignedInRequest, requires
from massage_portal.audit.record import record, record_all
from massage_portal.tokens import sign as token
from referrals.codes import Answer
from referrals.forms.plan import SignPlan

SENT = "referrals.view_sent_referral"
ROWS = 50
STEP = "step"
LABELS: dict[str, Any] = {
    STEP: _("Need your next step"),
    Stage.WAITING: _("Not booked yet"),
    Stage.BOOKED: _("Booked"),
    Stage.OVER: _("Over"),
}


@requires(SENT)
@require_safe
def sent(request: SignedInRequest) -> HttpResponse:
    """List what the provider sent, the newest first, each with how it fares."""
    now, today = timezone.now(), timezone.localdate()
    mine = sent_by(request.user, now=now)
    show = request.GET.get("show", "")
    show = show if show in LABELS else ""
    found = mine
    if show == STEP:
        found = mine.filter(needing_a_step(today))
    elif show:
        found = mine.filter(stage=show)
    page = Paginator(with_visits(found), ROWS).get_page(request.GET.get("page"))
    page.object_list = list(page.object_list)
    record_all("referral.listed", page.object_list, by=request.user, at=now)
    number = counts(mine, today=today)
    context = {
        "page": page,
        "rows": [(one, fare(one, now=now)) for one in page.object_list],
        "figures": [(key, label, number[key]) for key, label in LABELS.items()],
        "show": show,
        "now": now,
    }
    return render(request, "appointments/provider/sent.html", context)


@requires(SENT)
@require_http_methods(["GET", "HEAD", "POST"])
def sent_referral(request: SignedInRequest, pk: int) -> HttpResponse:
    """Show one referral to the provider who sent it; take their signature."""
    now, today = timezone.now(), timezone.localdate()
    found = get_object_or_404(with_visits(sent_by(request.user, now=now)), pk=pk)
    posted = request.POST if request.method == "POST" else None
    form = SignPlan(posted)
    status = sign(form, found, request, now=now)
    if status == 302:
        return redirect("appointments:sent_referral", pk)
    visits = visits_of(found)
    record("referral.seen", found, by=request.user, at=now)
    record_all("appointment.seen", visits, by=request.user, at=now)
    plans = list(found.plans.newest_first())
    signable = found.status in SIGNABLE and found.valid_until >= today
    context = {
        "referral": found,
        "fare": fare(found, now=now),
        "renewal": found.renewal and token("renewal", found.renewal),
        "answers": [
            one for one in found.screening_answers.all() if one.answer != Answer.NO
        ],
        "visits": visits,
        "plans": plans,
        "to_sign": bool(plans) and signable and plans[0].provider_signed_at is None,
        "form": form,
        "now": now,
    }
    return render(
        request, "appointments/provider/sent_referral.html", context, status=status
    )
