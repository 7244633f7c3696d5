"""
How appointments are found.

Each is paid for at every offer and every booking, so there is none that no read uses.
"""

from __future__ import annotations

from django.db.models import Index, Q

from appointments.codes import NOT_TAKEN, Status

OF_APPOINTMENTS = [
    Index(  # with all that free time is computed from
        fields=["starts_at"],
        name="appointment_by_start",
        include=["blocked_until", "therapist", "room", "status", "held_until"],
    ),
    Index(  # few ever do
        fields=["replaces"],
        name="appointment_replacing",
        condition=Q(replaces__isnull=False),
    ),
    Index(fields=["therapist", "starts_at"], name="appointment_by_therapist"),
    Index(
        fields=["held_until"],
        name="appointment_open_offers",
        condition=Q(status=Status.PROPOSED),
    ),
    Index(
        fields=["entry"],
        name="appointment_not_taken",
        condition=Q(ending__in=NOT_TAKEN),
    ),
    Index(
        fields=["entry"],
        name="appointment_missed",
        condition=Q(late=True) | Q(status=Status.NOSHOW),
    ),
    Index(
        fields=["starts_at"],
        name="appointment_move_asked",
        condition=Q(status=Status.BOOKED, move_asked_at__isnull=False),
    ),
    Index(
        fields=["starts_at"],
        name="appointment_reoffer_owed",
        condition=Q(reoffer_owed=True),
    ),
]
