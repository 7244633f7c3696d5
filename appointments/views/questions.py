"""Patients' questions, for schedulers to answer."""

from __future__ import annotations

from functools import partial

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from appointments import actions
from appointments.forms.telephone import Answer
from appointments.models import Question, WaitlistEntry
from appointments.views.deeds import DONE, attempt
from massage_portal.access import SignedInRequest, requires
from massage_portal.audit.record import record, record_all

ANSWERS = "appointments.triage_waitlistentry"
MOST_SHOWN = 100


@requires(ANSWERS)
@require_safe
def questions(request: SignedInRequest) -> HttpResponse:
    """List the questions that wait for an answer, the oldest first."""
    visible = WaitlistEntry.objects.visible_to(request.user)
    waiting = Question.objects.unanswered().filter(entry__in=visible)
    found = list(waiting.select_related("entry__patient")[:MOST_SHOWN])
    entries = {one.entry_id: one.entry for one in found}.values()
    record_all("request.listed", entries, by=request.user, at=timezone.now())
    context = {"questions": found, "number": waiting.count()}
    return render(request, "appointments/staff/questions.html", context)


@requires(ANSWERS)
@require_http_methods(["GET", "HEAD", "POST"])
def question(request: SignedInRequest, pk: int) -> HttpResponse:
    """Show one question with what bears on it, and take the answer."""
    visible = WaitlistEntry.objects.visible_to(request.user)
    found = get_object_or_404(
        Question.objects.filter(entry__in=visible).select_related(
            "entry__patient__user", "entry__category", "entry__referral__diagnosis"
        ),
        pk=pk,
    )
    now = timezone.now()
    form = Answer(request.POST if request.method == "POST" else None)
    act = partial(actions.answer_question, question=found, by=request.user, now=now)
    status = attempt(form, act, dict)
    if status == DONE:
        messages.success(request, _("The answer is sent."))
        return redirect("appointments:questions")
    if status == 409:
        found.refresh_from_db()
    record("request.seen", found.entry, by=request.user, at=now)
    earlier = found.entry.questions.exclude(pk=found.pk).order_by("-asked_at", "-pk")
    context = {"question": found, "form": form, "earlier": earlier}
    return render(request, "appointments/staff/question.html", context, status=status)
