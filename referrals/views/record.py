"""A new referral, and what is looked up while it is typed."""

from __future__ import annotations

from datetime import datetime, time
from typing import Any
from zoneinfo import ZoneInfo

from django.conf import settings
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_safe

from massage_portal.access import SignedInRequest, requires
from massage_portal.audit.record import record
from referrals import actions, forms
from referrals.models import DiagnosisCode, Patient, Provider
from services.models import Insurer, Precaution

RECORDS = "referrals.record_referral"


@requires(RECORDS)
@require_safe
def diagnoses(request: SignedInRequest) -> HttpResponse:
    """Return the codes that fit what is being typed; the form works without it."""
    typed = request.GET.get("diagnosis", "")[:100]
    matches = DiagnosisCode.objects.matching(typed)[: forms.MATCHES]
    context = {"matches": list(matches), "typed": typed}
    return render(request, "referrals/_matches.html", context)


@requires(RECORDS)
@require_safe
def insurers(request: SignedInRequest) -> HttpResponse:
    """Return the names to propose while one is being typed; the form works without."""
    typed = request.GET.get("insurer", "")[:150]
    found = Insurer.objects.matching(typed)[: forms.MATCHES]
    return render(request, "referrals/_insurers.html", {"insurers": found})


@requires(RECORDS)
@require_http_methods(["GET", "HEAD", "POST"])
def record_referral(request: SignedInRequest, pk: int) -> HttpResponse:
    """Record a referral for one patient."""
    found = get_object_or_404(Patient.objects.visible_to(request.user), pk=pk).kept
    now, today = timezone.now(), timezone.localdate()
    form = forms.RecordReferral(
        request.POST if request.method == "POST" else None,
        today=today,
        precautions=list(Precaution.objects.asked().with_limits()),
    )
    status = 200
    if form.is_valid():
        try:
            referral = actions.record_referral(
                patient=found,
                order=order_of(form.cleaned_data, now=now),
                answers=form.answers(),
                submission=form.cleaned_data["key"],
                by=request.user,
                now=now,
            )
        except actions.OtherBody as refusal:
            form.add_error(None, str(refusal))
            status = 409
        except actions.Refusal as refusal:
            form.add_error(None, str(refusal))
        else:
            return redirect("referrals:referral", referral.pk)
    if form.errors:
        status = max(status, 422) if status != 409 else 409
    record("patient.seen", found, by=request.user, at=now)
    context = {
        "patient": found,
        "form": form,
        "providers": Provider.objects.may_refer(today),
    }
    return render(request, "referrals/record.html", context, status=status)


def order_of(
    checked: dict[str, Any], *, now: datetime, on_record: datetime | None = None
) -> actions.Order:
    """
    Return the order; a referral counts from the start of the day it came in.

    :param on_record: when it was received so far, which stays where the day does.
    """
    zone = ZoneInfo(settings.TIME_ZONE)
    received = datetime.combine(checked["received_on"], time(0, 0), tzinfo=zone)
    if on_record and timezone.localdate(on_record) == checked["received_on"]:
        received = on_record
    return actions.Order(
        provider=checked["npi"],
        diagnosis=checked["code"],
        priority=checked["priority"],
        received_at=min(received, now),
        valid_from=checked["valid_from"],
        valid_until=checked["valid_until"],
        sessions=checked["sessions"],
        interval_days=checked["interval_days"],
        technique=checked["technique"],
        insurer=checked["insurer"],
        reason=checked["reason"],
        goals=checked["goals"],
        other_diagnoses=tuple(checked["other_diagnoses"]),
    )
