"""The staff's pages about messages: what went to whom, whom to call, what is wrong."""

from __future__ import annotations

from typing import Any

from django.contrib import messages as notes
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import (
    require_http_methods,
    require_POST,
    require_safe,
)

from massage_portal.access import SignedInRequest, requires
from massage_portal.audit.record import record, record_all
from massage_portal.outbox import actions, desk, health
from massage_portal.outbox.codes import Mended
from massage_portal.outbox.forms.desk import Called, FindPerson, Narrow
from massage_portal.outbox.models import Message, Stop
from massage_portal.outbox.patients import patients

SEES = "outbox.view_message"
HANDLES = "outbox.handle_message"
PAGE = 50


@requires(SEES)
@require_http_methods(["GET", "HEAD", "POST"])
def messages(request: SignedInRequest) -> HttpResponse:
    """
    List what went to whom and when, the newest first; what narrows it is an address.

    A search is sent by POST: an address must hold no name.
    """
    now = timezone.now()
    find = FindPerson(request.POST if request.method == "POST" else None)
    filters = Narrow(request.GET)
    asked = filters.narrowing()
    if find.is_valid():
        found = patients().find(find.cleaned_data["q"], by=request.user)
        if len(found) == 1:
            return redirect(f"{reverse('outbox:messages')}?patient={found[0]}")
        chosen = Message.objects.select_related("recipient").order_by("-due_at", "-pk")
        some = chosen.filter(patients().messages(found))[:PAGE]
    else:
        some = desk.listed(asked, now=now)
    page = Paginator(some, PAGE).get_page(request.GET.get("page"))
    rows = desk.rows(list(page))
    shown = [row.message for row in rows]
    record_all("message.listed", shown, by=request.user, at=now)
    context: dict[str, Any] = {
        "page": page,
        "rows": rows,
        "filters": filters,
        "form": find,  # the base page says its faults
        "asked": asked,
        "q": request.POST.get("q", "").strip(),
        "searched": find.is_bound,
        "narrowed": any(asked),
        "to_call": Message.objects.to_call(now).count(),
    }
    if asked.patient and not find.is_bound:
        context["name"] = patients().name_of(asked.patient, by=request.user, now=now)
    status = 422 if find.errors else 200
    return render(request, "outbox/desk/messages.html", context, status=status)


@requires(SEES)
@require_safe
def message(request: SignedInRequest, pk: int) -> HttpResponse:
    """Show what happened to one message. Its words are not kept, so none are shown."""
    some = Message.objects.select_related("recipient", "handled_by")
    found = get_object_or_404(some, pk=pk)
    now = timezone.now()
    [row] = desk.rows([found])
    record("message.seen", found, by=request.user, at=now)
    context = {"row": row, "message": found, "steps": desk.history(found), "now": now}
    return render(request, "outbox/desk/message.html", context)


@requires(SEES)
@require_safe
def calls(request: SignedInRequest) -> HttpResponse:
    """List whom to call, because no message reached them."""
    now = timezone.now()
    found = desk.calls(now=now)
    record_all("message.listed", found.messages, by=request.user, at=now)
    record_all("stop.listed", found.stops, by=request.user, at=now)
    return render(request, "outbox/desk/calls.html", {"found": found})


@requires(HANDLES)
@require_POST
def called(request: SignedInRequest) -> HttpResponse:
    """Record that somebody was called about what did not reach them."""
    form = Called(request.POST)
    if not form.is_valid():
        notes.error(request, _("Nothing was chosen."))
        return redirect("outbox:calls")
    chosen = form.cleaned_data
    try:
        settled = actions.handle_messages(
            messages=chosen["messages"],
            stops=chosen["stops"],
            by=request.user,
            now=timezone.now(),
        )
    except actions.NotToCall as refusal:
        notes.error(request, str(refusal))
    else:
        words = ngettext(
            "Recorded: you called about %(count)d thing.",
            "Recorded: you called about %(count)d things.",
            settled,
        )
        said = words % {"count": settled}
        notes.success(request, said if settled else _("You recorded this before."))
    return redirect("outbox:calls")


@requires(HANDLES)
@require_POST
def use_again(request: SignedInRequest, pk: int) -> HttpResponse:
    """Write to an address again that was stopped; the button says why it is right."""
    stop = get_object_or_404(Stop, pk=pk)
    because = request.POST.get("because")
    if because not in (Mended.OWNER, Mended.REPAIRED):
        notes.error(request, _("Nothing was chosen."))
        return redirect("outbox:calls")
    now, by = timezone.now(), request.user
    try:
        number = actions.lift_stop(stop=stop, because=Mended(because), by=by, now=now)
    except actions.AlreadyLifted as refusal:
        notes.error(request, str(refusal))
    else:
        words = ngettext(
            "We write to that address again from now on. %(number)d message that "
            "did not reach it goes now; what is of no use any more does not.",
            "We write to that address again from now on. %(number)d messages that "
            "did not reach it go now; what is of no use any more does not.",
            number,
        )
        notes.success(request, words % {"number": number})
    return redirect("outbox:calls")


@requires(SEES)
@require_safe
def state(request: SignedInRequest) -> HttpResponse:
    """Say whether messages go out as they should, and what to do if they do not."""
    now = timezone.now()
    context = {
        "alerts": health.alerts(now),
        "channels": health.channels(),
        "pulse": health.last_pulse(),
        "waiting": health.waiting(now),
        "now": now,
    }
    return render(request, "outbox/desk/health.html", context)
