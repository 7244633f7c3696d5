"""Pages of referrals: staff record them, patients read their own."""

from __future__ import annotations

from datetime import datetime, time
from typing import Any
from zoneinfo import ZoneInfo

from django.conf import settings
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from massage_portal.access import SignedInRequest, requires
from massage_portal.audit.record import record, record_all
from referrals import actions, forms
from referrals.codes import Status
from referrals.models import DiagnosisCode, Patient, Provider, Referral
from referrals.screening import Outcome, outcome
from services.models import Insurer, Precaution

RECORDS = "referrals.record_referral"
SHOWN = 30  # patients found


@requires("referrals.view_referral")
@require_safe
def worklist(request: SignedInRequest) -> HttpResponse:
    """List referrals, those on hold first, then the newest."""
    state = request.GET.get("state", "")
    found = Referral.objects.visible_to(request.user).worklist()
    if state in Status.values:
        found = found.filter(status=state)
    page = Paginator(found, 50).get_page(request.GET.get("page"))
    record_all("referral.listed", page.object_list, by=request.user, at=timezone.now())
    context = {"page": page, "state": state, "states": Status.choices}
    return render(request, "referrals/worklist.html", context)


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
    found = get_object_or_404(Patient.objects.visible_to(request.user), pk=pk)
    now, today = timezone.now(), timezone.localdate()
    form = forms.RecordReferral(
        request.POST if request.method == "POST" else None,
        today=today,
        precautions=list(Precaution.objects.asked()),
    )
    status = 200
    if form.is_valid():
        try:
            referral = actions.record_referral(
                patient=found,
                order=_order(form.cleaned_data, now=now),
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
        "providers": Provider.objects.may_refer(),
    }
    return render(request, "referrals/record.html", context, status=status)


def _order(checked: dict[str, Any], *, now: datetime) -> actions.Order:
    """Return the order; a referral counts from the start of the day it came in."""
    zone = ZoneInfo(settings.TIME_ZONE)
    received = datetime.combine(checked["received_on"], time(0, 0), tzinfo=zone)
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
    )


@requires("referrals.view_referral")
@require_http_methods(["GET", "HEAD", "POST"])
def referral(request: SignedInRequest, pk: int) -> HttpResponse:
    """Show one referral and its next step; take a clearance."""
    found = get_object_or_404(
        Referral.objects.visible_to(request.user).with_all(), pk=pk
    )
    now = timezone.now()
    may_record = request.user.has_perm(RECORDS)
    if request.method == "POST" and not may_record:
        raise PermissionDenied
    posted = request.POST if request.method == "POST" else None
    form = forms.Clear(posted, today=timezone.localdate())
    if form.is_valid():
        try:
            actions.record_clearance(
                referral=found, **form.cleaned_data, by=request.user, now=now
            )
        except actions.NotClearable as refusal:
            form.add_error(None, str(refusal))
        else:
            messages.success(request, _("The clearance is recorded."))
            return redirect("referrals:referral", found.pk)
    record("referral.seen", found, by=request.user, at=now)
    answers = [(a.meaning, a.answer) for a in found.screening_answers.all()]
    on_hold = found.status == Status.ON_HOLD
    context = {
        "referral": found,
        "stop": on_hold and outcome(answers) == Outcome.STOP,
        "form": form if on_hold and may_record else None,
    }
    status = 422 if form.errors else 200
    return render(request, "referrals/referral.html", context, status=status)


@requires("referrals.view_own_referral")
@require_safe
def own(request: SignedInRequest, pk: int) -> HttpResponse:
    """Show a patient their referral in plain words."""
    mine = Referral.objects.filter(patient__user=request.user)
    found = get_object_or_404(mine.visible_to(request.user).with_all(), pk=pk)
    record("referral.seen", found, by=request.user, at=timezone.now())
    today = timezone.localdate()
    context = {
        "referral": found,
        "usable": found.status == Status.ACTIVE and found.valid_until >= today,
        "today": today,
    }
    return render(request, "referrals/own.html", context)
