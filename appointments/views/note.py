"""The note on a visit: its therapist writes it; others who treat the patient read."""

from __future__ import annotations

from datetime import datetime

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from appointments import actions
from appointments.codes import Status
from appointments.forms.visit import Note
from appointments.models import Appointment, VisitNote
from massage_portal.access import SignedInRequest, requires_any
from massage_portal.audit.record import record_all
from massage_portal.said import say_saved

WRITES = "appointments.record_own_visit"


@requires_any(WRITES, "appointments.view_visitnote")
@require_http_methods(["GET", "HEAD", "POST"])
def note(request: SignedInRequest, pk: int) -> HttpResponse:
    """Show the versions of a visit's note; take the next one from its author."""
    visit = get_object_or_404(Appointment.objects.with_place(), pk=pk)
    mine = _is_mine(visit, request)
    versions = _versions(visit, request)
    if not mine and not versions:
        raise Http404
    if request.method == "POST" and not mine:
        raise PermissionDenied
    now = timezone.now()
    posted = request.POST.copy() if request.method == "POST" else None
    newest = versions[0] if mine and versions else None
    shown = {"seen": newest.number, "words": newest.words} if newest else {"seen": 0}
    form = Note(posted, initial=shown)
    status, differences = 200, []
    if form.is_valid():
        try:
            _write(form, visit, request, now=now)
        except actions.Refusal as refusal:
            typed, status = form.cleaned_data["words"], 409
            form.add_error(None, str(refusal))
            if isinstance(refusal, actions.NoteChanged) and posted is not None:
                newer = refusal.note
                differences = [(form.fields["words"].label, newer.words, typed)]
                posted["seen"] = str(newer.number)  # to save it all the same
                versions = _versions(visit, request)
        else:
            return redirect("appointments:note", pk)
    status = 422 if form.errors and status == 200 else status
    record_all("note.seen", versions, by=request.user, at=now)
    context = {
        "appointment": visit,
        "versions": [(one, _amended(one, versions)) for one in versions],
        "form": form if mine and (_open(visit, versions, now) or form.errors) else None,
        "mine": mine,
        "signed": newest is not None and newest.signed_at is not None,
        "differences": differences,
    }
    return render(request, "appointments/staff/note.html", context, status=status)


def _open(visit: Appointment, versions: list[VisitNote], now: datetime) -> bool:
    """Say whether its therapist can write now; in error, only what they had begun."""
    in_error = visit.status == Status.ENTERED_IN_ERROR
    return visit.takes_a_note(now) or (in_error and bool(versions))


def _is_mine(visit: Appointment, request: SignedInRequest) -> bool:
    """Say whether the user gives this visit, and may see it."""
    if visit.therapist.user_id != request.user.pk or not request.user.has_perm(WRITES):
        return False
    return Appointment.objects.visible_to(request.user).filter(pk=visit.pk).exists()


def _versions(visit: Appointment, request: SignedInRequest) -> list[VisitNote]:
    """Return what the user may read of the visit's note, the newest first."""
    readable = VisitNote.objects.visible_to(request.user).filter(appointment=visit)
    return list(readable.select_related("appointment").newest_first())


def _write(
    form: Note, visit: Appointment, request: SignedInRequest, *, now: datetime
) -> None:
    """Keep what the form says, and say what was done."""
    said = form.cleaned_data
    kept = actions.write_note(appointment=visit, by=request.user, now=now, **said)
    if said["sign"]:
        messages.success(request, _("The note is signed."))
    else:
        words = _("The note is saved. Sign it when it is finished.")
        say_saved(request, words, seen=said["seen"], now_at=kept.number)


def _amended(note: VisitNote, versions: list[VisitNote]) -> VisitNote | None:
    """Return the newest signed version before this one: that is what it amends."""
    earlier = (one for one in versions if one.number < note.number and one.signed_at)
    return next(earlier, None)
