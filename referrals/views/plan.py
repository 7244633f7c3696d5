"""The treatment plan of a referral, as staff see and change it."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from massage_portal.access import SignedInRequest, requires
from massage_portal.audit.record import record
from massage_portal.said import say_saved
from referrals import actions
from referrals.forms.plan import ChangePlan
from referrals.models import Referral
from referrals.views.record import RECORDS


@requires("referrals.view_referral")
@require_http_methods(["GET", "HEAD", "POST"])
def plan(request: SignedInRequest, pk: int) -> HttpResponse:
    """Show every version with its signatures; take a change as a new version."""
    found = get_object_or_404(
        Referral.objects.visible_to(request.user).with_all(), pk=pk
    )
    now = timezone.now()
    may_change = request.user.has_perm(RECORDS)
    if request.method == "POST" and not may_change:
        raise PermissionDenied
    posted = request.POST.copy() if request.method == "POST" else None
    form = ChangePlan(posted, referral=found)
    newer: Referral | None = None
    status = 200
    if form.is_valid():
        said = dict(form.cleaned_data)
        note, seen = said.pop("note"), said.pop("seen")
        change: dict[str, Any] = {"note": note, "seen": seen, "by": request.user}
        change |= {"planned": actions.Planned(**said), "now": now}
        try:
            saved = actions.change_the_plan(referral=found, **change)
        except actions.Refusal as refusal:
            form.add_error(None, str(refusal))
            status = 409
            newer = getattr(refusal, "referral", None)
        else:
            words = _("The plan is saved. Both must sign it.")
            say_saved(request, words, seen=seen, now_at=saved.version)
            return redirect("referrals:plan", found.pk)
    if newer is not None and posted is not None:  # to save it all the same
        posted["seen"] = str(newer.version)
    record("referral.seen", found, by=request.user, at=now)
    open_to_change = may_change and found.is_living
    context = {
        "referral": found,
        "plans": found.plans.newest_first(),
        "form": form if open_to_change or form.errors else None,
        "differences": differences(form, newer) if newer else [],
    }
    status = 422 if form.errors and status == 200 else status
    return render(request, "referrals/plan.html", context, status=status)


def differences(
    form: ChangePlan, newer: Referral
) -> list[tuple[object, object, object]]:
    """Return the fields in which the record and what was typed are not the same."""
    rows = [
        (form.fields[name].label, getattr(newer, name), form.cleaned_data[name])
        for name in ("sessions", "interval_days", "technique", "goals")
    ]
    return [row for row in rows if row[1] != row[2]]
