"""A person moves somebody up or down the line: shown first, then done."""

from __future__ import annotations

from datetime import datetime
from typing import Any, NamedTuple

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from appointments import actions
from appointments.forms.board import read_version
from appointments.forms.staff import SetOverrule
from appointments.models import Policy, WaitlistEntry
from appointments.priority import day_adds
from appointments.views.triage import page, to_row
from massage_portal.access import SignedInRequest, requires

OVERRULES = "appointments.overrule_rank"


class Preview(NamedTuple):
    """Where the entry stands, and where it would stand."""

    rank: int
    new_rank: int
    of: int


@requires(OVERRULES)
@require_http_methods(["GET", "HEAD", "POST"])
def overrule(request: SignedInRequest, pk: int) -> HttpResponse:
    """Show where a target of a person's own would put the entry, and let it count."""
    now = timezone.now()
    entry = _entry(request, pk)
    sent = request.POST if request.method == "POST" else None
    form = SetOverrule(sent, now=now, initial={"version": entry.version})
    preview, status = None, 200
    if form.is_valid() and "preview" in request.POST:
        preview = _preview(entry, form.cleaned_data["target_days"], now=now)
    elif form.is_valid():
        try:
            _overrule(entry, form.cleaned_data, by=request.user, now=now)
        except actions.ChangedMeanwhile as refusal:
            entry.refresh_from_db()
            shown = request.POST.copy()  # what is shown now is what is judged
            shown["version"] = str(entry.version)
            form.data = shown
            form.add_error(None, str(refusal))
            status = 409
        except actions.ChangesNothing as refusal:
            form.add_error("target_days", str(refusal))
        except actions.TooLong as refusal:
            form.add_error("last_day", str(refusal))
        except actions.Refusal as refusal:
            form.add_error(None, str(refusal))
            status = 409
        else:
            messages.success(request, _("Done: the row says who did it, and why."))
            return to_row(entry, now=now)
    status = 422 if form.errors and status == 200 else status
    more = {"overrule_form": form, "preview": preview}
    return page(request, entry, more, now=now, status=status)


@requires(OVERRULES)
@require_POST
def end_overrule(request: SignedInRequest, pk: int) -> HttpResponse:
    """Let the computed target count again."""
    now = timezone.now()
    entry = _entry(request, pk)
    number = read_version(request.POST.get("version", ""))
    try:
        actions.end_overrule(entry=entry, version=number, by=request.user, now=now)
    except actions.Refusal as refusal:
        entry.refresh_from_db()
        messages.error(request, str(refusal))
        return redirect("appointments:triage", pk)
    messages.success(request, _("The computed target counts again."))
    return to_row(entry, now=now)


def _entry(request: SignedInRequest, pk: int) -> WaitlistEntry:
    visible = WaitlistEntry.objects.visible_to(request.user)
    return get_object_or_404(visible.with_patient().with_referral(), pk=pk)


def _overrule(
    entry: WaitlistEntry, checked: dict[str, Any], *, by: Any, now: datetime
) -> None:
    actions.overrule(
        entry=entry,
        target_days=checked["target_days"],
        reason=checked["reason"],
        ends_at=checked["last_day"],
        version=checked["version"],
        by=by,
        now=now,
    )


def _preview(
    entry: WaitlistEntry, target_days: Any, *, now: datetime
) -> Preview | None:
    """Return the ranks before and after; None if the entry does not wait."""
    exponent = float(Policy.objects.in_force(now).harm_exponent)
    why = entry.explain(now=now, exponent=exponent)
    if why is None or not entry.is_waiting:
        return None
    adds = day_adds(
        waited_days=why.waited_days, target_days=float(target_days), exponent=exponent
    )
    line = WaitlistEntry.objects.waiting()
    same: dict[str, Any] = {"now": now, "exponent": exponent}
    return Preview(
        rank=line.before(entry, day_adds=why.day_adds, **same) + 1,
        new_rank=line.before(entry, day_adds=adds, **same) + 1,
        of=line.count(),
    )
