"""Pages of patients: all that is theirs, their offers, their visits."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.contrib import messages
from django.db.models import Q
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import (
    require_http_methods,
    require_POST,
    require_safe,
)

from appointments import actions, ical
from appointments.codes import AHEAD, Ending, EntryStatus, Status
from appointments.models import Appointment, CalendarFeed, WaitlistEntry
from appointments.models.waitlist import may_ask
from appointments.views.deeds import DONE, OF_VISIT, perform, shut, terms
from massage_portal.access import SignedInRequest, requires
from massage_portal.audit.record import record, record_all
from referrals.models import Referral

OWN = "appointments.ask_for_own_appointment"
ENDED: dict[str, Any] = {  # by ending or status, as the patient reads it
    Ending.DECLINED: gettext_lazy("You declined this time"),
    Ending.LAPSED: gettext_lazy("This offer has ended"),
    Ending.WITHDRAWN: gettext_lazy("We took this offer back"),
    Ending.BY_PATIENT: gettext_lazy("You canceled this visit"),
    Ending.BY_CLINIC: gettext_lazy("We canceled this visit"),
    Ending.MOVED: gettext_lazy("This visit was moved to another time"),
    Status.ARRIVED: gettext_lazy("You have arrived"),
    Status.CHECKED_IN: gettext_lazy("You are checked in"),
    Status.FULFILLED: gettext_lazy("This visit is over"),
    Status.NOSHOW: gettext_lazy("You missed this visit"),
    Status.ENTERED_IN_ERROR: gettext_lazy("This visit was entered by mistake"),
}


def is_over(visit: Appointment, now: datetime) -> bool:
    """Say whether it was agreed and has ended, and nobody has recorded it yet."""
    return visit.status in AHEAD and visit.ends_at <= now


def own_appointment(request: SignedInRequest, pk: int) -> Appointment:
    """Return the reader's own visit or offer, as it stands; 404 for any other."""
    mine = Appointment.objects.filter(patient__user=request.user)
    found = mine.with_place().as_it_stands(pk)
    if found is None:
        raise Http404
    return found


def page_of_shut(
    request: SignedInRequest, title: Any, why: str, *, up: str
) -> HttpResponse:
    """Say on a page of its own why something cannot be done any more."""
    context = {"title": title, "why": why, "up": up}
    return render(request, "appointments/patient/shut.html", context, status=409)


@requires(OWN)
@require_safe
def mine(request: SignedInRequest) -> HttpResponse:
    """Show a patient everything that is theirs, the most pressing first."""
    now = timezone.now()
    own = Appointment.objects.filter(patient__user=request.user).with_place()
    entries = WaitlistEntry.objects.filter(patient__user=request.user)
    referrals = (
        Referral.objects.filter(patient__user=request.user)
        .visible_to(request.user)
        .select_related("diagnosis", "insurer", "authorization")
        .prefetch_related("waitlist_entries")
        .order_by("-received_at", "pk")
    )
    today = timezone.localdate()
    shown = [(referral, may_ask(referral, today=today)) for referral in referrals]
    record_all("referral.seen", [one for one, _can in shown], by=request.user, at=now)
    past = [Status.FULFILLED, Status.NOSHOW, Status.CANCELLED]
    unanswered = [Ending.LAPSED, Ending.WITHDRAWN, Ending.DECLINED, Ending.MOVED]
    over = Q(status__in=AHEAD, ends_at__lte=now)  # and nobody has recorded it yet
    visited = own.filter(over | Q(status__in=past)).exclude(ending__in=unanswered)
    waiting = entries.open().exclude(status=EntryStatus.IN_PROGRESS)
    booked = own.filter(status__in=AHEAD, ends_at__gt=now)
    context: dict[str, Any] = {
        "offers": list(own.offers_open(now).order_by("starts_at")),
        "visits": list(booked.order_by("starts_at")),
        "entries": list(
            waiting.select_related("referral__diagnosis", "category").order_by(
                "received_at", "pk"
            )
        ),
        "referrals": shown,
        "feed": CalendarFeed.objects.filter(user=request.user).first(),
        "past": list(visited.order_by("-starts_at")[:20]),
    }
    for name in ("offers", "visits", "past"):
        record_all("appointment.seen", context[name], by=request.user, at=now)
    record_all("request.seen", context["entries"], by=request.user, at=now)
    return render(request, "appointments/patient/mine.html", context)


@requires(OWN)
@require_safe
def offer(request: SignedInRequest, pk: int) -> HttpResponse:
    """Show one offer or booking: when, where, with whom, and the two answers."""
    found = own_appointment(request, pk)
    now = timezone.now()
    record("appointment.seen", found, by=request.user, at=now)
    context = {
        "appointment": found,
        "open": found.is_open_offer(now),
        "ended": how_it_ended(found, now),
        "can_change": found.is_booked_ahead(now),
        "over": is_over(found, now),
        "kept": found.keeps,
        "policy": terms(found, now)["policy"],
    }
    return render(request, "appointments/patient/offer.html", context)


def how_it_ended(found: Appointment, now: datetime) -> Any:
    """Say to the patient what became of it; "" while it is offered or booked."""
    if is_over(found, now):
        return ENDED[Status.FULFILLED]
    if found.status == Status.NOSHOW and not found.missed_by_patient:
        return _("This visit did not take place, by our mistake")
    return ENDED.get(found.ending or found.status, "")


@requires(OWN)
@require_POST
def answer_offer(request: SignedInRequest, pk: int, answer: str) -> HttpResponse:
    """Accept or decline; a second click lands on the same page as the first."""
    found = own_appointment(request, pk)
    now = timezone.now()
    if answer == "accept" and found.status == Status.BOOKED:  # pressed again
        return redirect("appointments:offer", pk)
    action = {"accept": actions.accept, "decline": actions.decline}[answer]
    try:
        action(appointment=found, by=request.user, now=now)
    except actions.Refusal as refusal:
        found.refresh_from_db()
        record("appointment.seen", found, by=request.user, at=now)
        context = {
            "appointment": found,
            "open": False,
            "ended": how_it_ended(found, now) or _("This offer has ended"),
            "can_change": found.is_booked_ahead(now),
            "over": is_over(found, now),
            "refusal": str(refusal),
        }
        return render(request, "appointments/patient/offer.html", context, status=409)
    return redirect("appointments:offer", pk)


@requires(OWN)
@require_http_methods(["GET", "HEAD", "POST"])
def cancel(request: SignedInRequest, pk: int) -> HttpResponse:
    """Cancel a booked visit, after saying what happens then."""
    found = own_appointment(request, pk)
    now = timezone.now()
    deed = OF_VISIT["cancel"]
    if why := shut(request, deed, found, now):
        record("appointment.seen", found, by=request.user, at=now)
        up = reverse("appointments:offer", args=[pk])
        return page_of_shut(request, deed.title, why, up=up)
    form, status = perform(request, deed, found, now=now)
    if status == DONE:
        messages.success(request, deed.done)
        return redirect("appointments:standing", found.entry_id)
    record("appointment.seen", found, by=request.user, at=now)
    context = {"appointment": found, "form": form, **terms(found, now)}
    return render(request, "appointments/patient/cancel.html", context, status=status)


@requires(OWN)
@require_safe
def calendar(request: SignedInRequest, pk: int) -> HttpResponse:
    """Give the visit, as it is in force, as a file that calendar programs read."""
    found = own_appointment(request, pk).that_stands
    record("appointment.seen", found, by=request.user, at=timezone.now())
    response = HttpResponse(
        ical.calendar(found, now=timezone.now()),
        content_type="text/calendar; charset=utf-8",
    )
    response["Content-Disposition"] = 'attachment; filename="appointment.ics"'
    return response
