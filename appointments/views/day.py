"""The therapist's day, and what becomes of each visit."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_safe

from appointments import actions
from appointments.codes import (
    AHEAD,
    HOLDING_TIME,
    MARKED,
    Ending,
    Missed,
    OutOfTurn,
    Status,
)
from appointments.forms.visit import UNDO, Outcome
from appointments.models import Appointment, Policy, Therapist, VisitNote
from appointments.models.appointment import AppointmentQuerySet
from appointments.models.outside import marked
from appointments.models.waitlist import LOOK_BACK
from appointments.views.day_rows import rows
from appointments.wishes import in_words
from massage_portal.access import SignedInRequest, requires_any
from massage_portal.audit.models import AuditEvent
from massage_portal.audit.record import record, record_all

if TYPE_CHECKING:
    from massage_portal.accounts.models import User

MAY_SEE = ("appointments.view_own_day", "appointments.view_appointment")
SHOWN = [*HOLDING_TIME, Status.NOSHOW]
ROWS = 25  # visits at once


@requires_any(*MAY_SEE)
@require_safe
def day(request: SignedInRequest) -> HttpResponse:
    """Show the visits of one therapist, or of all, on one day."""
    user = request.user
    all_days = user.has_perm("appointments.view_appointment")
    therapists = Therapist.objects.who_can(None, on=timezone.localdate())
    chosen = _chosen(request, therapists) if all_days else None
    own = therapists.filter(user=user).first() if not all_days else chosen
    zone = ZoneInfo(own.location.time_zone) if own else timezone.get_default_timezone()
    on = _day(request, today=timezone.localdate(timezone=zone))
    visits = _visits(user, on, zone)
    left = _unrecorded(user, on, zone)
    if chosen is not None:
        visits, left = (some.filter(therapist=chosen) for some in (visits, left))
    page = Paginator(visits, ROWS).get_page(request.GET.get("page"))
    shown = marked(page.object_list)
    now = timezone.now()
    notes = _notes(user, shown)
    unrecorded = list(left[:ROWS]) if page.number == 1 else []
    record_all("appointment.seen", [*shown, *unrecorded], by=user, at=now)
    record_all("note.seen", notes.values(), by=user, at=now)
    to_sign = list(VisitNote.objects.visible_to(user).to_sign(user))
    record_all("note.listed", to_sign, by=user, at=now)
    context = {
        "page": page,
        "visits": rows(
            [(one, notes.get(one.pk), _next_steps(one, user, now=now)) for one in shown]
        ),
        "reasons": [(value, str(label)) for value, label in Missed.choices],
        "to_sign": to_sign,
        "unrecorded": unrecorded,
        "unrecorded_more": left.count() - ROWS if len(unrecorded) == ROWS else 0,
        "day": on,
        "before": on - timedelta(days=1),
        "after": on + timedelta(days=1),
        "therapists": list(therapists) if all_days else None,
        "chosen": chosen,
        "zone": zone,
        "now": now,
    }
    return render(request, "appointments/staff/day.html", context)


def _visits(user: User, on: date, zone: ZoneInfo) -> AppointmentQuerySet:
    """Return the visits of a day that the user may see, by time."""
    starts = datetime.combine(on, time(0, 0), tzinfo=zone)
    ends = datetime.combine(on + timedelta(days=1), time(0, 0), tzinfo=zone)
    return (
        Appointment.objects.visible_to(user)
        .filter(status__in=SHOWN, starts_at__gte=starts, starts_at__lt=ends)
        .exclude(status=Status.PROPOSED)
        .with_place()
        .with_precautions()
        .order_by("starts_at", "therapist__user__name", "pk")
    )


def _unrecorded(user: User, on: date, zone: ZoneInfo) -> AppointmentQuerySet:
    """
    Return, for today, the visits of days before of which nobody said how they went.

    Their request is booked for ever, and the next visit of the plan is not listed.
    """
    if on != timezone.localdate(timezone=zone):
        return Appointment.objects.none()
    begins = datetime.combine(on, time(0, 0), tzinfo=zone)
    past = {"starts_at__gt": begins - LOOK_BACK, "starts_at__lt": begins}
    visits = Appointment.objects.visible_to(user).filter(status__in=AHEAD, **past)
    return visits.select_related("patient", "therapist__location").order_by(
        "starts_at", "pk"
    )


def _notes(user: User, visits: list[Appointment]) -> dict[int, VisitNote]:
    """Return the last note before each visit, for those who may read it."""
    if not visits or not user.has_perm("appointments.view_own_day"):
        return {}
    return VisitNote.objects.visible_to(user).before(visits)


def _may_record(user: User, visit: Appointment) -> bool:
    """Say whether the user records this visit: any of them, or their own."""
    if user.has_perm("appointments.record_visit"):
        return True
    own = visit.therapist.user_id == user.pk
    return own and user.has_perm("appointments.record_own_visit")


def _next_steps(visit: Appointment, user: User, *, now: datetime) -> list[Status]:
    """Return what the user can record of the visit now; the first one is likeliest."""
    if not _may_record(user, visit):
        return []
    begun, today = visit.starts_at <= now, visit.is_on_the_day(now)
    steps: dict[str, list[tuple[Status, bool]]] = {
        Status.BOOKED: [
            (Status.ARRIVED, today),
            (Status.FULFILLED, begun),
            (Status.NOSHOW, begun),
        ],
        Status.ARRIVED: [(Status.CHECKED_IN, today), (Status.FULFILLED, begun)],
        Status.CHECKED_IN: [(Status.FULFILLED, begun)],
    }
    return [to for to, can in steps.get(visit.status, []) if can]


def _chosen(request: SignedInRequest, therapists: object) -> Therapist | None:
    key = request.GET.get("therapist", "")
    return therapists.filter(pk=key).first() if key.isdecimal() else None  # type: ignore[attr-defined]


def _day(request: SignedInRequest, *, today: date) -> date:
    """Return the day in the address; today if there is none or it is no day."""
    try:
        on = date.fromisoformat(request.GET.get("day", ""))
    except ValueError:
        return today
    return on if date(2000, 1, 1) <= on <= date(2100, 1, 1) else today


@requires_any(*MAY_SEE)
@require_http_methods(["GET", "HEAD", "POST"])
def visit(request: SignedInRequest, pk: int) -> HttpResponse:
    """Show one visit with its trail; record what became of it."""
    found = get_object_or_404(
        Appointment.objects.visible_to(request.user).with_place().with_precautions(),
        pk=pk,
    )
    now = timezone.now()
    if request.method == "POST" and not _may_record(request.user, found):
        raise PermissionDenied
    may_cancel = request.user.has_perm("appointments.record_visit")
    posted = request.POST if request.method == "POST" else None
    form = Outcome(posted, may_cancel=may_cancel)
    status = 200
    if form.is_valid():
        try:
            found = _become(found, form.cleaned_data, by=request.user, now=now)
        except actions.Refusal as refusal:
            form.add_error(None, str(refusal))
            found.refresh_from_db(fields=["status", "missed_because"])
            status = 409
        else:
            messages.success(request, _("Recorded."))
            return redirect(_back_to(found, form))
    if form.errors and status == 200:
        status = 422
    record("appointment.seen", found, by=request.user, at=now)
    context = _about(found, request.user, now=now) | {"form": form}
    return render(request, "appointments/staff/visit.html", context, status=status)


def _about(found: Appointment, user: User, *, now: datetime) -> dict[str, Any]:
    """Return what the page of a visit shows; reading a note leaves its trail."""
    note = _notes(user, [found]).get(found.pk)
    if note is not None:
        record("note.seen", note, by=user, at=now)
    own = VisitNote.objects.visible_to(user).filter(appointment=found)
    mine = found.therapist.user_id == user.pk
    trail = AuditEvent.objects.filter(
        record_type="appointments.appointment", record_id=str(found.pk)
    ).exclude(change="")
    may_record = _may_record(user, found)
    left_behind = list(VisitNote.objects.visible_to(user).left_behind(found))
    record_all("note.listed", left_behind, by=user, at=now)
    others = Appointment.objects.visible_to(user).ever_booked()
    marked([found])
    return {
        "appointment": found,
        "steps": _next_steps(found, user, now=now),
        "reasons": Missed.choices,
        "may_record": may_record,
        "undoable": may_record
        and found.status in MARKED
        and actions.marked_today(found, now=now),
        "most_missed": Policy.objects.in_force(now).most_missed,
        "plan": found.entry.referral.plans.newest_first().first(),
        "begun": found.starts_at <= now,
        "last_note": note,
        "writes": mine and may_record and found.takes_a_note(now),
        "noted": own.newest_first().first(),
        "left_behind": left_behind,
        "again": others.filter(replaces=found).order_by("pk").first(),
        "trail": [(one, _moved(one)) for one in trail.order_by("at", "pk")],
    }


def _become(
    found: Appointment, said: dict[str, Any], *, by: User, now: datetime
) -> Appointment:
    """Call the action that the outcome names; return the visit as it is then."""
    outcome = said["outcome"]
    who: dict[str, Any] = {"by": by, "now": now}
    if outcome == Ending.BY_CLINIC:
        return actions.cancel(appointment=found, ending=Ending.BY_CLINIC, **who)
    if outcome == UNDO:
        return actions.undo_mark(appointment=found, **who)
    if outcome == Status.ARRIVED:
        return actions.arrive(appointment=found, **who)
    if outcome == Status.CHECKED_IN:
        return actions.check_in(appointment=found, **who)
    because = Missed(said["because"] or Missed.NOT_SAID)
    return actions.record_visit(
        appointment=found, outcome=Status(outcome), because=because, **who
    )


def _back_to(found: Appointment, form: Outcome) -> str:
    """Return the page that the button stood on: the list of the day, or the visit."""
    if not form.cleaned_data["from_day"]:
        return reverse("appointments:visit", args=[found.pk])
    query = f"?day={found.local_start.date().isoformat()}"
    for name in ("therapist", "page"):
        if value := form.cleaned_data[name]:
            query += f"&{name}={value}"
    return reverse("appointments:day") + query + f"#visit-{found.pk}"


def _moved(event: AuditEvent) -> str:
    """Return "proposed>booked" as a reader says it: "Offered → Booked"."""
    if event.action == "appointment.agreed":
        what = in_words(event.change.split(","))
        return _("The patient agreed: %(what)s") % {"what": what}
    if event.action == "appointment.out_of_turn":
        reason, number = event.change.split(" ")
        said = {"what": OutOfTurn(reason).label, "number": actions.so_many(int(number))}
        words = ngettext(
            "Out of turn, before %(number)s other: %(what)s",
            "Out of turn, before %(number)s others: %(what)s",
            int(number),
        )
        return words % said
    states = [state for state in event.change.split(">") if state in Status.values]
    return " → ".join(str(Status(state).label) for state in states) or event.change
