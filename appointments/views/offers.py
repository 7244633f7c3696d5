"""Offers: give free time to a patient, and see which offers are out."""

from __future__ import annotations

from datetime import datetime, timedelta
from functools import lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple
from zoneinfo import ZoneInfo

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import (
    require_http_methods,
    require_POST,
    require_safe,
)

from appointments import actions
from appointments.codes import Status
from appointments.forms.staff import Propose
from appointments.models import Appointment, Policy, Supply, Therapist, WaitlistEntry
from appointments.models.supply import Place
from appointments.openings import Opening
from massage_portal.access import SignedInRequest, requires
from massage_portal.audit.record import record, record_all

if TYPE_CHECKING:
    from massage_portal.accounts.models import User

CHOICES = 8
NEAR = 5  # so many other times on the day of one that was taken
ENOUGH = 3  # of them, so that no other days are read
MOST_SHOWN = 50
QUEUE = "appointments:queue"


@requires("appointments.offer_appointment")
@require_http_methods(["GET", "HEAD", "POST"])
def propose(request: SignedInRequest, pk: int) -> HttpResponse:
    """
    Show the best openings for one patient; send an offer, or book at once.

    For who has a booked visit ahead, they are other times for that visit.
    """
    visible = WaitlistEntry.objects.visible_to(request.user)
    entry = get_object_or_404(visible.to_be_offered(), pk=pk)
    now = timezone.now()
    policy = Policy.objects.in_force(now)
    supply = Supply.ahead(now=now, policy=policy)
    form = Propose(request.POST if request.method == "POST" else None)
    refusal, status, near = "", 200, list[dict[str, Any]]()
    wanted = form.cleaned_data["opening"] if form.is_valid() else None
    day = supply.on_day_of(entry, *wanted) if wanted else None
    ahead = _ahead(entry, now, day)
    if wanted:
        free = _at(day, entry, wanted)
        try:
            made = _give(entry, free, ahead, by=request.user, **form.cleaned_data)
        except actions.Refusal as said:
            refusal, status = str(said), 409
            if free is not None:  # it was read before somebody was quicker
                entry.refresh_from_db(fields=["status"])
                ahead = _ahead(entry, now, day := supply.on_day_of(entry, *wanted))
            if isinstance(said, actions.TimeTaken):
                near = _near(entry, day, ahead.visit)
        else:
            _say(request, made)
            return redirect("appointments:offers" if made.replaces_id else QUEUE)
    elif form.errors:
        refusal, status = _("Choose one of the times shown."), 422
    record("request.seen", entry, by=request.user, at=now)
    context = {"entry": entry, "refusal": refusal, "policy": policy, "rows": near}
    context |= {"near": bool(near), "visit": ahead.visit, "offer": ahead.offer}
    if not near:
        exponent = float(policy.harm_exponent)
        context["why"] = entry.explain(now=now, exponent=exponent)
        context["rows"] = _rows(_choices(entry, supply, ahead.visit), supply, entry)
    return render(request, "appointments/staff/propose.html", context, status=status)


class _Ahead(NamedTuple):
    """What a patient has, or is offered, for one request."""

    now: datetime
    visit: Appointment | None
    offer: Appointment | None


def _ahead(entry: WaitlistEntry, now: datetime, day: Supply | None) -> _Ahead:
    """Read both at once; most have neither, and `day` tells so for what it read."""
    if day is not None and not day.has_time:
        return _Ahead(now, None, None)
    rows = entry.appointments.booked_now(now) | entry.appointments.offers_open(now)
    mine = list(rows.with_place().order_by("pk"))
    return _Ahead(
        now,
        next((one for one in mine if one.status == Status.BOOKED), None),
        next((one for one in mine if one.is_open_offer(now)), None),
    )


def _give(
    entry: WaitlistEntry,
    free: Opening | None,
    ahead: _Ahead,
    *,
    opening: Place,
    how: str,
    by: User,
) -> Appointment:
    """Offer or book the opening: a first time, or another one for the visit booked."""
    same = ahead.visit if how == "book" else ahead.offer
    if same is not None and (same.therapist_id, same.starts_at) == opening:
        return same  # pressed twice
    if free is None:
        raise actions.TimeTaken(_("That time is not free any more."))
    visit = ahead.visit
    what: dict[str, Any] = {"opening": free, "by": by, "now": ahead.now}
    what |= {"entry": entry} if visit is None else {"appointment": visit}
    if how == "book":  # the patient is on the telephone, and has said yes
        book = actions.book if visit is None else actions.move
        return actions.by_telephone(book, patient=entry.patient, **what)
    offer = actions.offer if visit is None else actions.offer_move
    return offer(**what)


def _at(day: Supply | None, entry: WaitlistEntry, opening: Place) -> Opening | None:
    """Return the opening as it stood when the day was read; None if it was taken."""
    therapist, starts_at = opening
    if day is None:
        return None
    technique = entry.referral.technique
    return day.at(technique, therapist=therapist, starts_at=starts_at)


def _near(
    entry: WaitlistEntry, day: Supply | None, visit: Appointment | None
) -> list[dict[str, Any]]:
    """
    Return other times on the day of one that was taken; none if there are too few.

    Hundreds may want one time at one moment, and each is told at once: four weeks are
    not read for them, nor who in the whole line could use the other times.
    """
    found = _choices(entry, day, visit)[:NEAR] if day else []
    return _rows(found, None, entry) if len(found) >= ENOUGH else []


def _choices(
    entry: WaitlistEntry, supply: Supply, visit: Appointment | None
) -> list[Opening]:
    """Return the openings to choose from; none that the patient has had before."""
    if visit is None:
        return supply.for_entry(entry, most=CHOICES) if entry.is_waiting else []
    rows = entry.appointments.filter(starts_at__gte=supply.now)
    had = set(rows.values_list("therapist", "starts_at"))
    found = supply.for_entry(entry, most=CHOICES + len(had))
    return [one for one in found if (one.therapist, one.starts_at) not in had][:CHOICES]


def _rows(
    openings: list[Opening], supply: Supply | None, entry: WaitlistEntry
) -> list[dict[str, Any]]:
    """
    Return each opening with its therapist, and who in greater need could use it.

    :param supply: None if the latter is not asked for.
    """
    some = Therapist.objects.filter(pk__in={one.therapist for one in openings})
    rows = some.values_list("pk", "user__name", "location__name")
    names = {key: {"therapist": name, "place": place} for key, name, place in rows}
    language = get_language()
    return [
        names[opening.therapist]
        | {
            "opening": opening,
            "when": _words(opening.starts_at, opening.zone, language),
            "value": f"{opening.therapist},{opening.starts_at.isoformat()}",
            "before": supply.rank_before(entry, opening) if supply else 0,
        }
        for opening in openings
    ]


class _When(NamedTuple):
    """A time as its place's clock shows it: for machines, in short, and in full."""

    iso: str
    short: str
    full: str


@lru_cache(maxsize=1024)  # who is refused one time is shown the same others
def _words(moment: datetime, zone: ZoneInfo, _language: str | None) -> _When:
    local = moment.astimezone(zone)
    formats = ("Y-m-d H:iO", _("D, M j, P T"), _("l, F j, P"))
    return _When(*(date_format(local, one) for one in formats))


def _say(request: SignedInRequest, made: Appointment) -> None:
    when = date_format(made.local_start, _("D, M j, P T"))
    if made.replaces_id and made.status == "booked":
        messages.success(request, _("Moved to %(when)s.") % {"when": when})
    elif made.status == "booked":
        messages.success(request, _("Booked for %(when)s.") % {"when": when})
    else:
        messages.success(
            request,
            _("Offer sent for %(when)s. The time is held until it is answered.")
            % {"when": when},
        )


@requires("appointments.view_appointment")
@require_safe
def offers(request: SignedInRequest) -> HttpResponse:
    """List open offers, and those that ended in the past week."""
    now = timezone.now()
    visible = Appointment.objects.visible_to(request.user).with_place()
    open_offers = list(visible.offers_open(now).order_by("held_until", "pk"))
    ended = list(
        visible.filter(ended_at__gte=now - timedelta(days=7)).order_by(
            "-ended_at", "-pk"
        )[:MOST_SHOWN]
    )
    record_all("appointment.listed", [*open_offers, *ended], by=request.user, at=now)
    to_move = list(visible.to_move(now).with_open_move(now))
    record_all("appointment.listed", to_move, by=request.user, at=now)
    policy = Policy.objects.in_force(now)
    waiting = WaitlistEntry.objects.visible_to(request.user).waiting()
    to_call = list(
        waiting.to_call(most_missed=policy.most_missed)
        .with_offers_not_taken()
        .select_related("patient")
        .order_by("received_at", "pk")[:MOST_SHOWN]
    )
    record_all("request.listed", to_call, by=request.user, at=now)
    context = {
        "open_offers": open_offers,
        "ended": ended,
        "now": now,
        "to_move": to_move,
        "to_call": to_call,
    }
    return render(request, "appointments/staff/offers.html", context)


@requires("appointments.offer_appointment")
@require_POST
def called(request: SignedInRequest, pk: int) -> HttpResponse:
    """Record that a patient was called; pressed twice, it is one call."""
    visible = WaitlistEntry.objects.visible_to(request.user)
    entry = get_object_or_404(visible, pk=pk)
    actions.record_call(entry=entry, by=request.user, now=timezone.now())
    messages.success(
        request, _("Recorded. Freed times are offered to this patient again.")
    )
    return redirect("appointments:offers")


@requires("appointments.offer_appointment")
@require_POST
def withdraw_offer(request: SignedInRequest, pk: int) -> HttpResponse:
    """Take an unanswered offer back."""
    visible = Appointment.objects.visible_to(request.user)
    found = get_object_or_404(visible, pk=pk)
    try:
        actions.withdraw_offer(appointment=found, by=request.user, now=timezone.now())
    except actions.OfferGone as refusal:
        messages.error(request, str(refusal))
    else:
        messages.success(request, _("The offer is taken back; the patient waits on."))
    return redirect("appointments:offers")
