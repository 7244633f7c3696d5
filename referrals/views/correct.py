"""A referral on record is put right, or moved to another state."""

from __future__ import annotations

from typing import Any, NamedTuple

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from massage_portal.access import SignedInRequest, requires, requires_any
from massage_portal.audit.record import record
from massage_portal.said import say_saved
from referrals import actions, forms
from referrals.codes import MAY_MOVE, Status
from referrals.models import Provider, Referral
from referrals.views.record import RECORDS, order_of


class Difference(NamedTuple):
    """One field in which the record and what was typed are not the same."""

    label: Any
    on_record: Any
    typed: Any


@requires(RECORDS)
@require_http_methods(["GET", "HEAD", "POST"])
def correct(request: SignedInRequest, pk: int) -> HttpResponse:
    """Put a referral right; who saves second is told what the first one changed."""
    found = get_object_or_404(
        Referral.objects.visible_to(request.user).with_all(), pk=pk
    )
    now, today = timezone.now(), timezone.localdate()
    posted = request.POST.copy() if request.method == "POST" else None
    form = forms.CorrectReferral(posted, referral=found, today=today)
    differences: list[Difference] = []
    status = 200
    if form.is_valid():
        typed = form.cleaned_data
        said = {"seen": typed["seen"], "answers": form.answers(), "by": request.user}
        try:
            order = order_of(typed, now=now, on_record=found.received_at)
            saved = actions.correct_referral(
                referral=found, order=order, now=now, **said
            )
        except actions.Stale as refusal:
            form.add_error(None, str(refusal))
            differences = _differences(form, found)
            if posted is not None:  # to save it all the same
                posted["seen"] = str(refusal.referral.version)
            status = 409
        except actions.Refusal as refusal:
            form.add_error(None, str(refusal))
        else:
            words, seen = _("The correction is saved."), typed["seen"]
            say_saved(request, words, seen=seen, now_at=saved.version)
            return redirect("referrals:referral", found.pk)
    if form.errors and status == 200:
        status = 422
    record("referral.seen", found, by=request.user, at=now)
    context = {
        "referral": found,
        "form": form,
        "differences": differences,
        "providers": Provider.objects.may_refer(today),
    }
    return render(request, "referrals/correct.html", context, status=status)


def _differences(form: forms.CorrectReferral, found: Referral) -> list[Difference]:
    """Return what is typed in the form and stands otherwise on record, by field."""
    fresh = forms.CorrectReferral(referral=found, today=form.today)
    rows = []
    for name, field in form.fields.items():
        if name in ("seen", "code", "diagnosis") or name.startswith("precaution_"):
            continue
        on_record = fresh.initial.get(name)
        typed = form.cleaned_data.get(name)
        plain = {"npi": "npi", "insurer": "name", "technique": "pk"}.get(name)
        compared = getattr(typed, plain, typed) if plain and typed else typed
        if isinstance(compared, (list, tuple)):
            compared = ", ".join(one.code for one in compared)
        if (compared or "") != (on_record or ""):
            shown = getattr(found, "technique", None) if plain == "pk" else on_record
            rows.append(Difference(field.label, shown, typed))
    if form.cleaned_data["code"] != found.diagnosis:
        label = form.fields["diagnosis"].label
        rows.insert(0, Difference(label, found.diagnosis, form.cleaned_data["code"]))
    return rows


@requires_any(RECORDS, "referrals.retract_referral")
@require_http_methods(["GET", "HEAD", "POST"])
def move(request: SignedInRequest, pk: int) -> HttpResponse:
    """Hold, withdraw or retract a referral, with a reason."""
    found = get_object_or_404(
        Referral.objects.visible_to(request.user).with_all(), pk=pk
    )
    now = timezone.now()
    steps = [
        to
        for to in actions.by_hand(Status(found.status))
        if request.user.has_perm(MAY_MOVE[to])
    ]
    posted = request.POST if request.method == "POST" else None
    form = forms.MoveReferral(posted, steps=steps, initial={"seen": found.status})
    status = 200
    if form.is_valid():
        try:
            actions.move(
                referral=found,
                to=Status(form.cleaned_data["to"]),
                reason=form.cleaned_data["reason"],
                seen=form.cleaned_data["seen"],
                by=request.user,
                now=now,
            )
        except actions.Refusal as refusal:
            form.add_error(None, str(refusal))
            status = 409
        else:
            messages.success(request, _("The referral is changed."))
            return redirect("referrals:referral", found.pk)
    if form.errors and status == 200:
        status = 409 if posted and posted.get("seen") != found.status else 422
    record("referral.seen", found, by=request.user, at=now)
    context = {"referral": found, "form": form, "steps": steps}
    return render(request, "referrals/move.html", context, status=status)
