"""
What the rows of the day's list say, put into words once for each visit.

The list is the page that is opened most often: its template only lays out.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from django.urls import reverse
from django.utils.translation import gettext as _

from appointments.codes import Status
from appointments.models import Appointment, VisitNote

KINDS = {Status.BOOKED: "waiting", Status.FULFILLED: "good", Status.NOSHOW: "bad"}


@dataclass(frozen=True, slots=True)
class Row:
    """One visit in words; `steps` are what can be recorded now, and its button."""

    visit: Appointment
    note: VisitNote | None
    steps: Sequence[tuple[str, str]]
    address: str
    patient: str
    kind: str  # of the tag that shows the state
    state: str
    therapist: str


def rows(
    some: Iterable[tuple[Appointment, VisitNote | None, Sequence[Status]]],
) -> list[Row]:
    """Return a row for each visit, in the language of the request."""
    address = reverse("appointments:visit", args=[0])  # the key is put in
    buttons = {
        Status.ARRIVED: _("The patient is here"),
        Status.CHECKED_IN: _("Check in"),
        Status.FULFILLED: _("The patient came"),
        Status.NOSHOW: _("The patient did not come"),
    }
    return [
        Row(
            visit=visit,
            note=note,
            steps=[(step.value, buttons[step]) for step in steps],
            address=address.replace("/0/", f"/{visit.pk}/"),
            patient=str(visit.patient),
            kind=KINDS.get(Status(visit.status), ""),
            state=visit.get_status_display(),
            therapist=str(visit.therapist),
        )
        for visit, note, steps in some
    ]
