"""What the patient's insurer allows."""

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
from referrals.forms.authorization import NUMBERS, Authorize
from referrals.models import Authorization, Referral
from referrals.views.record import RECORDS


@requires(RECORDS)
@require_http_methods(["GET", "HEAD", "POST"])
def authorize(request: SignedInRequest, pk: int) -> HttpResponse:
    """Record the insurer's numbers and limits; who saves second is told."""
    found = get_object_or_404(
        Referral.objects.visible_to(request.user).with_all(), pk=pk
    )
    now = timezone.now()
    posted = request.POST.copy() if request.method == "POST" else None
    form = Authorize(posted, referral=found, today=timezone.localdate())
    on_record: Authorization | None = None
    if form.is_valid():
        checked = dict(form.cleaned_data)
        insurer, seen = checked.pop("insurer"), checked.pop("seen")
        try:
            actions.record_authorization(
                referral=found,
                insurer=insurer,
                word=actions.Word(**checked),
                seen=seen,
                by=request.user,
                now=now,
            )
        except actions.AuthorizationChanged as refusal:
            on_record = refusal.authorization
            form.add_error(None, str(refusal))
            if posted is not None:  # to save it all the same
                posted["seen"] = str(on_record.version)
        else:
            messages.success(request, _("The insurer's word is saved."))
            return redirect("referrals:referral", found.pk)
    record("referral.seen", found, by=request.user, at=now)
    context = {
        "referral": found,
        "form": form,
        "differences": _differences(form, on_record) if on_record else [],
    }
    status = 409 if on_record else 422 if form.errors else 200
    return render(request, "referrals/authorize.html", context, status=status)


def _differences(
    form: Authorize, on_record: Authorization
) -> list[tuple[object, object, object]]:
    """Return the fields in which the record and what was typed are not the same."""
    names = [*NUMBERS, "visits", "valid_until"]
    rows = [
        (form.fields[name].label, getattr(on_record, name), form.cleaned_data[name])
        for name in names
    ]
    return [row for row in rows if row[1] != row[2]]
