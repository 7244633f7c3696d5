"""Two records of one patient are made one, and parted again."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from appointments import actions
from appointments.forms.merge import MergePatients
from massage_portal.access import SignedInRequest, requires
from massage_portal.audit.record import record, record_all
from referrals.actions import NotMergeable, NotPartable
from referrals.forms import FindPatient
from referrals.models import Patient, PatientMerge
from referrals.views.patients import found_by

MERGES = "referrals.merge_patient"


@requires(MERGES)
@require_http_methods(["GET", "HEAD", "POST"])
def merge(request: SignedInRequest, pk: int) -> HttpResponse:
    """Find the other record, compare the two, and merge it into this one."""
    visible = Patient.objects.visible_to(request.user).select_related("user")
    kept = get_object_or_404(visible, pk=pk)
    if kept.merged_into_id:
        return redirect("appointments:merge", kept.kept.pk)
    if "other" not in request.POST:
        return _search(request, kept)
    other = _other(request)
    now = timezone.now()
    sent = request.POST if "reason" in request.POST else None
    form = MergePatients(sent, initial={"other": other.pk})
    status = 200
    if form.is_valid():
        try:
            actions.merge_patients(
                kept=kept,
                merged=other,
                reason=form.cleaned_data["reason"],
                by=request.user,
                now=now,
            )
        except NotMergeable as refusal:
            form.add_error(None, str(refusal))
            status = 409
        else:
            messages.success(request, _("The two records are one now."))
            return redirect("referrals:patient", kept.pk)
    if form.errors and status == 200:
        status = 422
    record_all("patient.seen", [kept, other], by=request.user, at=now)
    context = {"kept": kept, "other": other, "form": form, "rows": _beside(kept, other)}
    return render(request, "appointments/staff/merge.html", context, status=status)


def _search(request: SignedInRequest, kept: Patient) -> HttpResponse:
    """Show the search for the other record, and what it found."""
    form = FindPatient(request.POST if request.method == "POST" else None)
    found: list[Patient] = []
    typed = request.POST.get("q", "").strip()
    if form.is_valid():
        found = found_by(request, form.cleaned_data["q"])[0]
    record("patient.seen", kept, by=request.user, at=timezone.now())
    context = {
        "kept": kept,
        "form": form,
        "q": typed,
        "found": [one for one in found if one.pk != kept.pk],
    }
    status = 422 if form.errors else 200
    template = "appointments/staff/merge_search.html"
    return render(request, template, context, status=status)


def _other(request: SignedInRequest) -> Patient:
    """Return the record that was chosen."""
    visible = Patient.objects.visible_to(request.user).select_related("user")
    with suppress(ValueError, OverflowError):
        return get_object_or_404(visible, pk=int(request.POST["other"][:18]))
    raise Http404


def _beside(kept: Patient, other: Patient) -> list[tuple[Any, Any, Any]]:
    """Return what the two records say: label, the kept one's, the other's."""

    def of(patient: Patient) -> list[Any]:
        return [
            patient.record_number,
            patient.given_name,
            patient.family_name,
            patient.birth_date,
            patient.phone,
            patient.user.email if patient.user else "",
            patient.referrals.count(),
            patient.waitlist_entries.count(),
            patient.appointments.count(),
        ]

    labels = [
        *(_("Record number"), _("Given name"), _("Family name"), _("Date of birth")),
        *(_("Phone number"), _("Email address"), _("Referrals")),
        *(_("Appointment requests"), _("Visits and offers")),
    ]
    return list(zip(labels, of(kept), of(other), strict=True))


@requires(MERGES)
@require_POST
def part(request: SignedInRequest, pk: int) -> HttpResponse:
    """Part two records again."""
    found = get_object_or_404(PatientMerge.objects.select_related("kept"), pk=pk)
    try:
        actions.unmerge(merge=found, by=request.user, now=timezone.now())
    except NotPartable as refusal:
        messages.error(request, str(refusal))
    else:
        messages.success(request, _("The two records are parted again."))
    return redirect("referrals:patient", found.kept.kept.pk)
