"""Ask a provider to renew a referral, and take the answer by the link in the mail."""

from __future__ import annotations

from datetime import datetime

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from massage_portal.access import SignedInRequest, by_link, requires
from massage_portal.audit.record import record
from massage_portal.tokens import unsign
from referrals import actions
from referrals.codes import RenewalAnswer
from referrals.forms.renewal import AnswerRenewal
from referrals.models import Referral, Renewal
from referrals.views.record import RECORDS


@requires(RECORDS)
@require_POST
def renew(request: SignedInRequest, pk: int) -> HttpResponse:
    """Send the provider the question by hand."""
    found = get_object_or_404(Referral.objects.visible_to(request.user), pk=pk)
    try:
        actions.ask_renewal(referral=found, by=request.user, now=timezone.now())
    except actions.Refusal as refusal:
        messages.error(request, str(refusal))
    else:
        messages.success(request, _("The provider is asked by email."))
    return redirect("referrals:referral", found.pk)


@by_link
@require_http_methods(["GET", "HEAD", "POST"])
def answer_renewal(request: HttpRequest, token: str) -> HttpResponse:
    """
    Let the provider who holds the signed link answer, without signing in.

    A look changes nothing: mail programs open links. It shows initials and the year of
    birth, never a name or a diagnosis, and nothing at all once it is answered.
    """
    found = Renewal.objects.by_token(unsign("renewal", token))
    user = found.referral.provider.user if found else None
    if found is None or user is None:
        return _page(request, "unknown", status=404)
    now = timezone.now()
    form = _form(request, found, now=now)
    if form.is_valid() and not _is_over(found, now):
        answer = RenewalAnswer(form.cleaned_data["answer"])
        try:
            actions.answer_renewal(
                renewal=found, answer=answer, terms=form.terms, by=user, now=now
            )
        except actions.Refusal as refusal:
            found.refresh_from_db()
            return _page(request, _state(found, now), refusal=str(refusal), status=409)
        return redirect("referrals:answer_renewal", token)
    state = _state(found, now)
    if state != "open":
        over = request.method == "POST"
        return _page(request, state, answer=found.answer, status=409 if over else 200)
    record("referral.seen_by_link", found.referral, by=None, at=now)
    status = 422 if form.errors else 200
    return _page(request, state, referral=found.referral, form=form, status=status)


def _form(request: HttpRequest, found: Renewal, *, now: datetime) -> AnswerRenewal:
    today = timezone.localdate(now)
    return AnswerRenewal(
        request.POST if request.method == "POST" else None,
        first_day=actions.first_day(found.referral, today=today),
        sessions=found.referral.sessions,
    )


def _is_over(found: Renewal, now: datetime) -> bool:
    return found.withdrawn_at is not None or found.expires_at <= now


def _state(found: Renewal, now: datetime) -> str:
    if found.answer:
        return "answered"
    return "ended" if _is_over(found, now) else "open"


def _page(
    request: HttpRequest, state: str, *, status: int = 200, **context: object
) -> HttpResponse:
    context["state"] = state
    return render(request, "referrals/answer_renewal.html", context, status=status)
