"""What is entered of therapists and places, to be read and changed from there."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.db.models import Prefetch, Q
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils import timezone
from django.views.decorators.http import require_safe

from appointments.actions.capacity import today_at
from appointments.models import (
    Certification,
    Closure,
    Room,
    Therapist,
    TimeOff,
    WorkingHours,
)
from appointments.views.capacity import MAY_CHANGE
from appointments.views.capacity.kinds import calendar_of
from massage_portal.access import SignedInRequest, requires
from services.models import Location

SOON = timedelta(days=60)  # from when on the list warns of a certificate's end
A_YEAR = timedelta(days=366)


def _not_over(today: date) -> Prefetch[Any]:
    """Return the weekly patterns that count today or later, in order of the week."""
    rows = WorkingHours.objects.between(today, date.max)
    rows = rows.order_by("weekday", "starts", "valid_from", "pk")
    return Prefetch("working_hours", rows)


@requires(MAY_CHANGE)
@require_safe
def capacity(request: SignedInRequest) -> HttpResponse:
    """List therapists and places, with what is special in the coming weeks."""
    now = timezone.now()
    today = timezone.localdate(now)
    away = TimeOff.objects.filter(ends_at__gt=now).order_by("starts_at", "pk")
    ending = Certification.objects.filter(valid_until__lte=today + SOON)
    therapists = (
        Therapist.objects.select_related("user", "location")
        .prefetch_related(
            _not_over(today),
            Prefetch("time_off", away),
            Prefetch("certifications", ending.select_related("technique")),
        )
        .order_by("-active", "user__name", "pk")
    )
    closed = Closure.objects.filter(last_day__gte=today).order_by("first_day", "pk")
    places = (
        Location.objects.filter(Q(gives_massage=True) | Q(room__isnull=False))
        .distinct()
        .select_related("holiday_calendar")
        .prefetch_related("room_set", Prefetch("closures", closed))
        .order_by("name", "pk")
    )
    context = {"therapists": therapists, "places": places, "today": today, "now": now}
    return render(request, "appointments/capacity/capacity.html", context)


@requires(MAY_CHANGE)
@require_safe
def therapist_hours(request: SignedInRequest, pk: int) -> HttpResponse:
    """Show a therapist's week, extra hours, time off and certificates."""
    now = timezone.now()
    some = Therapist.objects.select_related("user", "location")
    therapist = get_object_or_404(some, pk=pk)
    today = today_at(therapist.location, now)
    hours = therapist.working_hours.between(today, date.max)
    certificates = therapist.certifications.select_related("technique")
    context = {
        "therapist": therapist,
        "hours": hours.order_by("weekday", "starts", "valid_from", "pk"),
        "extra": therapist.extra_hours.filter(day__gte=today).order_by("day", "starts"),
        "off": therapist.time_off.filter(ends_at__gt=now).order_by("starts_at"),
        "certificates": certificates.order_by("technique__name", "pk"),
        "zone": ZoneInfo(therapist.location.time_zone),
        "today": today,
        "soon": today + SOON,
        "now": now,
    }
    return render(request, "appointments/capacity/therapist.html", context)


@requires(MAY_CHANGE)
@require_safe
def place_hours(request: SignedInRequest, pk: int) -> HttpResponse:
    """Show a place's rooms, closures and public holidays."""
    place = get_object_or_404(Location, pk=pk)
    today = today_at(place, timezone.now())
    calendar = calendar_of(place)
    holidays = []
    if calendar is not None:
        kept = calendar.between(today, today + A_YEAR)
        every = calendar.of_the_country(today, today + A_YEAR)
        holidays = [(day, name, day in kept) for day, name in every.items()]
    rooms = Room.objects.filter(location=place).prefetch_related("techniques")
    context = {
        "place": place,
        "rooms": rooms.order_by("-active", "name"),
        "closures": place.closures.between(today, date.max).order_by("first_day"),
        "calendar": calendar,
        "holidays": holidays,
        "today": today,
    }
    return render(request, "appointments/capacity/place.html", context)
