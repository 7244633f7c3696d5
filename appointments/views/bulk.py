"""Triage of several requests at once: each is judged alone."""

from __future__ import annotations

from datetime import datetime
from typing import Any, NamedTuple

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST

from appointments import actions
from appointments.forms.board import TriageChosen
from appointments.models import TriageCategory, WaitlistEntry
from massage_portal.access import SignedInRequest, requires
from massage_portal.accounts.models import User
from massage_portal.audit.models import AuditEvent
from massage_portal.audit.record import record_all


class Left(NamedTuple):
    """A request that was left as it is, why, and who changed it last, and when."""

    entry: WaitlistEntry
    why: str
    who: str  # "" if the trail names nobody
    when: datetime | None


@requires("appointments.triage_waitlistentry")
@require_POST
def triage_chosen(request: SignedInRequest) -> HttpResponse:
    """
    Accept all that were chosen into one category.

    Whoever was changed meanwhile is left as they are, and told by name. The same
    button pressed twice is one act.
    """
    now = timezone.now()
    form = TriageChosen(request.POST, now=now)
    done = 0
    left: list[Left] = []
    if form.is_valid():
        done, left = _judge(request, form.cleaned_data, now=now)
        if not left:
            _say(request, done, form.cleaned_data["category"])
            return redirect("appointments:queue")
    again = _chosen_again(request, form) if form.errors else []
    shown = [*(one.entry for one in left), *(entry for entry, _version in again)]
    record_all("request.listed", shown, by=request.user, at=now)
    context = {
        "form": form,
        "again": again,
        "done": done,
        "left": left,
        "category": form.cleaned_data.get("category"),
    }
    status = 422 if form.errors else 409
    return render(request, "appointments/staff/chosen.html", context, status=status)


def _chosen_again(
    request: SignedInRequest, form: TriageChosen
) -> list[tuple[WaitlistEntry, int]]:
    """Return those who were chosen, and as which version, to be sent once more."""
    chosen: dict[int, int] = form.cleaned_data.get("chosen", {})
    visible = WaitlistEntry.objects.visible_to(request.user).with_patient()
    rows = visible.filter(pk__in=chosen).order_by("received_at", "pk")
    return [(entry, chosen[entry.pk]) for entry in rows]


def _judge(
    request: SignedInRequest, checked: dict[str, Any], *, now: datetime
) -> tuple[int, list[Left]]:
    """Return how many were accepted, and those that were left."""
    visible = WaitlistEntry.objects.visible_to(request.user).with_patient()
    chosen: dict[int, int] = checked["chosen"]
    done = 0
    left: list[Left] = []
    for entry in visible.filter(pk__in=chosen).order_by("received_at", "pk"):
        try:
            actions.triage(
                entry=entry,
                category=checked["category"],
                version=chosen[entry.pk],
                by=request.user,
                now=now,
            )
        except actions.ChangedMeanwhile:
            words = _("Changed after you opened the page: nothing was overwritten.")
            left.append(_left(entry, words))
        except actions.Refusal as refusal:
            left.append(_left(entry, str(refusal)))
        else:
            done += 1
    return done, left


def _left(entry: WaitlistEntry, why: str) -> Left:
    entry.refresh_from_db(fields=["status", "category"])
    last = AuditEvent.objects.last_change_of(entry)
    if last is None:
        return Left(entry, why, "", None)
    user = User.objects.filter(pk__in=[last.actor_id]).first()  # None: nobody
    return Left(entry, why, user.name if user else _("the portal itself"), last.at)


def _say(request: SignedInRequest, done: int, category: TriageCategory) -> None:
    words = ngettext(
        "%(number)d request is now in the category %(category)s.",
        "%(number)d requests are now in the category %(category)s.",
        done,
    )
    messages.success(request, words % {"number": done, "category": category})
