"""Triage: read one request, and decide."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from appointments import actions
from appointments.explain import availability
from appointments.forms.staff import Triage
from appointments.models import Policy, WaitlistEntry
from appointments.need import assess
from massage_portal.access import SignedInRequest, requires
from massage_portal.audit.record import record


@requires("appointments.triage_waitlistentry")
@require_http_methods(["GET", "HEAD", "POST"])
def triage(request: SignedInRequest, pk: int) -> HttpResponse:
    """Show one request with all that bears on it, and take the decision."""
    visible = WaitlistEntry.objects.visible_to(request.user)
    entry = get_object_or_404(visible.with_patient().with_referral(), pk=pk)
    now = timezone.now()
    initial = {"version": entry.version, "category": entry.category_id}
    form = Triage(request.POST if request.method == "POST" else None, initial=initial)
    status = 200
    if form.is_valid():
        try:
            _decide(entry, form.cleaned_data, by=request.user, now=now)
        except actions.ChangedMeanwhile as refusal:
            entry.refresh_from_db()
            shown_now = request.POST.copy()  # what is shown now is what is judged
            shown_now["version"] = str(entry.version)
            form.data = shown_now
            form.add_error(None, str(refusal))
            status = 409
        except actions.Refusal as refusal:
            form.add_error(None, str(refusal))
            status = 409
        else:
            return _done(request, entry, now=now)
    if form.errors and status == 200:
        status = 422
    record("request.seen", entry, by=request.user, at=now)
    context = _context(entry) | {"form": form}
    return render(request, "appointments/staff/triage.html", context, status=status)


def _context(entry: WaitlistEntry) -> dict[str, Any]:
    """Return all that bears on the decision."""
    report = entry.need_reports.order_by("-reported_at", "-pk").first()
    return {
        "entry": entry,
        "report": report,
        "need": _parts(report),
        "can_come": availability(
            weekdays=entry.weekdays,
            from_time=entry.from_time,
            to_time=entry.to_time,
            earliest=entry.earliest,
            latest=entry.latest,
        ),
        "answers": entry.referral.screening_answers.newest_round().exclude(answer="no"),
    }


def _decide(
    entry: WaitlistEntry, checked: dict[str, Any], *, by: Any, now: Any
) -> None:
    """Call the action that the decision names."""
    same: dict[str, Any] = {"version": checked["version"], "by": by, "now": now}
    if checked["decision"] == "accept":
        actions.triage(entry=entry, category=checked["category"], **same)
    elif checked["decision"] == "ask":
        actions.ask_information(entry=entry, question=checked["words"], **same)
    else:
        actions.reject(entry=entry, reason=checked["words"], **same)


def _done(request: SignedInRequest, entry: WaitlistEntry, *, now: Any) -> HttpResponse:
    """Go back to the queue, and say where the entry stands now."""
    entry.refresh_from_db()
    if entry.status != "accepted":
        messages.success(request, _("The patient will be told by email."))
        return redirect("appointments:queue")
    exponent = float(Policy.objects.in_force(now).harm_exponent)
    ahead = WaitlistEntry.objects.ahead_of(entry, now=now, exponent=exponent)
    of = WaitlistEntry.objects.waiting().count()
    place = {"place": ahead + 1, "of": of}
    messages.success(
        request, _("Accepted: now number %(place)d of %(of)d in the queue.") % place
    )
    page = ahead // 50 + 1
    return redirect(
        f"{reverse('appointments:queue')}?page={page}&entry={entry.pk}#entry-{entry.pk}"
    )


def _parts(report: Any) -> Any:
    """Return the need behind a report, with its parts."""
    if report is None:
        return None
    return assess(
        pain=report.pain,
        enjoyment=report.enjoyment,
        activity=report.activity,
        role_threat=report.role_threat,
        sleep=report.sleep,
    )
