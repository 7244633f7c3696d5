"""A spreadsheet of referrals, checked and taken in."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods
from django_htmx.http import HttpResponseClientRedirect

from massage_portal.access import SignedInRequest, requires, takes
from massage_portal.spreadsheet import BadFile, TooLarge, result
from referrals import actions, forms
from referrals.actions.import_referrals import PAGE_BYTES
from referrals.codes import Status
from referrals.referrals_csv import COLUMNS, REQUIRED

SHOWN = 50  # faults in the table of the page
FRAMED_BYTES = PAGE_BYTES + 1_000_000  # so that the form itself tells the limit


@takes(FRAMED_BYTES)
@requires("referrals.import_referral")
@require_http_methods(["GET", "HEAD", "POST"])
def import_referrals(request: SignedInRequest) -> HttpResponse:
    """Check a file and keep nothing, or take it in; the file is sent each time."""
    form = forms.ImportReferrals()
    outcome, status = None, 200
    if request.method == "POST":
        form = forms.ImportReferrals(request.POST, request.FILES)
        outcome, status = _imported(request, form)
    if outcome and outcome.written:
        messages.success(request, _summary(outcome))
        drafts = f"{reverse('referrals:worklist')}?show=all&state={Status.DRAFT}"
        by_script = request.headers.get("HX-Request")
        return HttpResponseClientRedirect(drafts) if by_script else redirect(drafts)
    if outcome and "download" in request.POST:
        return _download(outcome)
    context = {
        "form": form,
        "outcome": outcome,
        "summary": outcome and _summary(outcome),
        "faults": outcome.refused[:SHOWN] if outcome else [],
        "more": bool(outcome and len(outcome.refused) > SHOWN),
        "columns": [(name, name in REQUIRED) for name in COLUMNS],
    }
    return render(request, "referrals/import_referrals.html", context, status=status)


def _imported(
    request: SignedInRequest, form: forms.ImportReferrals
) -> tuple[actions.Imported | None, int]:
    """Return what became of the file, if it could be read, and the answer's status."""
    if not form.is_valid():
        return None, 413 if form.too_large else 422
    try:
        outcome = actions.import_referrals(
            file=form.cleaned_data["file"].file,
            by=request.user,
            now=timezone.now(),
            dry_run="take" not in request.POST,
        )
    except TooLarge as fault:
        command = _(
            "Or ask whoever runs the portal to take it in with the command "
            "import_referrals."
        )
        form.add_error("file", f"{fault} {command}")
        return None, 413
    except BadFile as fault:
        form.add_error("file", str(fault))
        return None, 422
    except actions.Refusal as refusal:
        form.add_error(None, str(refusal))
        return None, 409
    return outcome, 422 if outcome.refused else 200


def _summary(outcome: actions.Imported) -> str:
    """Return the counts; they stand after their words, so that none needs a plural."""
    words = _(
        "Referrals added as drafts: %(added)d. There already: %(same)d. "
        "New patients: %(patients)d."
    )
    if not outcome.written:
        words = _(
            "Referrals to add: %(added)d. There already: %(same)d. "
            "New patients: %(patients)d. Lines refused: %(refused)d."
        )
    return words % {
        "added": outcome.added,
        "same": outcome.same,
        "patients": outcome.patients,
        "refused": outcome.refused_rows,
    }


def _download(outcome: actions.Imported) -> HttpResponse:
    """
    Return the faults as a file; the page stays as it is, with its file chosen.

    Its status is 200, faults or none: of a 4xx a browser would keep no file.
    """
    return HttpResponse(
        result(outcome.refused, _summary(outcome)),
        content_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": 'attachment; filename="referrals-result.csv"'},
    )
