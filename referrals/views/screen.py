"""The safety questions about a referral on record: of a draft, and asked again."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from massage_portal.access import SignedInRequest, requires
from massage_portal.audit.record import record
from referrals import actions, forms
from referrals.codes import OPEN, Status
from referrals.forms.screen import Screen
from referrals.models import Referral
from referrals.views.record import RECORDS


@requires(RECORDS)
@require_http_methods(["GET", "HEAD", "POST"])
def complete(request: SignedInRequest, pk: int) -> HttpResponse:
    """Show a referral as it arrived, and ask what is needed to put it in force."""
    found = _found(request, pk)
    if request.method == "GET" and found.status != Status.DRAFT:
        return redirect("referrals:referral", found.pk)
    posted = request.POST if request.method == "POST" else None
    form = forms.CompleteDraft(posted, referral=found)
    other = None
    if form.is_valid():
        try:
            actions.complete_draft(
                referral=found,
                answers=form.answers(),
                insurer=form.cleaned_data["insurer"],
                by=request.user,
                now=timezone.now(),
            )
        except actions.AlreadyReferred as refusal:
            other = refusal.referral
            form.add_error(None, str(refusal))
        except actions.Refusal as refusal:
            form.add_error(None, str(refusal))
        else:
            messages.success(request, _("The referral is complete."))
            return redirect("referrals:referral", found.pk)
    context = {"other": other}
    return _answer(request, "complete", found, form, context)


@requires(RECORDS)
@require_http_methods(["GET", "HEAD", "POST"])
def screen(request: SignedInRequest, pk: int) -> HttpResponse:
    """Ask the safety questions again, for the patient's health has changed."""
    found = _found(request, pk)
    if request.method == "GET" and found.status not in OPEN:
        return redirect("referrals:referral", found.pk)
    posted = request.POST if request.method == "POST" else None
    form = forms.Screen(posted, referral=found)
    if form.is_valid():
        try:
            actions.screen_again(
                referral=found,
                answers=form.answers(),
                by=request.user,
                now=timezone.now(),
            )
        except actions.Refusal as refusal:
            form.add_error(None, str(refusal))
        else:
            messages.success(request, _("The answers are kept."))
            return redirect("referrals:referral", found.pk)
    return _answer(request, "screen", found, form, {})


def _found(request: SignedInRequest, pk: int) -> Referral:
    visible = Referral.objects.visible_to(request.user).with_all()
    return get_object_or_404(visible.prefetch_related("other_diagnoses"), pk=pk)


def _answer(
    request: SignedInRequest,
    name: str,
    found: Referral,
    form: Screen,
    more: dict[str, Any],
) -> HttpResponse:
    record("referral.seen", found, by=request.user, at=timezone.now())
    context = {"referral": found, "form": form} | more
    status = 422 if form.errors else 200
    return render(request, f"referrals/{name}.html", context, status=status)
