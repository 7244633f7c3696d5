"""What the patient's insurer allows."""

from __future__ import annotations

from django.http import HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from massage_portal.access import SignedInRequest, requires
from massage_portal.audit.record import record
from massage_portal.said import say_saved
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
    differences: list[tuple[object, object, object]] = []
    status = 200
    if form.is_valid():
        checked = dict(form.cleaned_data)
        insurer = checked.pop("insurer")
        seen = {name: checked.pop(name) for name in ("seen", "referral_seen")}
        try:
            saved = actions.record_authorization(
                referral=found,
                insurer=insurer,
                word=actions.Word(**checked),
                **seen,
                by=request.user,
                now=now,
            )
        except actions.Refusal as refusal:
            form.add_error(None, str(refusal))
            status = 409
            if posted is not None:  # to save it all the same
                differences = _differences(form, posted, refusal)
        else:
            words = _("The insurer's word is saved.")
            say_saved(request, words, seen=seen["seen"], now_at=saved.version)
            return redirect("referrals:referral", found.pk)
    record("referral.seen", found, by=request.user, at=now)
    context = {
        "referral": found,
        "form": form,
        "differences": differences,
    }
    status = 422 if form.errors and status == 200 else status
    return render(request, "referrals/authorize.html", context, status=status)


def _differences(
    form: Authorize, posted: QueryDict, refusal: actions.Refusal
) -> list[tuple[object, object, object]]:
    """Return the fields that are other on record, whose version is seen from now on."""
    names: list[str] = []
    on_record: Authorization | Referral | None = None
    if isinstance(refusal, actions.AuthorizationChanged):
        on_record, names = refusal.authorization, [*NUMBERS, "visits", "valid_until"]
        posted["seen"] = str(on_record.version)
    elif isinstance(refusal, actions.Stale):
        on_record, names = refusal.referral, ["insurer"]
        posted["referral_seen"] = str(on_record.version)
    rows = [
        (form.fields[name].label, getattr(on_record, name), form.cleaned_data[name])
        for name in names
    ]
    return [row for row in rows if row[1] != row[2]]
