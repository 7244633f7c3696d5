"""Canceled visits: who canceled, when, and whether somebody else had the time."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.core.paginator import Paginator
from django.db.models import QuerySet
from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from appointments.codes import Ending
from appointments.forms.canceled import Canceled
from appointments.models import Appointment
from appointments.models.freed import filled_again
from massage_portal import spreadsheet
from massage_portal.access import SignedInRequest, requires
from massage_portal.audit.record import record_all

SEES = "appointments.view_appointment"
ROWS = 50
MOST_IN_A_FILE = 5_000


@requires(SEES)
@require_safe
def canceled(request: SignedInRequest) -> HttpResponse:
    """List canceled visits, the newest first."""
    now = timezone.now()
    form = _form(request)
    page = Paginator(_found(request, form, now=now), ROWS)
    shown = page.get_page(request.GET.get("page"))
    record_all("appointment.listed", shown.object_list, by=request.user, at=now)
    context = {"filters": form, "page": shown, "query": request.GET.urlencode()}
    return render(request, "appointments/staff/canceled.html", context)


@requires(SEES)
@require_safe
def canceled_file(request: SignedInRequest) -> HttpResponse:
    """Send the same list as CSV; patients stand by their record numbers."""
    now = timezone.now()
    rows = list(_found(request, _form(request), now=now)[:MOST_IN_A_FILE])
    record_all("appointment.listed", rows, by=request.user, at=now)
    heads = [
        *(_("Patient"), _("Time"), _("Therapist"), _("Canceled by"), _("Canceled")),
        *(_("Late"), _("Given to somebody else")),
    ]
    table = [
        [
            one.patient.record_number,
            one.local_start.isoformat(timespec="minutes"),
            str(one.therapist),
            one.get_ending_display(),
            one.ended_at.astimezone(one.zone).isoformat(timespec="minutes"),
            _("yes") if one.late else _("no"),
            one.again.astimezone(one.zone).isoformat(timespec="minutes")
            if one.again
            else "",
        ]
        for one in rows
    ]
    answer = HttpResponse(
        spreadsheet.written([heads, *table]), content_type="text/csv; charset=utf-8"
    )
    name = f"canceled-{timezone.localdate(now):%Y-%m-%d}.csv"
    answer["Content-Disposition"] = f'attachment; filename="{name}"'
    return answer


def _form(request: SignedInRequest) -> Canceled:
    values = {"period": "30"} | request.GET.dict()
    return Canceled(values)


def _found(
    request: SignedInRequest, form: Canceled, *, now: datetime
) -> QuerySet[Any, Any]:
    """Return the visits that the address asks for."""
    mine = Appointment.objects.visible_to(request.user).ever_booked()
    who = form.said("who")
    rows = mine.filter(
        ending__in=[who] if who else [Ending.BY_PATIENT, Ending.BY_CLINIC],
        ended_at__gt=form.since(now),
        ended_at__lte=now,
    )
    found = filled_again(rows.with_place())
    if refilled := form.said("refilled"):
        found = found.filter(again__isnull=refilled == "no")
    return found.order_by("-ended_at", "-pk")
