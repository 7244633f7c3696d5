"""Where a patient stands, and what they can do about it."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import get_language
from django.views.decorators.http import require_http_methods

from appointments.codes import AHEAD, EntryStatus, Status
from appointments.course import Known, State, Visit, course
from appointments.models import Appointment, Policy, TriageCategory, WaitlistEntry
from appointments.models.expected import expected
from appointments.models.treatment import kept_for
from appointments.models.wish import lost_wish_of
from appointments.standing import people_before
from appointments.views.availability import can_come
from appointments.views.deeds import DONE, OF_REQUEST, perform, shut
from appointments.views.patient import OWN, is_over, page_of_shut
from massage_portal.access import SignedInRequest, requires
from massage_portal.audit.record import record, record_all
from referrals.models import Referral

BECAME = {
    Status.FULFILLED: State.MADE,
    Status.NOSHOW: State.MISSED,
}


def _entry(request: SignedInRequest, pk: int) -> WaitlistEntry:
    mine = WaitlistEntry.objects.filter(patient__user=request.user)
    return get_object_or_404(mine.with_plan(), pk=pk)


def where(entry: WaitlistEntry, *, now: datetime) -> dict[str, Any]:
    """Return where a request stands, for its patient and for staff who tell them."""
    mine = WaitlistEntry.objects.filter(pk=entry.pk)
    exponent = float(Policy.objects.in_force(now).harm_exponent)
    why = entry.explain(now=now, exponent=exponent)
    visit = entry.appointments.filter(status__in=AHEAD).with_place().first()
    found: dict[str, Any] = {
        "entry": entry,
        "why": why,
        "offer": entry.appointments.offers_open(now).with_place().first(),
        "visit": visit,
        "visit_can_change": visit is not None and visit.is_booked_ahead(now),
        "visit_is_over": visit is not None and is_over(visit, now),
        "covered": mine.covered(now).exists(),
        "course": plan_of(entry.referral, now=now),
        "beyond_cover": mine.beyond_cover().exists(),
        "lost": lost_wish_of(entry, today=timezone.localdate(now)),
        "nobody_gives": mine.nobody_gives(now).exists(),
        "can_come": can_come(entry),
        "questions": entry.questions.order_by("-asked_at", "-pk"),
    }
    if entry.status == EntryStatus.ACCEPTED:
        ahead = WaitlistEntry.objects.ahead_of(entry, now=now, exponent=exponent)
        found["before"] = people_before(ahead)
        found["kept"] = kept_for(entry)
        found["overruled"] = why is not None and why.overruled_days is not None
        like_others = not (found["overruled"] or found["nobody_gives"])
        if why is not None and like_others:
            found["expected"] = expected(entry, now=now)
        categories = TriageCategory.objects.told(get_language())
        found["category"] = categories.get(waitlistentry=entry)
    return found


def plan_of(referral: Referral, *, now: datetime) -> list[Visit]:
    """Return the visits of the referral's plan: made, booked, waiting, to come."""
    ended = [EntryStatus.REJECTED, EntryStatus.CANCELLED]
    asked = referral.waitlist_entries.exclude(status__in=ended)
    today, known = timezone.localdate(now), {}
    for one in asked:
        clock = timezone.localdate(one.received_at)
        soonest = max(clock, one.earliest or clock)  # by the plan, and as they wish
        known[one.session] = Known(State.WAITING, soonest if soonest > today else None)
    taken = Appointment.objects.filter(entry__in=asked).taking_the_entry()
    for visit in taken.select_related("entry", "therapist__location"):
        state = BECAME.get(Status(visit.status), State.BOOKED)
        known[visit.entry.session] = Known(state, visit.local_start.date())
    covered = referral.coverage
    return course(
        known,
        sessions=referral.sessions,
        covered=covered.visits,
        until=covered.until,
        interval_days=referral.interval_days,
        today=today,
    )


@requires(OWN)
@require_http_methods(["GET", "HEAD", "POST"])
def standing(request: SignedInRequest, pk: int) -> HttpResponse:
    """Tell a patient where they stand, and take the answer to a question."""
    entry = _entry(request, pk)
    now = timezone.now()
    form, status = perform(request, OF_REQUEST["reply"], entry, now=now)
    if status == DONE:
        messages.success(request, OF_REQUEST["reply"].done)
        return redirect("appointments:standing", pk)
    record("request.seen", entry, by=request.user, at=now)
    asked = entry.status == EntryStatus.ON_HOLD or form.errors
    context = where(entry, now=now) | {"form": form if asked else None}
    held = [one for one in (context["offer"], context["visit"]) if one is not None]
    record_all("appointment.seen", held, by=request.user, at=now)
    return render(request, "appointments/patient/standing.html", context, status=status)


def _do(request: SignedInRequest, pk: int, name: str, *, then: str) -> HttpResponse:
    """Show the page of a deed, and do it once its form is sent."""
    entry = _entry(request, pk)
    now = timezone.now()
    deed = OF_REQUEST[name]
    if why := shut(request, deed, entry, now):
        record("request.seen", entry, by=request.user, at=now)
        up = reverse("appointments:standing", args=[pk])
        return page_of_shut(request, deed.title, why, up=up)
    form, status = perform(request, deed, entry, now=now)
    if status == DONE:
        messages.success(request, deed.done)
        return redirect(then, pk) if then != "appointments:mine" else redirect(then)
    record("request.seen", entry, by=request.user, at=now)
    context = {"entry": entry, "form": form, "deed": deed}
    template = f"appointments/patient/{name}.html"
    return render(request, template, context, status=status)


@requires(OWN)
@require_http_methods(["GET", "HEAD", "POST"])
def worse(request: SignedInRequest, pk: int) -> HttpResponse:
    """Take a patient's word that it got worse."""
    return _do(request, pk, "worse", then="appointments:standing")


@requires(OWN)
@require_http_methods(["GET", "HEAD", "POST"])
def change_when(request: SignedInRequest, pk: int) -> HttpResponse:
    """Let a patient say anew when they can come."""
    return _do(request, pk, "when", then="appointments:standing")


@requires(OWN)
@require_http_methods(["GET", "HEAD", "POST"])
def ask_question(request: SignedInRequest, pk: int) -> HttpResponse:
    """Take a question about a request; its answer appears where they stand."""
    return _do(request, pk, "question", then="appointments:standing")


@requires(OWN)
@require_http_methods(["GET", "HEAD", "POST"])
def withdraw(request: SignedInRequest, pk: int) -> HttpResponse:
    """Let a patient take their request back, after saying what that means."""
    return _do(request, pk, "withdraw", then="appointments:mine")
