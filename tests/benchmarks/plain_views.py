"""Views that do one thing each: the floors, and what stands beside them."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.urls import path
from django.utils import timezone

from appointments import actions
from appointments.codes import OutOfTurn
from appointments.models import Appointment, Supply, WaitlistEntry
from appointments.openings import Opening
from massage_portal.access import public
from massage_portal.accounts.models import User
from massage_portal.audit.record import event
from massage_portal.prepared import as_model

# Of a time given at random, past others in greater need.
TERMS = actions.Terms(agreed=True, turn=actions.Turn(OutOfTurn.PLAN))


@public
def one_row(request: HttpRequest) -> HttpResponse:
    """Answer with one row found by its key."""
    found = Appointment.objects.filter(pk=request.GET["pk"])
    return JsonResponse(found.values("pk", "starts_at", "ends_at").get())


@public
def insert(request: HttpRequest) -> HttpResponse:
    """Insert one row of the trail as Django does, with no rule to keep but its own."""
    now = timezone.now()  # noqa: TID251
    user = User(pk=int(request.GET["by"]), email="bench@example.org")
    event("bench.inserted", user, by=user, at=now).save(force_insert=True)
    return HttpResponse("1")


@public
def free(request: HttpRequest) -> HttpResponse:
    """Answer with the openings of one therapist or of one place, by when they begin."""
    now = timezone.now()  # noqa: TID251
    asked = {key: int(value) for key, value in request.GET.items() if key != "first"}
    first = date.fromisoformat(request.GET["first"])
    last = first + timedelta(days=asked.pop("days") - 1)
    supply = Supply(now=now, first=first, last=last, **asked)
    found = [
        (slot.starts_at.isoformat(), slot.room, slot.therapists)
        for slot in supply.slots(None)
    ]
    return JsonResponse(
        {"openings": found}, json_dumps_params={"check_circular": False}
    )


@public
def book(request: HttpRequest) -> HttpResponse:
    """Book what is asked for; 409 if it is refused."""
    asked = request.GET
    now = timezone.now()  # noqa: TID251
    # Read when it is locked; a view has it as a row that was read, and not a new one.
    entry = as_model(WaitlistEntry, {"id": int(asked["entry"])})
    opening = Opening(
        starts_at=datetime.fromisoformat(asked["starts"]),
        therapist=int(asked["therapist"]),
        room=int(asked["room"]),
        location=int(asked["location"]),
        ends_at=datetime.fromisoformat(asked["ends"]),
        blocked_until=datetime.fromisoformat(asked["until"]),
        zone=ZoneInfo(asked["zone"]),
    )
    by = User(pk=int(asked["by"]), email="bench@example.org")
    try:
        actions.book(entry=entry, opening=opening, by=by, now=now, terms=TERMS)
    except actions.Refusal as refusal:
        return HttpResponse(str(refusal), status=409)
    return HttpResponse("booked")


urlpatterns = [
    path("row", one_row),
    path("insert", insert),
    path("free", free),
    path("book", book),
]
