"""What tests of visit notes share."""

from __future__ import annotations

from appointments.models import Appointment, VisitNote
from tests.factories import NOW


def make_note(visit: Appointment, **fields) -> VisitNote:
    """Return the next version of a visit's note, by its therapist, not signed."""
    values = {
        "number": visit.notes.count() + 1,
        "words": "Shoulder looser; avoid the left hip.",
        "written_at": NOW,
        "written_by": visit.therapist.user,
    }
    return visit.notes.create(**values | fields)
