"""A patient's record is put right; a fresh link is sent."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from massage_portal.access import SignedInRequest, requires
from massage_portal.audit.record import record
from massage_portal.said import say_saved
from referrals import actions, forms
from referrals.models import Patient
from referrals.views.correct import Difference
from referrals.views.patients import RECORDS


@requires(RECORDS)
@require_http_methods(["GET", "HEAD", "POST"])
def edit_patient(request: SignedInRequest, pk: int) -> HttpResponse:
    """Put a patient right; who saves second is told what the first one changed."""
    visible = Patient.objects.visible_to(request.user)
    found = get_object_or_404(visible.select_related("user"), pk=pk).kept
    now, today = timezone.now(), timezone.localdate()
    posted = request.POST.copy()
    sent = posted if request.method == "POST" else None
    form = forms.EditPatient(sent, patient=found, today=today)
    differences: list[Difference] = []
    status = 200
    if form.is_valid():
        details = actions.Details(**_details(form.cleaned_data))
        try:
            saved = actions.correct_patient(
                patient=found,
                details=details,
                seen=form.cleaned_data["seen"],
                by=request.user,
                now=now,
            )
        except actions.PatientChanged as refusal:
            form.add_error(None, str(refusal))
            on_record = actions.details_of(refusal.patient)
            differences = _differences(form, on_record, details)
            posted["seen"] = str(refusal.patient.version)  # to save it all the same
            status = 409
        except actions.PatientExists as refusal:
            form.add_error(refusal.field, str(refusal))
        except actions.AddressNeeded as refusal:
            form.add_error("email", str(refusal))
        else:
            words, seen = _said(found, saved), form.cleaned_data["seen"]
            say_saved(request, words, seen=seen, now_at=saved.version)
            return redirect("referrals:patient", found.pk)
    if form.errors and status == 200:
        status = 422
    record("patient.seen", found, by=request.user, at=now)
    context = {"patient": found, "form": form, "differences": differences}
    return render(request, "referrals/edit_patient.html", context, status=status)


def _details(checked: dict[str, Any]) -> dict[str, Any]:
    details = {k: v for k, v in checked.items() if k != "seen"}
    return details | {"phone": str(details["phone"] or "")}


def _differences(
    form: forms.EditPatient, on_record: actions.Details, typed: actions.Details
) -> list[Difference]:
    """Return the fields in which the record and what was typed are not the same."""
    return [
        Difference(form.fields[name].label, getattr(on_record, name), value)
        for name, value in vars(typed).items()
        if value != getattr(on_record, name)
    ]


def _said(before: Patient, after: Patient) -> str:
    """Say what saving did: an address that is new was sent a link."""
    user = after.user
    old = before.user.email if before.user else ""
    if user is None or user.email == old or user.has_usable_password():
        return _("The correction is saved.")
    return _("The correction is saved, and a link to sign in is on its way.")


@requires(RECORDS)
@require_POST
def send_link(request: SignedInRequest, pk: int) -> HttpResponse:
    """Send a fresh link to a patient who has not chosen a password."""
    visible = Patient.objects.visible_to(request.user)
    found = get_object_or_404(visible, pk=pk).kept
    try:
        actions.send_link(patient=found, by=request.user, now=timezone.now())
    except actions.NoLink as refusal:
        messages.error(request, str(refusal))
    else:
        messages.success(request, _("A new link is on its way to the patient."))
    return redirect("referrals:patient", found.pk)
