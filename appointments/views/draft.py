"""Plan the openings: draw a plan of offers up, look it over, and send it."""

from __future__ import annotations

import re
from datetime import datetime
from itertools import islice
from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_safe
from django_htmx.http import HttpResponseClientRefresh

from appointments import actions
from appointments.actions import draft as drafts_actions
from appointments.actions.draw_up import ask_anew, ask_for_draft
from appointments.actions.send_draft import AT_ONCE, send_draft
from appointments.forms.draft import Decide, DrawUp, Move
from appointments.models import Draft, DraftOffer, Policy, Therapist
from appointments.models.draft import Why
from appointments.models.planner import Planner
from appointments.plan_words import why_then
from appointments.tasks import draw_up_soon, send_draft_soon
from massage_portal.access import SignedInRequest, requires
from massage_portal.audit.record import record, record_all
from massage_portal.outbox import health

MOST_CHOICES = 30
PAGE = 50  # rows; of those without an offer so many are shown, the others counted
PAGE_NUMBER = re.compile(r"[0-9]{1,6}")
SENT_SHOWN = 5


@requires("appointments.offer_appointment")
@require_http_methods(["GET", "HEAD", "POST"])
def drafts(request: SignedInRequest) -> HttpResponse:
    """Draw a plan up, or go on with the one at work."""
    now = timezone.now()
    policy = Policy.objects.in_force(now)
    sent = request.POST if request.method == "POST" else None
    form = DrawUp(sent, most=policy.plan_weeks)
    if form.is_valid():
        made = ask_for_draft(by=request.user, now=now, **form.cleaned_data)
        draw_up_soon(made.pk)
        return redirect("appointments:draft", made.pk)
    context = {
        "form": form,
        "at_work": Draft.objects.at_work().select_related("made_by").first(),
        "sent": Draft.objects.sent().select_related("sent_by")[:SENT_SHOWN],
    }
    status = 422 if form.errors else 200
    return render(request, "appointments/staff/drafts.html", context, status=status)


@requires("appointments.offer_appointment")
@require_http_methods(["GET", "HEAD", "POST"])
def draft(request: SignedInRequest, pk: int) -> HttpResponse:
    """Show a plan, and strike, plan anew, throw away or send; or what became of it."""
    found = get_object_or_404(Draft.objects.select_related("made_by", "sent_by"), pk=pk)
    now = timezone.now()
    form = Decide(request.POST if request.method == "POST" else None)
    refusal, status = "", 200
    if form.is_valid():
        try:
            _decide(found, form.cleaned_data, request, now=now)
        except actions.Refusal as said:
            refusal, status = str(said), 409
            found.refresh_from_db()
        else:
            _what, row = form.cleaned_data["do"]
            return redirect(_at_row(request.get_full_path(), row))
    elif form.errors:
        refusal, status = _("Use one of the buttons of this page."), 422
    context: dict[str, Any] = {"draft": found, "refusal": refusal, "now": now}
    if found.is_at_work and found.is_awaited:
        context |= {"late": found.is_late(now)}
        template = "draft_awaited.html"
    else:
        context |= _context(found, request, now=now)
        template = "draft.html"
    return render(request, f"appointments/staff/{template}", context, status=status)


@requires("appointments.offer_appointment")
@require_safe
def draft_ready(request: SignedInRequest, pk: int) -> HttpResponse:
    """
    Let the page of a plan that is being drawn up, or sent, load again once it is done.

    Of one that is being sent it tells how far that is.
    """
    found = get_object_or_404(Draft, pk=pk)
    if found.is_on_its_way:
        return HttpResponse(status=204)
    balance = found.balance()
    silent = _is_silent(timezone.now())
    known = "silent" in request.GET
    if found.sent_at is None or not balance.left or silent != known:
        return HttpResponseClientRefresh()
    if request.GET.get("left") == f"{balance.left}":
        return HttpResponse(status=204)
    context = {"draft": found, "balance": balance, "left": balance.left}
    context |= {"silent": silent}
    return render(request, "appointments/staff/_sending.html", context)


def _decide(
    found: Draft, checked: dict[str, Any], request: SignedInRequest, *, now: datetime
) -> None:
    """Call the action that the button names, and say what it did."""
    what, key = checked["do"]
    same: dict[str, Any] = {
        "version": checked["version"],
        "by": request.user,
        "now": now,
    }
    if what in ("strike", "restore"):
        row = found.offers.select_related("draft").filter(pk=key).first()
        if row is None:
            raise _gone(found, checked["version"])
        now_at = drafts_actions.strike(row=row, struck=what == "strike", **same)
        if (now_at.therapist_id, now_at.starts_at) != (row.therapist_id, row.starts_at):
            messages.success(request, _taken_in_elsewhere(now_at))
    elif what == "redraw":
        ask_anew(draft=found, **same)
        draw_up_soon(found.pk)
    elif what == "drop":
        drafts_actions.drop_draft(draft=found, **same)  # the page says so
    else:
        sent = send_draft(draft=found, **same)
        if sent.offers.to_send().exists():
            send_draft_soon(sent.pk)
            return  # the page tells how far it is
        _say_sent(sent, request)


def _say_sent(sent: Draft, request: SignedInRequest) -> None:
    """Say how many offers went, and how many could not."""
    number = sent.offers.exclude(appointment=None).count()
    faulty = sent.offers.exclude(fault="").count()
    said = ngettext("%(n)d offer is sent.", "%(n)d offers are sent.", number)
    said %= {"n": number}
    if not faulty:
        messages.success(request, said)
        return
    not_sent = ngettext(
        "%(n)d could not be sent; its row says why.",
        "%(n)d could not be sent; their rows say why.",
        faulty,
    )
    messages.warning(request, f"{said} {not_sent % {'n': faulty}}")


def _taken_in_elsewhere(row: DraftOffer) -> str:
    when = date_format(row.starts_at.astimezone(row.zone), _("D, M j, P T"))
    therapist = Therapist.objects.select_related("user").get(pk=row.therapist_id)
    return _(
        "The earlier time is somebody else's by now. The patient is taken in again for "
        "%(when)s, with %(name)s."
    ) % {"when": when, "name": therapist}


def _gone(found: Draft, version: int) -> Exception:
    """Return how to answer about a row that is not there: planned anew, or never."""
    if found.is_at_work and found.version == version:
        return Http404()
    return actions.ChangedMeanwhile(_meanwhile())


def _meanwhile() -> str:
    return _("The plan was changed meanwhile. Read it again, then decide.")


def _context(
    found: Draft, request: SignedInRequest, *, now: datetime
) -> dict[str, Any]:
    """Return what the page shows of a plan; every record shown leaves a trace."""
    page = Paginator(found.offers.with_what_is_shown(), PAGE).get_page(
        request.GET.get("page")
    )
    rows = list(page.object_list)
    without = list(found.waits.most_harmed_first()[:PAGE])
    record_all(
        "request.listed",
        [*(row.entry for row in rows), *(one.entry for one in without)],
        by=request.user,
        at=now,
    )
    balance = found.balance()
    sending = bool(balance.left) and found.is_being_sent(now)
    reasons = found.waits.reasons()
    return {
        "page": page,
        "rows": [(row, _why(row)) for row in rows],
        "standing": balance.offers,
        "struck": page.paginator.count - balance.offers,
        "left": balance.left,
        "sending": sending,
        "silent": sending and _is_silent(now),
        "at_once": AT_ONCE,
        "without": without,
        "balance": balance,
        "more": sum(reasons.values()) - len(without),
        "reasons": [(why.label, number) for why, number in reasons.items()],
        "left_out": reasons.get(Why.MORE, 0),
        "stale": found.is_at_work and found.is_stale(now),
    }


def _is_silent(now: datetime) -> bool:
    """Say whether no worker lives that would send anything by itself."""
    return health.is_silent(health.last_pulse(), now)


def _why(row: DraftOffer) -> str:
    return why_then(
        moved=row.moved,
        same_therapist=row.same_therapist,
        sooner_days=row.sooner_days,
    )


@requires("appointments.offer_appointment")
@require_http_methods(["GET", "HEAD", "POST"])
def draft_move(request: SignedInRequest, pk: int, row: int) -> HttpResponse:
    """Show which other times a row's patient can have, and give them one."""
    found, back = get_object_or_404(Draft, pk=pk), _page_of_rows(request, pk)
    rows = list(found.offers.with_what_is_shown())
    chosen = next((one for one in rows if one.pk == row), None)
    if chosen is None or not found.is_at_work or found.is_awaited:  # changed meanwhile
        if request.method != "POST":
            raise Http404
        messages.error(request, _meanwhile())
        return redirect(back)
    now = timezone.now()
    form = Move(request.POST if request.method == "POST" else None)
    refusal, status = "", 200
    if form.is_valid():
        therapist, starts_at = form.cleaned_data["opening"]
        try:
            drafts_actions.move(
                row=chosen,
                therapist=therapist,
                starts_at=starts_at,
                version=form.cleaned_data["version"],
                by=request.user,
                now=now,
            )
        except actions.Refusal as said:
            refusal, status = str(said), 409
            found.refresh_from_db()
        else:
            messages.success(request, _("Moved. The time stays theirs in this plan."))
            return redirect(_at_row(back, row))
    elif form.errors:
        refusal, status = _("Choose one of the times shown."), 422
    record("request.seen", chosen.entry, by=request.user, at=now)
    context: dict[str, Any] = {"draft": found, "row": chosen, "refusal": refusal}
    context |= {"choices": _choices(found, chosen, rows, now=now), "back": back}
    return render(request, "appointments/staff/draft_move.html", context, status=status)


def _at_row(address: str, row: int | None) -> str:
    """Return the same page, at the row that one was at: a plan has fifty on each."""
    return f"{address}#row-{row}" if row else address


def _page_of_rows(request: SignedInRequest, pk: int) -> str:
    """Return the address of the plan, at the page from which one came."""
    page = request.GET.get("page", "")
    address = reverse("appointments:draft", args=[pk])
    return f"{address}?page={page}" if PAGE_NUMBER.fullmatch(page) else address


def _choices(
    found: Draft, chosen: DraftOffer, rows: list[DraftOffer], *, now: datetime
) -> list[dict[str, Any]]:
    """Return the first other times the patient can have, and what each would harm."""
    planner = Planner.around(found, now=now)
    entry = planner.entry(chosen.entry_id)
    if entry is None:
        return []
    chosen.entry = entry
    others = [one for one in rows if one.pk != chosen.pk and not one.struck]
    names = {
        one.pk: one for one in Therapist.objects.select_related("user", "location")
    }
    return [
        {
            "opening": opening,
            "therapist": names[opening.therapist],
            "value": f"{opening.therapist},{opening.starts_at.isoformat()}",
            "harm": planner.harm_of(entry, opening.starts_at),
        }
        for opening in islice(planner.choices(chosen, others), MOST_CHOICES)
    ]
