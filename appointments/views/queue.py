"""The queue: who waits, in the order of need, and why each stands there."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Any, NamedTuple

from django.db.models import Q
from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_safe
from django.views.decorators.vary import vary_on_headers
from django_htmx.http import HTMX_STOP_POLLING

from appointments.board_rows import Words, asking, drawn
from appointments.forms.board import Narrow
from appointments.line import Asked, Line, Sought, read_board
from appointments.models import Policy, Supply, WaitlistEntry
from appointments.models.board_page import Around, around
from appointments.models.supply import MOST_ASKED
from massage_portal.access import SignedInRequest, requires
from massage_portal.audit.record import record, record_keys
from massage_portal.outbox import health
from referrals.forms import FindPatient
from referrals.models import Patient
from services.models import Version

SEES = "appointments.view_waitlistentry"
MAY = {  # by its name in the templates
    "may_triage": "appointments.triage_waitlistentry",
    "may_offer": "appointments.offer_appointment",
    "may_rearrange": "appointments.change_capacity",
}


class Board(NamedTuple):
    """What one request asked of the line, and what was read for it."""

    filters: Narrow
    around: Around
    line: Line
    asked: Asked

    @property
    def digest(self) -> str:
        """Return a short word for all that the two lists say."""
        return f"{self.line.digest}{self.asked.digest}"


@requires(SEES)
@require_http_methods(["GET", "HEAD", "POST"])
@vary_on_headers("HX-Request")  # one URL, two bodies: keep caches from mixing them
def queue(request: SignedInRequest) -> HttpResponse:
    """
    List requests to triage, then those who wait, each the most pressing first.

    A search is sent by POST: an address must hold no name.
    """
    now = timezone.now()
    form = FindPatient(request.POST if request.method == "POST" else None)
    patients = _found(request, form) if form.is_valid() else None
    partial = request.headers.get("HX-Request") == "true"
    board = _read(request, patients=patients, now=now)
    words = Words(today=timezone.localdate(now))
    marked = request.GET.get("entry", "")
    context: dict[str, Any] = {
        "page": board.line.page,
        "rows": drawn(board.line.rows, words, marked=marked),
        "now": now,
        "digest": "" if form.is_bound else board.digest,
        "asked": board.asked.page,
        "to_triage": asking(board.asked.faces, words),
        "narrowed": bool(board.filters.narrowing()),
        "searched": patients is not None,
        "q": request.POST.get("q", "").strip(),
        **{name: request.user.has_perm(what) for name, what in MAY.items()},
    }
    if not partial:
        context |= {
            "around": board.around,
            "filters": board.filters,
            "form": form,  # the base page says its faults
            "sign": health.sign(now),
            "to_approve": Version.objects.to_approve(request.user).count(),
        }
    shown = [*(row.face for row in board.line.rows), *board.asked.faces]
    seen = [(one.pk, one.patient) for one in shown]
    record_keys("request.listed", WaitlistEntry, seen, by=request.user, at=now)
    template = "_waiting.html" if partial else "queue.html"
    status = 422 if form.errors else 200
    return render(request, f"appointments/staff/{template}", context, status=status)


@requires(SEES)
@require_safe
def line_changed(request: SignedInRequest) -> HttpResponse:
    """
    Say that the page of the line has changed since `seen`; nothing, if it has not.

    It names nobody, so no record is seen by it.
    """
    now = timezone.now()
    board = _read(request, patients=None, now=now)
    if request.GET.get("seen") == board.digest:
        return HttpResponse(status=204)
    # Said once, and asked no more: a screen reader would be told again each minute.
    return render(request, "appointments/staff/_changed.html", status=HTMX_STOP_POLLING)


@requires("appointments.offer_appointment")
@require_safe
def next_offer(request: SignedInRequest) -> HttpResponse:
    """Say who is first in line that can use a free time, and which time."""
    now = timezone.now()
    supply = Supply.ahead(now=now, policy=Policy.objects.in_force(now))
    proposal = supply.next_proposal()
    if proposal:
        record("request.listed", proposal.entry, by=request.user, at=now)
    partial = request.headers.get("HX-Request") == "true"
    template = "_next_offer.html" if partial else "next_offer.html"
    context: dict[str, Any] = {"proposal": proposal}
    if proposal is None and WaitlistEntry.objects.waiting().count() > MOST_ASKED:
        context["asked"] = MOST_ASKED
    response = render(request, f"appointments/staff/{template}", context)
    response["Vary"] = "HX-Request"
    return response


def _found(request: SignedInRequest, form: FindPatient) -> list[int]:
    """
    Return the keys of the patients in the line that the words typed may mean.

    All of them, and nobody else: a bound on those found would lose who waits behind
    their namesakes. A record that was merged is found by its old name too.
    """
    line = WaitlistEntry.objects.visible_to(request.user).in_line().values("patient")
    within = Patient.objects.visible_to(request.user).filter(
        Q(pk__in=line) | Q(merged_into__in=line)
    )
    found = within.find(form.cleaned_data["q"], most=within.count())
    return [one.pk for one in found]


def _read(
    request: SignedInRequest, *, patients: Collection[int] | None, now: datetime
) -> Board:
    """Read the counts, and the pages of the two lists that the address asks for."""
    policy = Policy.objects.in_force(now)
    surroundings = around(now=now, most_missed=policy.most_missed)
    filters = Narrow(request.GET, around=surroundings)
    # What a search found has pages too, and they are asked for as it was.
    sent = request.POST or request.GET
    visible = WaitlistEntry.objects.visible_to(request.user)
    asked, line = read_board(
        Sought(visible, filters.narrowing(), patients),
        around=surroundings,
        asked=sent.get("asked", ""),
        number=sent.get("page", ""),
        policy=policy,
        now=now,
    )
    return Board(filters, surroundings, line, asked)
