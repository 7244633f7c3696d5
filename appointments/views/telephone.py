"""A patient calls: staff see where they stand, and do for them what they could do."""

from __future__ import annotations

from datetime import datetime, timedelta
from functools import partial
from typing import Any, NamedTuple

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from appointments import actions
from appointments.codes import Ending, EntryStatus, Status
from appointments.forms.telephone import AskAll
from appointments.models import Appointment, Question, Therapist, WaitlistEntry
from appointments.models.waitlist import may_ask
from appointments.views.availability import said
from appointments.views.deeds import (
    DONE,
    OF_REQUEST,
    OF_VISIT,
    Deed,
    attempt,
    perform,
    shut,
    terms,
)
from appointments.views.staff_words import form_for_staff, to_staff
from appointments.views.standing import where
from massage_portal.access import SignedInRequest, requires
from massage_portal.audit.record import record, record_all
from massage_portal.forms import Form
from referrals.codes import OPEN
from referrals.models import Patient, Referral

CALLS = "appointments.offer_appointment"
MOST_SHOWN = 100
TOLD_WITHIN = timedelta(days=7)  # an answer that nobody has told is out of date then
NEED = ("pain", "enjoyment", "activity", "role_threat", "sleep")


@requires(CALLS)
@require_safe
def telephone(request: SignedInRequest) -> HttpResponse:
    """List what patients must be told by telephone, for they have no account."""
    now = timezone.now()
    context = _to_tell(request, now=now)
    shown = [*context["offers"], *context["canceled"]]
    record_all("appointment.listed", shown, by=request.user, at=now)
    told = {one.pk: one for one in [*context["asked"], *context["declined"]]}
    told |= {one.entry_id: one.entry for one in context["answered"]}
    record_all("request.listed", told.values(), by=request.user, at=now)
    return render(request, "appointments/staff/telephone.html", context)


def _to_tell(request: SignedInRequest, *, now: datetime) -> dict[str, list[Any]]:
    """Return what there is to tell patients without an account, by kind."""
    visits = Appointment.objects.visible_to(request.user).filter(patient__user=None)
    visits = visits.with_place()
    entries = WaitlistEntry.objects.visible_to(request.user).filter(patient__user=None)
    declined = entries.declined_since(now - TOLD_WITHIN).select_related("patient")
    canceled = visits.filter(
        status=Status.CANCELLED, ending=Ending.BY_CLINIC, starts_at__gt=now
    )
    answered = Question.objects.filter(
        entry__in=entries, answered_at__gt=now - TOLD_WITHIN
    )
    return {
        "offers": list(visits.offers_open(now).order_by("held_until", "pk")),
        "asked": list(
            entries.filter(status=EntryStatus.ON_HOLD)
            .select_related("patient")
            .order_by("received_at", "pk")[:MOST_SHOWN]
        ),
        "declined": list(declined.order_by("-pk")[:MOST_SHOWN]),
        "canceled": list(canceled.order_by("starts_at", "pk")[:MOST_SHOWN]),
        "answered": list(
            answered.select_related("entry__patient").order_by("-answered_at", "-pk")[
                :MOST_SHOWN
            ]
        ),
    }


@requires(CALLS)
@require_safe
def caller(request: SignedInRequest, pk: int) -> HttpResponse:
    """Show where one patient stands, and what can be done for them."""
    visible = Patient.objects.visible_to(request.user).select_related("user")
    found = get_object_or_404(visible, pk=pk)
    if found.merged_into_id:
        return redirect("appointments:caller", found.kept.pk)
    now = timezone.now()
    entries = (
        WaitlistEntry.objects.visible_to(request.user)
        .filter(patient=found)
        .open()
        .with_plan()
        .order_by("received_at", "pk")
    )
    places = [where(entry, now=now) for entry in entries]
    record("patient.seen", found, by=request.user, at=now)
    shown = [place["entry"] for place in places]
    record_all("request.seen", shown, by=request.user, at=now)
    held = [place[name] for place in places for name in ("offer", "visit")]
    seen = [one for one in held if one is not None]
    record_all("appointment.seen", seen, by=request.user, at=now)
    context = {
        "patient": found,
        "places": places,
        "referrals": _to_ask_for(request, found, now=now),
        "may_triage": request.user.has_perm("appointments.triage_waitlistentry"),
    }
    return render(request, "appointments/staff/caller.html", context)


def _to_ask_for(
    request: SignedInRequest, patient: Patient, *, now: datetime
) -> list[Referral]:
    """Return the patient's referrals for which a visit can be asked now."""
    referrals = (
        Referral.objects.visible_to(request.user)
        .filter(patient=patient, status__in=OPEN)
        .select_related("diagnosis", "insurer", "authorization")
        .prefetch_related("waitlist_entries")
        .order_by("-received_at", "pk")
    )
    today = timezone.localdate(now)
    found = [referral for referral in referrals if may_ask(referral, today=today)]
    record_all("referral.seen", found, by=request.user, at=now)
    return found


class Asking(NamedTuple):
    """What the page says on which an appointment is asked for."""

    title: str
    lead: str


@requires(CALLS)
@require_http_methods(["GET", "HEAD", "POST"])
def call_ask(request: SignedInRequest, pk: int) -> HttpResponse:
    """Ask for an appointment for a patient who calls: all questions on one page."""
    visible = Referral.objects.visible_to(request.user)
    referral = get_object_or_404(
        visible.select_related("patient", "technique", "diagnosis"), pk=pk
    )
    if referral.waitlist_entries.open_one() is not None:  # sent before, or by others
        return redirect("appointments:caller", referral.patient_id)
    now = timezone.now()
    today = timezone.localdate(now)
    form = AskAll(
        request.POST if request.method == "POST" else None,
        today=today,
        until=referral.coverage.until,
        therapists=Therapist.objects.who_can(referral.technique, on=today),
    )
    form_for_staff(form)
    act = partial(actions.by_telephone, actions.ask, patient=referral.patient)

    def what(cleaned: dict[str, Any]) -> dict[str, Any]:
        return {
            "referral": referral,
            "availability": said(cleaned),
            "need": actions.NeedAnswers(**{name: cleaned[name] for name in NEED}),
            "today": today,
            "by": request.user,
            "now": now,
        }

    status = attempt(form, act, what, say=to_staff)
    record("referral.seen", referral, by=request.user, at=now)
    title, lead = _("Ask for an appointment"), referral.diagnosis.description
    deed = Asking(title, lead)
    return _page(request, referral.patient, deed, form, status)


@requires(CALLS)
@require_http_methods(["GET", "HEAD", "POST"])
def call_request(request: SignedInRequest, pk: int, deed: str) -> HttpResponse:
    """Do for a patient who calls what they could do about their request."""
    visible = WaitlistEntry.objects.visible_to(request.user)
    entry = get_object_or_404(visible.with_plan(), pk=pk)
    return _call(request, OF_REQUEST.get(deed), entry, seen="request.seen")


@requires(CALLS)
@require_http_methods(["GET", "HEAD", "POST"])
def call_visit(request: SignedInRequest, pk: int, deed: str) -> HttpResponse:
    """Do for a patient who calls what they could do about an offer or a visit."""
    visible = Appointment.objects.visible_to(request.user).with_place()
    visit = get_object_or_404(visible, pk=pk)
    found = OF_VISIT.get(deed)
    return _call(request, found, visit, seen="appointment.seen", appointment=visit)


def _call(
    request: SignedInRequest,
    deed: Deed | None,
    subject: Any,
    *,
    seen: str,
    appointment: Appointment | None = None,
) -> HttpResponse:
    """Show the deed's page, and do it at the telephone once its form is sent."""
    if deed is None:
        raise Http404
    now = timezone.now()
    if why := shut(request, deed, subject, now):
        record(seen, subject, by=request.user, at=now)
        return _shut(request, subject.patient, deed, why, appointment)
    act = partial(actions.by_telephone, deed.act, patient=subject.patient)
    form, status = perform(request, deed, subject, now=now, act=act, for_staff=True)
    record(seen, subject, by=request.user, at=now)
    more: dict[str, Any] = {"appointment": appointment}
    if deed in (OF_VISIT["accept"], OF_VISIT["cancel"]):  # said before they say yes
        more |= terms(subject, now)
    if deed is OF_REQUEST["withdraw"]:
        more["later_visit"] = subject.session > 1
    return _page(request, subject.patient, deed, form, status, more)


def _shut(
    request: SignedInRequest,
    patient: Patient,
    deed: Deed,
    why: str,
    appointment: Appointment | None,
) -> HttpResponse:
    """Say why the deed cannot be done any more."""
    context = {
        **{"patient": patient, "title": to_staff(deed.title)},
        **{"why": to_staff(why), "appointment": appointment},
    }
    return render(request, "appointments/staff/call.html", context, status=409)


def _page(
    request: SignedInRequest,
    patient: Patient,
    deed: Deed | Asking,
    form: Form,
    status: int,
    more: dict[str, Any] | None = None,
) -> HttpResponse:
    """Answer with the page of a deed; once done, with the patient's page."""
    if status == DONE:
        messages.success(request, _("Done, and marked as done by telephone."))
        return redirect("appointments:caller", patient.pk)
    context = {
        **{"patient": patient, "deed": deed, "title": to_staff(deed.title)},
        **{"form": form, **(more or {})},
    }
    return render(request, "appointments/staff/call.html", context, status=status)
