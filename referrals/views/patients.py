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
from referrals.finding import as_new
from referrals.models import Patient

RECORDS = "referrals.record_referral"
SHOWN = 30  # patients found


@requires("referrals.view_patient")
@require_http_methods(["GET", "HEAD", "POST"])
def patients(request: SignedInRequest) -> HttpResponse:
    """Find a patient. What is typed is sent by POST: an address must hold no name."""
    typed = request.POST.get("q", "").strip()
    live = bool(request.headers.get("HX-Request"))
    sent = request.method == "POST" and not (live and not typed)  # wiped while typing
    form = forms.FindPatient(request.POST if sent else None)
    found: list[Patient] = []
    more = False
    if form.is_valid():
        found, more = found_by(request, form.cleaned_data["q"])
    context = {
        "form": form,
        "found": found,
        "more": more,
        "q": typed,
    }
    template = "_found.html" if live else "patients.html"
    status = 422 if form.errors else 200
    response = render(request, f"referrals/{template}", context, status=status)
    response["Vary"] = "HX-Request"
    return response


def found_by(request: SignedInRequest, typed: str) -> tuple[list[Patient], bool]:
    """Return the patients found, and whether there are more; each sight is recorded."""
    visible = Patient.objects.visible_to(request.user)
    found = visible.find(typed, most=SHOWN + 1)
    more, found = len(found) > SHOWN, found[:SHOWN]
    record_all("patient.listed", found, by=request.user, at=timezone.now())
    return found, more


@requires(RECORDS)
@require_http_methods(["GET", "HEAD", "POST"])
def add_patient(request: SignedInRequest) -> HttpResponse:
    """Add a patient, after showing those who look like the same person."""
    today = timezone.localdate()
    alike: list[Patient] = []
    form = forms.AddPatient(None, today=today)
    if "q" in request.POST:  # from the search, with what was typed there
        form = forms.AddPatient(None, today=today, initial=as_new(request.POST["q"]))
    elif request.method == "POST":
        form = forms.AddPatient(request.POST, today=today)
        if form.is_valid():
            alike = list(Patient.objects.alike(**_identity(form.cleaned_data))[:5])
        if alike:  # who has the same number is the same one, and cannot be added
            number = form.cleaned_data["record_number"].lower()
            other = all(one.record_number.lower() != number for one in alike)
            form = forms.AddPatient(request.POST, today=today, alike=other)
    if form.is_valid() and form.cleaned_data.get("certain", True):
        checked = {k: v for k, v in form.cleaned_data.items() if k != "certain"}
        try:
            patient = actions.add_patient(
                **checked, by=request.user, now=timezone.now()
            )
        except actions.PatientExists as refusal:
            form.add_error(refusal.field, str(refusal))
        else:
            messages.success(request, _("The patient is added."))
            return redirect("referrals:record", patient.pk)
    elif form.is_bound and "certain" in form.fields:
        form.add_error("certain", _("Look at the patients listed before you add one."))
    record_all("patient.listed", alike, by=request.user, at=timezone.now())
    status = 422 if form.errors else 200
    context = {"form": form, "alike": alike}
    return render(request, "referrals/add_patient.html", context, status=status)


def _identity(checked: dict[str, Any]) -> dict[str, Any]:
    names = ("given_name", "family_name", "birth_date", "record_number")
    return {k: checked[k] for k in names}


@requires("referrals.view_patient")
@require_safe
def patient(request: SignedInRequest, pk: int) -> HttpResponse:
    """Show one patient and their referrals."""
    found = get_object_or_404(
        Patient.objects.visible_to(request.user).select_related("user"), pk=pk
    )
    if found.merged_into_id:
        messages.info(request, _("The record you opened was merged into this one."))
        return redirect("referrals:patient", found.kept.pk)
    record("patient.seen", found, by=request.user, at=timezone.now())
    referrals = found.referrals.select_related("provider", "diagnosis")
    context = {
        "patient": found,
        "referrals": referrals.order_by("-received_at", "pk"),
        "merges": found.merges.open().select_related("merged", "by"),
    }
    return render(request, "referrals/patient.html", context)
