"""The auditor's page: who did and saw what."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta

from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.timezone import override
from django.views.decorators.http import require_safe

from massage_portal.access import SignedInRequest, requires
from massage_portal.audit.context import origin
from massage_portal.audit.forms import Filters
from massage_portal.audit.models import AuditEvent

PAGE = 50


@requires("audit.view_auditevent")
@require_safe
def trail(request: SignedInRequest) -> HttpResponse:
    """List events, newest first; filters lie in the address. Reading is recorded."""
    form = Filters(request.GET)
    events = AuditEvent.objects.order_by("-at", "-pk")
    if form.is_valid():
        asked = form.cleaned_data
        if asked["patient"]:
            events = events.of_patient(asked["patient"])
        if asked["who"]:
            events = events.filter(actor__icontains=asked["who"])
        if asked["what"]:
            events = events.filter(action__istartswith=asked["what"])
        if asked["day"]:
            start = datetime.combine(asked["day"], time(0, 0), tzinfo=UTC)
            events = events.filter(at__gte=start, at__lt=start + timedelta(days=1))
    page = Paginator(events, PAGE).get_page(request.GET.get("page"))
    status = 422 if form.errors else 200
    context = {"page": page, "form": form}
    with override(UTC):
        response = render(request, "audit/trail.html", context, status=status)
    AuditEvent.objects.create(
        at=timezone.now(),
        actor_id=request.user.pk,
        actor=request.user.email,
        action="audit.read",
        record_type="audit.auditevent",
        record_id="",
        patient_id=form.cleaned_data.get("patient") if form.is_valid() else None,
        address=origin.get().address,
        trace=origin.get().trace,
    )
    return response
