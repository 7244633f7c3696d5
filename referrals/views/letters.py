"""Letters of a referral: added, and sent to those who may read them."""

from __future__ import annotations

import uuid

import structlog
from django.contrib import messages
from django.http import FileResponse, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from massage_portal.access import SignedInRequest, requires, takes
from massage_portal.audit.record import record
from referrals import actions, filekinds, forms
from referrals.models import Letter, Referral
from referrals.models.letter import MOST_BYTES
from referrals.views.record import RECORDS

FRAMED_BYTES = MOST_BYTES + 2_000_000  # so that the form itself tells the limit
log = structlog.get_logger(__name__)
# A letter is opened by a program of its own, never inside the portal; if a browser
# shows it all the same, it can run nothing and belongs to no site.
ALONE = "default-src 'none'; sandbox; frame-ancestors 'none'"


@takes(FRAMED_BYTES)
@requires(RECORDS)
@require_http_methods(["GET", "HEAD", "POST"])
def letters(request: SignedInRequest, pk: int) -> HttpResponse:
    """Show the letters of a referral, and take one more."""
    found = get_object_or_404(
        Referral.objects.visible_to(request.user).with_all(), pk=pk
    )
    now = timezone.now()
    sent = request.method == "POST"
    form = forms.AddLetter(
        request.POST if sent else None, request.FILES if sent else None, referral=found
    )
    if form.is_valid():
        file = form.cleaned_data["letter"]
        try:
            kept = actions.add_letter(
                referral=found, file=file, name=file.name, by=request.user, now=now
            )
        except actions.NotALetter as refusal:
            form.add_error("letter", str(refusal))
        else:
            if kept.added:
                messages.success(request, _("The letter is added."))
            else:
                words = _("This letter is here already, as “%(name)s”.")
                messages.info(request, words % {"name": kept.letter.name})
            return redirect("referrals:referral", found.pk)
    record("referral.seen", found, by=request.user, at=now)
    context = {
        "referral": found,
        "letters": found.letters.newest_first(),
        "form": form,
        "letter_form": form,
    }
    status = 422 if form.errors else 200
    return render(request, "referrals/letters.html", context, status=status)


@requires("referrals.view_referral")
@require_safe
def letter(request: SignedInRequest, pk: int, key: uuid.UUID) -> HttpResponseBase:
    """Send a letter as a download, in pieces; say so if its file is lost."""
    found = get_object_or_404(
        Letter.objects.visible_to(request.user).select_related("referral"),
        key=key,
        referral__in=Referral.objects.visible_to(request.user).filter(pk=pk),
    )
    try:
        opened = found.file.open("rb")
    except FileNotFoundError:
        log.error("letter_missing", letter=found.pk)
        context = {"referral": found.referral}
        return render(request, "referrals/letter_missing.html", context, status=404)
    record("letter.seen", found, by=request.user, at=timezone.now())
    answer = FileResponse(opened, content_type=found.content_type)
    answer["Content-Disposition"] = filekinds.disposition(found.name)
    answer["Content-Security-Policy"] = ALONE
    return answer
