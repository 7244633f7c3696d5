"""How the clinic is doing: figures as pictures, tables and files."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from appointments.figures import ahead, fairness, out_of_turn, overrules, visits, waits
from appointments.figures.figure import Figure
from appointments.figures.kept import lately
from massage_portal import spreadsheet
from massage_portal.access import SignedInRequest, requires
from massage_portal.audit.record import record_all

# In the order of the page; each is asked for by its key.
FIGURES: dict[str, Callable[..., Figure]] = {
    "waits": waits.by_category,
    "ahead": ahead.by_week,
    "refilled": visits.refilled,
    "missed": visits.missed,
    "reasons": visits.reasons,
    "overrules": overrules.by_month,
    "overrule-reasons": overrules.reasons,
    "out-of-turn": out_of_turn.by_month,
    "out-of-turn-reasons": out_of_turn.reasons,
    "language": fairness.by_language,
    "insurer": fairness.by_insurer,
}


@requires("appointments.view_figures")
@require_safe
def figures(request: SignedInRequest) -> HttpResponse:
    """Show all figures; none names a patient, but reasons are health data."""
    now = timezone.now()
    made = [lately(key, one, now=now) for key, one in FIGURES.items()]
    for figure in made:
        record_all("request.listed", figure.seen, by=request.user, at=now)
    context = {"figures": made, "now": now}
    return render(request, "appointments/figures/figures.html", context)


@requires("appointments.view_figures")
@require_safe
def figure_file(request: SignedInRequest, key: str) -> HttpResponse:
    """Send one figure's table as CSV."""
    if key not in FIGURES:
        raise Http404
    now: datetime = timezone.now()
    figure = lately(key, FIGURES[key], now=now)
    record_all("request.listed", figure.seen, by=request.user, at=now)
    answer = HttpResponse(
        spreadsheet.written([figure.heads, *figure.plain_rows]),
        content_type="text/csv; charset=utf-8",
    )
    name = f"{key}-{timezone.localdate(now):%Y-%m-%d}.csv"
    answer["Content-Disposition"] = f'attachment; filename="{name}"'
    return answer
