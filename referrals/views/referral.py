"""One referral, as staff see it."""

from __future__ import annotations

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from massage_portal.access import SignedInRequest, requires
from massage_portal.accounts.models import User
from massage_portal.audit.record import record
from referrals import actions, forms
from referrals.codes import Status
from referrals.models import Referral, ScreeningAnswer
from referrals.screening import Outcome, outcome
from referrals.views.worklist import tasks

RECORDS = "referrals.record_referral"


@requires("referrals.view_referral")
@require_http_methods(["GET", "HEAD", "POST"])
def referral(request: SignedInRequest, pk: int) -> HttpResponse:
    """Show one referral and its next step; take a clearance."""
    found = get_object_or_404(
        Referral.objects.visible_to(request.user)
        .with_all()
        .with_facts(timezone.localdate()),
        pk=pk,
    )
    now = timezone.now()
    may_record = request.user.has_perm(RECORDS)
    if request.method == "POST" and not may_record:
        raise PermissionDenied
    posted = request.POST.copy() if request.method == "POST" else None
    form = forms.Clear(
        posted, today=timezone.localdate(), initial={"seen": found.version}
    )
    if form.is_valid() and _cleared(form, found, by=request.user):
        messages.success(request, _("The clearance is recorded."))
        return redirect("referrals:referral", found.pk)
    if posted is not None:  # to save it all the same, having read
        posted["seen"] = str(found.version)
    record("referral.seen", found, by=request.user, at=now)
    answers = [(a.meaning, a.answer) for a in found.screening_answers.all()]
    on_hold = found.status == Status.ON_HOLD
    context = {
        "referral": found,
        "now": now,
        "tasks": tasks(found, request, timezone.localdate()),
        "stop": on_hold and outcome(answers) == Outcome.STOP,
        "earlier": ScreeningAnswer.objects.filter(referral=found).earlier_rounds(),
        "form": form if on_hold and may_record else None,
        "plan": found.plans.newest_first().first(),
        "letters": found.letters.newest_first(),
    }
    status = 422 if form.errors else 200
    return render(request, "referrals/referral.html", context, status=status)


def _cleared(form: forms.Clear, found: Referral, *, by: User) -> bool:
    """Record the clearance; say in the form why it was not taken."""
    now = timezone.now()
    try:
        actions.record_clearance(referral=found, **form.cleaned_data, by=by, now=now)
    except actions.NotClearable as refusal:
        form.add_error(None, str(refusal))
        return False
    return True
