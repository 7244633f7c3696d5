"""
How requests and appointments are found.

Each is paid for at every offer and every booking, so there is none that no read uses.
"""

from __future__ import annotations

from django.db.models import F, Index, Q
from django.db.models.functions import Coalesce

from appointments.codes import IN_LINE, NOT_TAKEN, EntryStatus, Status

# When somebody last read a request as a whole; before triage, when it was asked for.
LAST_READ = Coalesce("triaged_at", "asked_at")

OF_ENTRIES = [
    Index(fields=["status", "received_at"], name="entry_by_status"),
    Index(  # who may stand before a patient: see `before`
        "category",
        F("need_score") / 10,
        "received_at",
        name="entry_by_need",
        include=["need_score", "id"],
        condition=Q(status=EntryStatus.ACCEPTED),
    ),
    Index(  # few do: the kinds of visit that a time could be for
        fields=["kept_minutes"],
        name="entry_keeps_a_kind",
        condition=Q(kept_minutes__isnull=False),
    ),
    Index(  # few ever are: the board asks who was, and when
        fields=["referral", "called_at"],
        name="entry_called",
        condition=Q(called_at__isnull=False),
    ),
    Index(  # only those that nobody has read yet: triage takes them out
        fields=["told_more_at"],
        name="entry_told_more",
        condition=Q(status__in=IN_LINE, told_more_at__gt=LAST_READ),
    ),
]

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
