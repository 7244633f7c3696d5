"""One change of capacity: fill it in, see whom it hits, and make it."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from django.contrib import messages
from django.db.models import Model, prefetch_related_objects
from django.forms import Form
from django.http import Http404, HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from appointments import actions
from appointments.actions.capacity import (
    Change,
    Hit,
    HitsNobodySaw,
    Settled,
    change_capacity,
    state_of,
)
from appointments.models import Policy, Therapist
from appointments.outside import WORDS
from appointments.views.capacity import MAY_CHANGE
from appointments.views.capacity.kinds import (
    OF_A_ROW,
    TO_A_PLACE,
    TO_A_THERAPIST,
    calendar_of,
    form_of,
    said,
    shown,
)
from massage_portal.access import SignedInRequest, requires
from massage_portal.audit.record import record_all
from services.models import Location

WHOLE = re.compile(r"\d{1,18}")
KEY = re.compile(r"\d{1,18}:[a-z-]{1,16}")
OWN = ("csrfmiddlewaretoken", "hits", "keep")  # what the list of hits itself sends


@dataclass(frozen=True)
class Task:
    """What one page is about: its form, and what is done with what it says."""

    title: Any
    form: Callable[..., Form]
    initial: Mapping[str, Any]
    write: Callable[..., object]
    place: Location
    therapist: Therapist | None = None
    row: Model | None = None

    @property
    def up(self) -> str:
        """Return the address of the page that this one came from."""
        if self.therapist is not None:
            return reverse("appointments:therapist_hours", args=[self.therapist.pk])
        return reverse("appointments:place_hours", args=[self.place.pk])


@requires(MAY_CHANGE)
@require_http_methods(["GET", "HEAD", "POST"])
def add_to_therapist(request: SignedInRequest, pk: int, kind: str) -> HttpResponse:
    """Add hours, extra hours, time off or a certificate."""
    some = Therapist.objects.select_related("user", "location")
    therapist = get_object_or_404(some, pk=pk)
    if (found := TO_A_THERAPIST.get(kind)) is None:
        raise Http404
    task = Task(
        title=found.title,
        form=form_of(found, therapist=therapist),
        initial={},
        write=partial(found.write, therapist=therapist),
        place=therapist.location,
        therapist=therapist,
    )
    return _answer(request, task)


@requires(MAY_CHANGE)
@require_http_methods(["GET", "HEAD", "POST"])
def add_to_place(request: SignedInRequest, pk: int, kind: str) -> HttpResponse:
    """Add a room or a closure, or say which holidays are kept."""
    place = get_object_or_404(Location, pk=pk)
    if (found := TO_A_PLACE.get(kind)) is None:
        raise Http404
    write = partial(found.write, place=place)
    initial = {**found.shown(place)}
    if kind == "holiday":
        if (calendar := calendar_of(place)) is None:
            raise Http404
        write = partial(found.write, calendar=calendar)
        initial = {"day": request.GET.get("day", "")}
    task = Task(found.title, found.form, initial, write, place)
    return _answer(request, task)


@requires(MAY_CHANGE)
@require_http_methods(["GET", "HEAD", "POST"])
def change_row(request: SignedInRequest, kind: str, pk: int, act: str) -> HttpResponse:
    """Change or end what is entered already."""
    found = OF_A_ROW.get((kind, act))
    if found is None or found.model is None:
        raise Http404
    row = found.model._default_manager.filter(pk=pk).first()
    if row is None:
        if request.method != "POST":
            raise Http404
        messages.info(request, _("That is not there any more: it was taken back."))
        return redirect("appointments:capacity")
    mine = getattr(row, "therapist", None)
    therapist = row if isinstance(row, Therapist) else mine
    task = Task(
        title=found.title,
        form=form_of(found, therapist=therapist),
        initial=shown(found, row),
        write=partial(found.write, **{found.row: row}),
        place=therapist.location if therapist else row.location,  # type: ignore[attr-defined]
        therapist=therapist,
        row=row,
    )
    return _answer(request, task)


def _answer(request: SignedInRequest, task: Task) -> HttpResponse:
    """Show the form; make the change; or show whom it would hit."""
    form = task.form(
        request.POST if request.method == "POST" else None, initial=task.initial
    )
    if not form.is_valid():
        return _form(request, task, form, status=422 if form.errors else 200)
    looked = _looked_at(request.POST)
    typed = {
        name: value
        for name, value in form.cleaned_data.items()
        if name != "seen" or task.row is not None
    }
    change = Change(partial(task.write, **typed), task.place, task.therapist)
    now = timezone.now()
    try:
        settled = change_capacity(
            change=change,
            seen=looked,
            keep=_kept(request.POST),
            by=request.user,
            now=now,
        )
    except HitsNobodySaw as refusal:
        return _hits(request, task, refusal, stale=bool(looked))
    except actions.Refusal as refusal:
        return _refused(request, task, str(refusal))
    messages.success(request, _said(settled))
    if settled.canceled or settled.kept:  # each has a next step
        return redirect("appointments:to_rearrange")
    return redirect(task.up)


def _looked_at(sent: QueryDict) -> list[str]:
    """Return the keys of the visits that the page showed; what is no key, is none."""
    return [one for one in sent.get("hits", "").split() if KEY.fullmatch(one)]


def _kept(sent: QueryDict) -> set[int]:
    """Return the visits that stay."""
    return {int(one) for one in sent.getlist("keep") if WHOLE.fullmatch(one)}


def _form(
    request: SignedInRequest, task: Task, form: Form, *, status: int
) -> HttpResponse:
    about = said(task.row) if task.row is not None else ""
    context = {"task": task, "form": form, "about": about}
    return render(request, "appointments/capacity/change.html", context, status=status)


def _refused(request: SignedInRequest, task: Task, words: str) -> HttpResponse:
    """Show the refusal and what was typed, now about the row as it has become."""
    sent = request.POST.copy()
    if task.row is not None:
        row = type(task.row)._default_manager.filter(pk=task.row.pk).first()
        if row is None:
            messages.info(request, words)
            return redirect(task.up)
        sent["seen"] = state_of(row)
    form = task.form(sent, initial=task.initial)
    form.add_error(None, words)
    return _form(request, task, form, status=409)


def _hits(
    request: SignedInRequest, task: Task, refusal: HitsNobodySaw, *, stale: bool
) -> HttpResponse:
    """Show whom the change hits, with all that was filled in, to be sent again."""
    now = timezone.now()
    visits = [hit.appointment for hit in refusal.hits]
    prefetch_related_objects(visits, "entry__category__targets", "entry__overrules")
    record_all("appointment.listed", visits, by=request.user, at=now)
    kept, exponent = (
        _kept(request.POST),
        float(Policy.objects.in_force(now).harm_exponent),
    )
    context = {
        "task": task,
        "rows": [_row(hit, kept, now, exponent) for hit in refusal.hits],
        "hits": " ".join(hit.key for hit in refusal.hits),
        "booked": sum(not hit.is_offer for hit in refusal.hits),
        "offered": sum(hit.is_offer for hit in refusal.hits),
        "stale": str(refusal) if stale else "",
        "typed": [
            (name, value)
            for name, values in request.POST.lists()
            if name not in OWN
            for value in values
        ],
    }
    status = 409 if stale else 200
    return render(request, "appointments/capacity/hits.html", context, status=status)


def _row(hit: Hit, kept: set[int], now: Any, exponent: float) -> dict[str, Any]:
    why = hit.appointment.entry.explain(now=now, exponent=exponent)
    return {
        "appointment": hit.appointment,
        "why": WORDS[hit.why],
        "hit": hit,
        "due": why.due_at if why else None,
        "kept": hit.appointment.pk in kept,
    }


def _said(settled: Settled) -> str:
    """Return what was done, in a sentence."""
    if settled == Settled():
        return _("Saved.")
    return _(
        "Saved. Visits canceled: %(canceled)d, their patients keep their place and are "
        "told. Offers taken back: %(withdrawn)d. Visits kept as they are: %(kept)d."
    ) % vars(settled)
