"""The therapist's day, and what becomes of each visit."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from appointments import actions
from appointments.codes import HOLDING_TIME, Ending, Status
from appointments.forms.staff import Outcome
from appointments.models import Appointment, Therapist
from massage_portal.access import SignedInRequest, requires_any
from massage_portal.audit.models import AuditEvent
from massage_portal.audit.record import record, record_all

if TYPE_CHECKING:
    from massage_portal.accounts.models import User

MAY_SEE = ("appointments.view_own_day", "appointments.view_appointment")
SHOWN = [*HOLDING_TIME, Status.NOSHOW]


@requires_any(*MAY_SEE)
@require_safe
def day(request: SignedInRequest) -> HttpResponse:
    """Show the visits of one therapist, or of all, on one day."""
    all_days = request.user.has_perm("appointments.view_appointment")
    therapists = Therapist.objects.who_can(None)
    chosen = _chosen(request, therapists) if all_days else None
    own = therapists.filter(user=request.user).first() if not all_days else chosen
    zone = ZoneInfo(own.location.time_zone) if own else timezone.get_default_timezone()
    on = _day(request, today=timezone.localdate(timezone=zone))
    starts = datetime.combine(on, time(0, 0), tzinfo=zone)
    ends = datetime.combine(on + timedelta(days=1), time(0, 0), tzinfo=zone)
    visits = (
        Appointment.objects.visible_to(request.user)
        .filter(status__in=SHOWN, starts_at__gte=starts, starts_at__lt=ends)
        .exclude(status=Status.PROPOSED)
        .with_place()
        .with_precautions()
        .order_by("starts_at", "therapist__user__name", "pk")
    )
    if chosen is not None:
        visits = visits.filter(therapist=chosen)
    shown = list(visits)
    now = timezone.now()
    record_all("appointment.seen", shown, by=request.user, at=now)
    context = {
        "visits": shown,
        "day": on,
        "before": on - timedelta(days=1),
        "after": on + timedelta(days=1),
        "therapists": therapists if all_days else None,
        "chosen": chosen,
        "zone": zone,
        "now": now,
    }
    return render(request, "appointments/staff/day.html", context)


def _chosen(request: SignedInRequest, therapists: object) -> Therapist | None:
    key = request.GET.get("therapist", "")
    return therapists.filter(pk=key).first() if key.isdecimal() else None  # type: ignore[attr-defined]


def _day(request: SignedInRequest, *, today: date) -> date:
    """Return the day in the address; today if there is none or it is no day."""
    try:
        on = date.fromisoformat(request.GET.get("day", ""))
    except ValueError:
        return today
    return on if date(2000, 1, 1) <= on <= date(2100, 1, 1) else today


@requires_any(*MAY_SEE)
@require_http_methods(["GET", "HEAD", "POST"])
def visit(request: SignedInRequest, pk: int) -> HttpResponse:
    """Show one visit with its trail; record what became of it."""
    found = get_object_or_404(
        Appointment.objects.visible_to(request.user).with_place().with_precautions(),
        pk=pk,
    )
    now = timezone.now()
    may_record = request.user.has_perm("appointments.record_visit")
    may_record |= request.user.has_perm("appointments.record_own_visit")
    if request.method == "POST" and not may_record:
        raise PermissionDenied
    may_cancel = request.user.has_perm("appointments.record_visit")
    posted = request.POST if request.method == "POST" else None
    form = Outcome(posted, may_cancel=may_cancel)
    status = 200
    if form.is_valid():
        try:
            _become(found, form.cleaned_data["outcome"], by=request.user, now=now)
        except actions.Refusal as refusal:
            form.add_error(None, str(refusal))
            status = 409
        else:
            messages.success(request, _("Recorded."))
            return redirect("appointments:visit", pk)
    if form.errors and status == 200:
        status = 422
    record("appointment.seen", found, by=request.user, at=now)
    trail = AuditEvent.objects.filter(
        record_type="appointments.appointment", record_id=str(pk)
    ).exclude(change="")
    context = {
        "appointment": found,
        "form": form,
        "may_record": may_record,
        "plan": found.entry.referral.plans.newest_first().first(),
        "begun": found.starts_at <= now,
        "trail": [(one, _moved(one.change)) for one in trail.order_by("at", "pk")],
    }
    return render(request, "appointments/staff/visit.html", context, status=status)


def _become(found: Appointment, outcome: str, *, by: User, now: datetime) -> None:
    """Call the action that the outcome names."""
    if outcome == Ending.BY_CLINIC:
        actions.cancel(appointment=found, ending=Ending.BY_CLINIC, by=by, now=now)
    else:
        actions.record_visit(appointment=found, outcome=Status(outcome), by=by, now=now)


def _moved(change: str) -> str:
    """Return "proposed>booked" as a reader says it: "Offered → Booked"."""
    states = [state for state in change.split(">") if state in Status.values]
    return " → ".join(str(Status(state).label) for state in states) or change
