"""A provider is given an account."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from massage_portal.access import SignedInRequest, requires
from massage_portal.audit.record import record
from referrals import actions
from referrals.forms.provider import GiveAccount
from referrals.models import Provider


@requires("referrals.change_provider")
@require_http_methods(["GET", "HEAD", "POST"])
def give_account(request: SignedInRequest, pk: int) -> HttpResponse:
    """Ask for the address, and send the provider their link."""
    found = get_object_or_404(Provider.objects.select_related("user"), pk=pk)
    now = timezone.now()
    form = GiveAccount(request.POST if request.method == "POST" else None)
    status = 422
    if form.is_valid():
        try:
            actions.give_account(
                provider=found, by=request.user, now=now, **form.cleaned_data
            )
        except actions.AccountRefused as refusal:
            form.add_error(None, str(refusal))
            status = 409
        else:
            messages.success(request, _("The link is on its way to the provider."))
            return redirect("admin:referrals_provider_change", found.pk)
    record("provider.seen", found, by=request.user, at=now)
    context = {"provider": found, "form": form}
    status = status if form.errors else 200
    return render(request, "referrals/give_account.html", context, status=status)
