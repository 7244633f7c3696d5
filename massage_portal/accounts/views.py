"""Pages of accounts that are ours; the others are django-allauth's."""

from __future__ import annotations

from allauth.account import views as allauth
from django.contrib.auth import login
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from massage_portal import tokens
from massage_portal.access import SignedInRequest, by_link
from massage_portal.accounts import actions, forms
from massage_portal.accounts.models import Invitation

BACKEND = "massage_portal.accounts.backend.Backend"


@by_link
@sensitive_post_parameters()
@require_http_methods(["GET", "HEAD", "POST"])
def invitation(request: HttpRequest, token: str) -> HttpResponse:
    """
    Let the holder of a single-use link choose a first password, and sign them in.

    Only the button spends the link: mail scanners fetch links. Every link that does not
    work gets one and the same answer, whatever the reason.
    """
    now = timezone.now()
    found = (
        Invitation.objects.usable(now)
        .select_related("user")
        .filter(pk=tokens.unsign("invitation", token), user__is_active=True)
        .first()
    )
    if found is None:
        return render(request, "accounts/link_spent.html", status=404)
    form = forms.FirstPassword(
        request.POST if request.method == "POST" else None, user=found.user
    )
    if form.is_valid():
        try:
            user = actions.accept_invitation(
                invitation=found, password=form.cleaned_data["password1"], now=now
            )
        except actions.InvitationSpent:
            return render(request, "accounts/link_spent.html", status=404)
        login(request, user, backend=BACKEND)
        return redirect("start")
    context = {"form": form, "email": found.user.email}
    status = 422 if form.errors else 200
    return render(request, "accounts/invitation.html", context, status=status)


def change_password(request: SignedInRequest) -> HttpResponseBase:
    """Change a password; who has none is told how they get their first."""
    if not request.user.has_usable_password():
        return render(request, "account/password_none.html")
    answer: HttpResponseBase = allauth.password_change(request)
    return answer


def sign_out(request: HttpRequest) -> HttpResponse:
    """Sign out on a POST, and have the browser forget what it kept."""
    answer: HttpResponse = allauth.logout(request)
    return forget(answer) if request.method == "POST" else answer


def forget(answer: HttpResponse) -> HttpResponse:
    """Have the browser drop the pages it kept of whoever signs out."""
    answer["Clear-Site-Data"] = '"cache", "storage"'
    return answer
