"""Triage: read one request, and decide."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from appointments import actions
from appointments.board_rows import overruled
from appointments.forms.staff import SetOverrule, Triage
from appointments.line import PAGE
from appointments.models import Policy, WaitlistEntry
from appointments.need import assess
from appointments.priority import DEFAULT_EXPONENT
from appointments.views.availability import can_come
from massage_portal.access import SignedInRequest, requires
from massage_portal.audit.record import record


@requires("appointments.triage_waitlistentry")
@require_http_methods(["GET", "HEAD", "POST"])
def triage(request: SignedInRequest, pk: int) -> HttpResponse:
    """Show one request with all that bears on it, and take the decision."""
    visible = WaitlistEntry.objects.visible_to(request.user)
    entry = get_object_or_404(visible.with_patient().with_referral(), pk=pk)
    now = timezone.now()
    sent = request.POST if request.method == "POST" else None
    form = _form(entry, sent, now=now)
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
    return page(request, entry, {"form": form}, now=now, status=status)


def page(
    request: SignedInRequest,
    entry: WaitlistEntry,
    more: dict[str, Any],
    *,
    now: datetime,
    status: int,
) -> HttpResponse:
    """
    Draw the page of one request, and record it as seen.

    :param more: the form that was sent, with what became of it.
    """
    record("request.seen", entry, by=request.user, at=now)
    overrule = entry.overrule_on(now)
    context = _context(entry) | {
        "triage_form": more.get("form") or _form(entry, None, now=now),
        "form": more.get("form") or more.get("overrule_form"),  # whose faults are told
        "why": entry.explain(now=now, exponent=DEFAULT_EXPONENT),
        "overrule": overrule,
        "overruled": overruled(overrule) if overrule else "",
    }
    if entry.is_waiting:
        empty = SetOverrule(None, now=now, initial={"version": entry.version})
        context["overrule_form"] = empty
    context |= more
    return render(request, "appointments/staff/triage.html", context, status=status)


def _form(entry: WaitlistEntry, sent: Any, *, now: datetime) -> Triage:
    initial = {"version": entry.version, "category": entry.category_id}
    return Triage(sent, entry=entry, initial=initial, now=now)


def _context(entry: WaitlistEntry) -> dict[str, Any]:
    """Return all that bears on the decision."""
    report = entry.need_reports.order_by("-reported_at", "-pk").first()
    return {
        "entry": entry,
        "report": report,
        "need": _parts(report),
        "can_come": can_come(entry),
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
    of = WaitlistEntry.objects.waiting().count()
    place = {"place": _before(entry, now=now) + 1, "of": of}
    messages.success(
        request, _("Accepted: now number %(place)d of %(of)d in the queue.") % place
    )
    return to_row(entry, now=now)


def to_row(entry: WaitlistEntry, *, now: datetime) -> HttpResponse:
    """Lead to the row of the entry, on the page of the queue where it stands now."""
    number = _before(entry, now=now) // PAGE + 1
    return redirect(
        f"{reverse('appointments:queue')}?page={number}&entry={entry.pk}"
        f"#entry-{entry.pk}"
    )


def _before(entry: WaitlistEntry, *, now: datetime) -> int:
    """Return how many stand before the entry on the board, ended referrals and all."""
    exponent = float(Policy.objects.in_force(now).harm_exponent)
    why = entry.explain(now=now, exponent=exponent)
    adds = why.day_adds if why else 0.0
    line = WaitlistEntry.objects.all()
    return line.before(entry, day_adds=adds, now=now, exponent=exponent)


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
