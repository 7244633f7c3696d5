"""Visits to arrange anew: whose therapist stopped, fell ill, or may not any more."""

from __future__ import annotations

from typing import Any

from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from appointments.models import Appointment, Policy, Supply, Therapist
from appointments.models.displaced import Displaced, displaced, instead, kind_of
from appointments.openings import Opening
from appointments.views.capacity import MAY_CHANGE
from massage_portal.access import SignedInRequest, requires
from massage_portal.audit.record import record_all

ROWS = 25


@requires(MAY_CHANGE)
@require_safe
def to_rearrange(request: SignedInRequest) -> HttpResponse:
    """List them by time, each with what could be offered, or whom to call."""
    now = timezone.now()
    visible = Appointment.objects.visible_to(request.user)
    found = displaced(visible, now=now)
    page = Paginator(found, ROWS).get_page(request.GET.get("page"))
    supply = Supply.ahead(now=now, policy=Policy.objects.in_force(now))
    rows = _rows(list(page), supply)
    shown = [row["one"].visit for row in rows]
    record_all("appointment.listed", shown, by=request.user, at=now)
    context = {"page": page, "rows": rows}
    return render(request, "appointments/capacity/to_rearrange.html", context)


def _rows(some: list[Displaced], supply: Supply) -> list[dict[str, Any]]:
    """Return each with what there is instead, therapists by name."""
    offers = [instead(one, supply) for one in some]
    openings = [
        opening
        for each in offers
        for opening in (*each.same_time, each.soonest, each.another)
        if opening is not None
    ]
    keys = {opening.therapist for opening in openings}
    therapists = Therapist.objects.filter(pk__in=keys)
    names = dict(therapists.values_list("pk", "user__name"))

    def told(opening: Opening | None) -> dict[str, Any] | None:
        if opening is None:
            return None
        when = date_format(opening.local_start, _("D, M j, P T"))
        return {"when": when, "name": names[opening.therapist]}

    return [
        {
            "one": one,
            "kind": kind_of(one, supply.policy),
            "same_time": [names[opening.therapist] for opening in each.same_time],
            "soonest": told(each.soonest),
            "another": told(each.another),
        }
        for one, each in zip(some, offers, strict=True)
    ]
