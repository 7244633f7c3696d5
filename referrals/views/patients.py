"""Patients: found, added, seen."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from massage_portal.access import SignedInRequest, requires
from massage_portal.audit.record import record, record_all
from referrals import actions, forms
from referrals.models import Patient

RECORDS = "referrals.record_referral"
SHOWN = 30  # patients found


@requires("referrals.view_patient")
@require_safe
def patients(request: SignedInRequest) -> HttpResponse:
    """Find a patient by name, record number or date of birth."""
    form = forms.FindPatient(request.GET)
    found: list[Patient] = []
    more = False
    if form.is_valid() and form.cleaned_data["q"]:
        visible = Patient.objects.visible_to(request.user)
        found = list(visible.matching(form.cleaned_data["q"])[: SHOWN + 1])
        more, found = len(found) > SHOWN, found[:SHOWN]
        record_all("patient.listed", found, by=request.user, at=timezone.now())
    context = {
        "form": form,
        "found": found,
        "more": more,
        "q": request.GET.get("q", "").strip(),
    }
    template = "_found.html" if request.headers.get("HX-Request") else "patients.html"
    status = 422 if form.errors else 200
    response = render(request, f"referrals/{template}", context, status=status)
    response["Vary"] = "HX-Request"
    return response


@requires(RECORDS)
@require_http_methods(["GET", "HEAD", "POST"])
def add_patient(request: SignedInRequest) -> HttpResponse:
    """Add a patient, after showing those who look like the same person."""
    today = timezone.localdate()
    alike: list[Patient] = []
    form = forms.AddPatient(None, today=today)
    if request.method == "POST":
        form = forms.AddPatient(request.POST, today=today)
        if form.is_valid():
            alike = list(Patient.objects.alike(**_identity(form.cleaned_data))[:5])
        if alike:
            form = forms.AddPatient(request.POST, today=today, alike=True)
    if form.is_valid() and (not alike or form.cleaned_data["certain"]):
        checked = {k: v for k, v in form.cleaned_data.items() if k != "certain"}
        try:
            patient = actions.add_patient(
                **checked, by=request.user, now=timezone.now()
            )
        except actions.PatientExists as refusal:
            form.add_error(refusal.field, str(refusal))
        else:
            messages.success(request, _("The patient is added."))
            return redirect("referrals:patient", patient.pk)
    elif alike:
        form.add_error("certain", _("Look at the patients listed before you add one."))
    record_all("patient.listed", alike, by=request.user, at=timezone.now())
    status = 422 if form.errors else 200
    context = {"form": form, "alike": alike}
    return render(request, "referrals/add_patient.html", context, status=status)


def _identity(checked: dict[str, Any]) -> dict[str, Any]:
    return {k: checked[k] for k in ("given_name", "family_name", "birth_date")}


@requires("referrals.view_patient")
@require_safe
def patient(request: SignedInRequest, pk: int) -> HttpResponse:
    """Show one patient and their referrals."""
    found = get_object_or_404(
        Patient.objects.visible_to(request.user).select_related("user"), pk=pk
    )
    record("patient.seen", found, by=request.user, at=timezone.now())
    referrals = found.referrals.select_related("provider", "diagnosis")
    context = {"patient": found, "referrals": referrals.order_by("-received_at", "pk")}
    return render(request, "referrals/patient.html", context)
